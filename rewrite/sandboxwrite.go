package rewrite

import (
	"errors"
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// Statements that make and drop tables in sandboxes: CREATE TABLE … AS, SELECT … INTO, CREATE TABLE with bare columns, DROP TABLE.

// judgeSandbox goes on with the table of statements: those that are let through in a person's sandbox; see sandbox.go.
func (r *resolver) judgeSandbox(raw *pg.RawStmt, st *Statement) error {
	switch v := raw.Stmt.GetNode().(type) {
	case *pg.Node_CreateTableAsStmt:
		st.Kind = KindCreateTable
		return r.createTableAs(v.CreateTableAsStmt, st)
	case *pg.Node_CreateStmt:
		st.Kind = KindCreateTable
		return r.createTable(v.CreateStmt, st)
	case *pg.Node_DropStmt:
		st.Kind = KindDropTable
		return r.dropTable(v.DropStmt, st)
	}
	return r.judgeNamed(raw, st)
}

// selectInto turns SELECT … INTO into what it means (manual, SELECT INTO); false if the statement is none.
func (r *resolver) selectInto(raw *pg.RawStmt, st *Statement) (bool, error) {
	stmt := raw.Stmt.GetSelectStmt()
	for stmt.GetOp() != pg.SetOperation_SETOP_NONE && stmt.GetIntoClause() == nil {
		stmt = stmt.Larg
	}
	if stmt.GetIntoClause() == nil {
		return false, nil
	}
	into := stmt.IntoClause
	stmt.IntoClause = nil
	as := &pg.CreateTableAsStmt{Query: &pg.Node{Node: raw.Stmt.Node}, Into: into, Objtype: pg.ObjectType_OBJECT_TABLE}
	raw.Stmt.Node = &pg.Node_CreateTableAsStmt{CreateTableAsStmt: as}
	st.Kind = KindCreateTable
	return true, r.createTableAs(as, st)
}

// createTableAs judges the query like any other, and adds the marks of what it reads.
func (r *resolver) createTableAs(stmt *pg.CreateTableAsStmt, st *Statement) error {
	into := stmt.Into
	switch {
	case stmt.Objtype != pg.ObjectType_OBJECT_TABLE:
		return pgerror.NotSupported("statement CREATE MATERIALIZED VIEW is not supported through Postern")
	case stmt.IfNotExists:
		return pgerror.NotSupported("CREATE TABLE IF NOT EXISTS is not supported through Postern")
	case stmt.Query.GetSelectStmt() == nil:
		return pgerror.NotSupported("CREATE TABLE AS of statement %s is not supported through Postern", statementName(stmt.Query))
	case len(into.Options) > 0, into.TableSpaceName != "", into.AccessMethod != "", into.OnCommit > pg.OnCommitAction_ONCOMMIT_NOOP:
		return pgerror.NotSupported("CREATE TABLE AS with WITH, ON COMMIT, TABLESPACE or USING is not supported through Postern")
	}
	if err := r.ownNames(stmt.ProtoReflect()); err != nil {
		return err
	}
	box, err := r.newTable(into.Rel)
	if err != nil {
		return err
	}
	// The conditions below are weighed, but the table keeps what they leave: whole fences, as in every statement that writes.
	r.fenceAll = true
	names, err := r.query(stmt.Query, child(child(nil)))
	if err != nil {
		return err
	}
	aliases, ok := stringList(into.ColNames)
	if !ok {
		return pgerror.NotSupported("this column list is not supported through Postern")
	}
	if len(aliases) > len(names) {
		return pgerror.Syntax("too many column names were specified", 0)
	}
	marks, err := r.marks()
	if errors.Is(err, errCatalogueKept) {
		return pgerror.NotSupported("a table made of what the catalogues show is not supported through Postern")
	}
	names = renamed(names, aliases)
	made, err := madeColumns(box, into.Rel, names, marks)
	if err != nil {
		return err
	}
	star := pg.MakeColumnRefNode([]*pg.Node{pg.MakeStrNode(ownPrefix + "q"), {Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}}, -1)
	outer := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		TargetList: []*pg.Node{pg.MakeResTargetNodeWithVal(star, -1)},
		FromClause: []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
			Subquery: &pg.Node{Node: stmt.Query.Node}, Alias: &pg.Alias{Aliasname: ownPrefix + "q"}}}}}}
	into.ColNames = nil
	for i, c := range made.Columns {
		into.ColNames = append(into.ColNames, pg.MakeStrNode(c.Name))
		if i >= len(names) {
			null := &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Isnull: true, Location: -1}}}
			outer.TargetList = append(outer.TargetList, pg.MakeResTargetNodeWithVal(typeCast(null, "bool", false), -1))
		}
	}
	stmt.Query = &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: outer}}
	r.makes(st, box, made)
	return nil
}

// createTable judges CREATE TABLE with names, types and NOT NULL, which holds nothing of anybody's.
func (r *resolver) createTable(stmt *pg.CreateStmt, st *Statement) error {
	switch {
	case stmt.IfNotExists:
		return pgerror.NotSupported("CREATE TABLE IF NOT EXISTS is not supported through Postern")
	case len(stmt.InhRelations) > 0, stmt.Partbound != nil, stmt.Partspec != nil, stmt.OfTypename != nil, len(stmt.Constraints) > 0, len(stmt.Options) > 0,
		stmt.Tablespacename != "", stmt.AccessMethod != "", stmt.Oncommit > pg.OnCommitAction_ONCOMMIT_NOOP:
		return pgerror.NotSupported("CREATE TABLE with more than columns is not supported through Postern")
	}
	if err := r.ownNames(stmt.ProtoReflect()); err != nil {
		return err
	}
	box, err := r.newTable(stmt.Relation)
	if err != nil {
		return err
	}
	var names []string
	for _, n := range stmt.TableElts {
		c := n.GetColumnDef()
		if c == nil || c.CollClause != nil || c.Compression != "" || c.StorageName != "" || c.RawDefault != nil {
			return pgerror.NotSupported("CREATE TABLE with more than columns is not supported through Postern")
		}
		for _, k := range c.Constraints {
			switch kind := k.GetConstraint().GetContype(); kind {
			case pg.ConstrType_CONSTR_NULL, pg.ConstrType_CONSTR_NOTNULL:
			default:
				return r.at(pgerror.NotSupported("CREATE TABLE with constraints other than NOT NULL is not supported through Postern"), k.GetConstraint().GetLocation())
			}
		}
		if err := r.allowType(c.TypeName); err != nil {
			return err
		}
		names = append(names, c.Colname)
	}
	made, err := madeColumns(box, stmt.Relation, names, nil)
	if err != nil {
		return err
	}
	mark := &pg.TypeName{Names: []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode("bool")}, Typemod: -1, Location: -1}
	stmt.TableElts = append(stmt.TableElts, &pg.Node{Node: &pg.Node_ColumnDef{ColumnDef: &pg.ColumnDef{
		Colname: made.Columns[len(names)].Name, TypeName: mark, IsLocal: true, Location: -1}}})
	r.makes(st, box, made)
	return nil
}

// madeColumns is the table as it will be.
func madeColumns(box policy.Sandbox, rel *pg.RangeVar, names, marks []string) (*catalog.Table, error) {
	t := &catalog.Table{Schema: box.Schema, Name: rel.Relname, Kind: catalog.KindTable}
	for i, name := range slices.Concat(names, marks, []string{wholeMarkOf(box, marks)}) {
		if slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Name == name }) {
			return nil, &pgerror.Error{Code: "42701", Message: fmt.Sprintf("column %q specified more than once", name)}
		}
		if i < len(names) && len(name) >= len(ownPrefix) && name[:len(ownPrefix)] == ownPrefix {
			return nil, pgerror.NotSupported("the name %q is not supported through Postern in a statement that writes: names that begin with %s are its own", name, ownPrefix)
		}
		t.Columns = append(t.Columns, catalog.Column{Name: name, Number: int16(i + 1), Reviewed: true})
	}
	return t, nil
}

// newTable finds the sandbox in which a table is to be made, and writes its schema out.
func (r *resolver) newTable(rv *pg.RangeVar) (policy.Sandbox, error) {
	switch {
	case rv.Relpersistence == "t" || rv.Schemaname == "pg_temp":
		return policy.Sandbox{}, r.at(pgerror.NotSupported("temporary tables are not supported through Postern"), rv.Location)
	case rv.Relpersistence != "" && rv.Relpersistence != "p":
		return policy.Sandbox{}, r.at(pgerror.NotSupported("unlogged tables are not supported through Postern"), rv.Location)
	case rv.Catalogname != "" && rv.Catalogname != r.req.Database:
		return policy.Sandbox{}, r.at(otherDatabase(rv.Catalogname+"."+rv.Schemaname+"."+rv.Relname), rv.Location)
	case !r.req.Program.HasSandbox(r.req.Principal.User()):
		return policy.Sandbox{}, r.at(pgerror.NotSupported("making tables is not supported through Postern outside of a sandbox, and there is none for this user"), rv.Location)
	}
	schema := rv.Schemaname
	if schema == "" {
		if !r.path.known {
			return policy.Sandbox{}, r.at(errPathUnknown, rv.Location)
		}
		if len(r.path.schemas) > 0 {
			schema = r.path.schemas[0]
		}
	}
	box, ok := r.req.Program.Sandbox(schema)
	if !ok || box.Owner != r.req.Principal.User() {
		return policy.Sandbox{}, r.at(pgerror.InsufficientPrivilege("permission denied for schema %s", schema), rv.Location)
	}
	rv.Catalogname, rv.Schemaname = "", schema
	return box, nil
}

// makes has the table known from the statement's success on.
func (r *resolver) makes(st *Statement, box policy.Sandbox, t *catalog.Table) {
	vs, key := r.rw.views, madeKey{r.req.Program.Snapshot().Connection(), box.Schema, t.Name}
	st.Completed = func() { vs.made.add(key, box.Owner, t, vs.now()) }
	r.fleeting = true
}

// dropTable judges DROP TABLE of tables in the person's sandbox, those too that they may not read any more.
func (r *resolver) dropTable(stmt *pg.DropStmt, st *Statement) error {
	switch {
	case stmt.RemoveType != pg.ObjectType_OBJECT_TABLE || !r.req.Program.HasSandbox(r.req.Principal.User()):
		return pgerror.NotSupported("statement Drop is not supported through Postern")
	case stmt.Behavior == pg.DropBehavior_DROP_CASCADE:
		return pgerror.NotSupported("DROP TABLE with CASCADE is not supported through Postern")
	}
	var dropped []madeKey
	connection := r.req.Program.Snapshot().Connection()
	for _, n := range stmt.Objects {
		names, ok := stringList(n.GetList().GetItems())
		if !ok || len(names) == 0 || len(names) > 3 {
			return r.unknown(n)
		}
		rv := &pg.RangeVar{Relname: names[len(names)-1], Location: -1}
		if len(names) > 1 {
			rv.Schemaname = names[len(names)-2]
		}
		if len(names) > 2 {
			rv.Catalogname = names[0]
		}
		box, err := r.droppedFrom(rv)
		if err != nil {
			return err
		}
		n.GetList().Items = []*pg.Node{pg.MakeStrNode(box.Schema), pg.MakeStrNode(rv.Relname)}
		dropped = append(dropped, madeKey{connection, box.Schema, rv.Relname})
	}
	vs, owner := r.rw.views, r.req.Principal.User()
	st.Completed = func() {
		for _, key := range dropped {
			vs.made.drop(key, owner)
		}
	}
	r.fleeting = true
	return nil
}

// droppedFrom finds the sandbox of a table that is to be dropped.
func (r *resolver) droppedFrom(rv *pg.RangeVar) (policy.Sandbox, error) {
	user := r.req.Principal.User()
	own := func(schema string) (policy.Sandbox, bool) {
		box, ok := r.req.Program.Sandbox(schema)
		return box, ok && box.Owner == user
	}
	if rv.Catalogname != "" && rv.Catalogname != r.req.Database {
		return policy.Sandbox{}, otherDatabase(rv.Catalogname + "." + rv.Schemaname + "." + rv.Relname)
	}
	if box, ok := own(rv.Schemaname); ok {
		return box, nil
	}
	if rv.Schemaname == "" && len(r.path.schemas) > 0 && r.path.known {
		if box, ok := own(r.path.schemas[0]); ok {
			return box, nil
		}
	}
	v, err := r.table(rv)
	if err != nil {
		return policy.Sandbox{}, err
	}
	if box, ok := own(v.decision.Table.Schema); ok && v.sandbox != nil {
		return box, nil
	}
	return policy.Sandbox{}, pgerror.InsufficientPrivilege("must be owner of table %s", rv.Relname)
}
