package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite/redshift"
)

// Statements that write, on a Redshift. It has no RETURNING by which a new row could be looked at, so what is written is held against the row filter
// before it is: where the filter reads only values that stand in the statement, or that stay as they are. All else is refused by name. The table is
// called by its own name, since DELETE takes no alias.

// rowCheckWord is the text that is cast to a number where a new row does not pass; see RowCheck.
const rowCheckWord = RowCheck

// newRows is the alias of what is inserted.
const newRows = "postern_n"

// judgeRedshiftWrite judges INSERT, UPDATE, DELETE and TRUNCATE.
func (r *resolver) judgeRedshiftWrite(raw *pg.RawStmt, st *Statement) error {
	if err := r.ownNamesOnce(raw.Stmt.ProtoReflect()); err != nil {
		return err
	}
	var err error
	switch v := raw.Stmt.GetNode().(type) {
	case *pg.Node_InsertStmt:
		st.Kind = KindInsert
		err = r.insertOnRedshift(v.InsertStmt, st)
	case *pg.Node_UpdateStmt:
		st.Kind = KindUpdate
		err = r.updateOnRedshift(v.UpdateStmt, st)
	case *pg.Node_DeleteStmt:
		st.Kind = KindDelete
		err = r.deleteOnRedshift(v.DeleteStmt, st)
	case *pg.Node_TruncateStmt:
		if len(v.TruncateStmt.Relations) != 1 {
			return pgerror.NotSupported("TRUNCATE of several tables is not supported through Postern on Redshift")
		}
		st.Kind = KindTruncate
		err = r.truncate(v.TruncateStmt, st)
	default:
		err = r.unknown(raw.Stmt)
	}
	return err
}

// notThere refuses what Redshift's statements do not have.
func notThere(returning []*pg.Node, with *pg.WithClause, statement string) error {
	switch {
	case len(returning) > 0:
		return pgerror.NotSupported("RETURNING is not supported through Postern on Redshift")
	case with != nil:
		return pgerror.NotSupported("WITH before %s is not supported through Postern on Redshift", statement)
	}
	return nil
}

// targetOnRedshift is target, under the table's own name. That name must mean nothing else in the statement: it stands for columns in sub-selects too.
func (r *resolver) targetOnRedshift(stmt protoreflect.Message, rv *pg.RangeVar, wanted policy.Privilege) (*target, error) {
	if taken(stmt, rv) {
		return nil, r.at(pgerror.NotSupported("the name %q beside the table of that name that is written is not supported through Postern on Redshift", rv.Relname).
			WithHint("Give the other one an alias."), rv.Location)
	}
	return r.target(rv, wanted)
}

// taken reports an alias, a WITH query, or a table without an alias of the name of the table that is written, other than that itself.
func taken(m protoreflect.Message, rv *pg.RangeVar) bool {
	switch v := m.Interface().(type) {
	case *pg.RangeVar:
		if v != rv && v.Alias == nil && v.Relname == rv.Relname {
			return true
		}
		if v == rv {
			return false
		}
	case *pg.Alias:
		if v.Aliasname == rv.Relname {
			return true
		}
	case *pg.CommonTableExpr:
		if v.Ctename == rv.Relname {
			return true
		}
	}
	return anyMessage(m, func(child protoreflect.Message) bool { return taken(child, rv) })
}

// underOwnName gives the columns of the table that is written, and its filter, the name by which they can be read there.
func (t *target) underOwnName(rv *pg.RangeVar) {
	own := func(n *pg.Node) *pg.Node {
		if n == nil {
			return nil
		}
		out := proto.Clone(n).(*pg.Node)
		rename(out.ProtoReflect(), targetAlias, rv.Relname)
		return out
	}
	for name, as := range t.reads {
		t.reads[name] = own(as)
	}
	for i := range t.item.columns {
		c := &t.item.columns[i]
		c.as = t.reads[c.name]
		c.fact = t.view.columnFact(i, nil)
	}
	t.filter = own(t.filter)
	rv.Alias = nil
}

func (r *resolver) insertOnRedshift(stmt *pg.InsertStmt, st *Statement) error {
	if err := notThere(stmt.ReturningList, stmt.WithClause, "INSERT"); err != nil {
		return err
	}
	switch {
	case stmt.OnConflictClause != nil:
		return pgerror.NotSupported("ON CONFLICT is not supported through Postern on Redshift")
	case stmt.Override != pg.OverridingKind_OVERRIDING_NOT_SET:
		return pgerror.NotSupported("OVERRIDING is not supported through Postern on Redshift")
	case stmt.Relation.GetAlias() != nil:
		return pgerror.NotSupported("an alias of the table of INSERT is not supported through Postern on Redshift")
	}
	t, err := r.target(stmt.Relation, policy.PrivilegeInsert) // what is inserted does not see the table, so that its name may stand there
	if err != nil {
		return err
	}
	count, err := r.source(stmt.SelectStmt, child(nil))
	if err != nil {
		return err
	}
	if err := r.insertColumns(t, stmt, count); err != nil {
		return err
	}
	st.Written = t.relation
	if t.filter == nil {
		return nil
	}
	return r.checkInsert(t, stmt)
}

// maxCheckedRows bounds the rows of VALUES that can be checked: they become a query.
const maxCheckedRows = 1_000

// checkInsert puts what is inserted into a sub-select, and the check into the first column above it, so that it runs on the rows that are inserted
// and on no other.
func (r *resolver) checkInsert(t *target, stmt *pg.InsertStmt) error {
	names := make([]string, len(stmt.Cols))
	for i, n := range stmt.Cols {
		names[i] = n.GetResTarget().GetName()
	}
	reads, err := t.checkable()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return pgerror.NotSupported("INSERT of no column into %q is not supported through Postern on Redshift: its rows are filtered", t.relation)
	}
	for _, name := range reads {
		if !slices.Contains(names, name) {
			return pgerror.NotSupported("INSERT into %q without each column by which its rows are filtered is not supported through Postern on Redshift", t.relation)
		}
	}
	source := stmt.SelectStmt.GetSelectStmt()
	if len(source.GetValuesLists()) > 0 && source.WithClause == nil {
		if source, err = t.valuesAsQuery(source, names); err != nil {
			return err
		}
	}
	if drawsAnew(source.ProtoReflect()) {
		return t.unsteady()
	}
	alias := &pg.Alias{Aliasname: newRows}
	values := map[string]*pg.Node{}
	out := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
	for _, name := range names {
		alias.Colnames = append(alias.Colnames, pg.MakeStrNode(name))
		value := refNode(newRows, name)
		if slices.Contains(reads, name) {
			if values[name], err = t.asStored(name, value); err != nil {
				return err
			}
			if value, err = t.written(name, value); err != nil {
				return err
			}
		}
		out.TargetList = append(out.TargetList, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: value, Location: -1}}})
	}
	first := out.TargetList[0].GetResTarget()
	first.Val = caseWhen(t.passes(values), first.Val, nil)
	out.FromClause = []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: source}}, Alias: alias}}}}
	stmt.SelectStmt = &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: out}}
	return nil
}

// valuesAsQuery is VALUES as a query, each value of its column's type.
func (t *target) valuesAsQuery(stmt *pg.SelectStmt, names []string) (*pg.SelectStmt, error) {
	if len(stmt.ValuesLists) > maxCheckedRows {
		return nil, pgerror.LimitExceeded("INSERT of %d rows into a table with a row filter: at most %d at once on Redshift", len(stmt.ValuesLists), maxCheckedRows)
	}
	rows := make([]*pg.SelectStmt, len(stmt.ValuesLists))
	for i, row := range stmt.ValuesLists {
		items := row.GetList().GetItems()
		if len(items) != len(names) {
			return nil, pgerror.Syntax("VALUES lists must all be the same length", 0)
		}
		s := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
		for j, value := range items {
			if value.GetSetToDefault() != nil {
				return nil, pgerror.NotSupported("DEFAULT among the values for a table with a row filter is not supported through Postern on Redshift: leave the column out")
			}
			typed, err := t.typed(names[j], value)
			if err != nil {
				return nil, err
			}
			s.TargetList = append(s.TargetList, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: names[j], Val: typed, Location: -1}}})
		}
		rows[i] = s
	}
	return unionAll(rows), nil
}

// unionAll joins queries in a balanced tree, so that it is not deep.
func unionAll(rows []*pg.SelectStmt) *pg.SelectStmt {
	if len(rows) == 1 {
		return rows[0]
	}
	half := len(rows) / 2
	return &pg.SelectStmt{Op: pg.SetOperation_SETOP_UNION, All: true, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Larg: unionAll(rows[:half]), Rarg: unionAll(rows[half:])}
}

func (r *resolver) updateOnRedshift(stmt *pg.UpdateStmt, st *Statement) error {
	if err := notThere(stmt.ReturningList, stmt.WithClause, "UPDATE"); err != nil {
		return err
	}
	for _, n := range stmt.TargetList {
		if set := n.GetResTarget(); len(set.GetIndirection()) > 0 || set.GetVal().GetMultiAssignRef() != nil {
			return pgerror.NotSupported("SET of several columns at once, or of a part of one, is not supported through Postern on Redshift")
		}
	}
	t, err := r.targetOnRedshift(stmt.ProtoReflect(), stmt.Relation, policy.PrivilegeUpdate)
	if err != nil {
		return err
	}
	level, err := r.writeScope(t, nil, nil, stmt.FromClause)
	if err != nil {
		return err
	}
	if err := r.assignments(t, stmt.TargetList, level); err != nil {
		return err
	}
	if stmt.WhereClause, err = r.whereOnRedshift(t, stmt.WhereClause, level, stmt.Relation.Relname); err != nil {
		return err
	}
	st.Written = t.relation
	if t.filter == nil {
		return nil
	}
	return t.checkUpdate(stmt)
}

// checkUpdate holds the new row against the filter, where that reads a column that is set; else the row passes as it did before.
func (t *target) checkUpdate(stmt *pg.UpdateStmt) error {
	read := columnsRead(t.filter)
	values := map[string]*pg.Node{}
	var carrier *pg.ResTarget
	for _, n := range stmt.TargetList {
		set := n.GetResTarget()
		if !slices.Contains(read, set.Name) {
			continue
		}
		if _, err := t.checkable(); err != nil {
			return err
		}
		switch {
		case set.Val.GetSetToDefault() != nil:
			return pgerror.NotSupported("SET of a column by which rows are filtered to DEFAULT is not supported through Postern on Redshift")
		case values[set.Name] != nil:
			return &pgerror.Error{Code: "42601", Message: "multiple assignments to same column \"" + set.Name + "\""}
		case drawsAnew(set.Val.ProtoReflect()) || subselects(set.Val.ProtoReflect()):
			return t.unsteady()
		}
		var err error
		if values[set.Name], err = t.asStored(set.Name, proto.Clone(set.Val).(*pg.Node)); err != nil {
			return err
		}
		if set.Val, err = t.written(set.Name, set.Val); err != nil {
			return err
		}
		carrier = set
	}
	if carrier != nil {
		carrier.Val = caseWhen(t.passes(values), carrier.Val, nil)
	}
	return nil
}

func (r *resolver) deleteOnRedshift(stmt *pg.DeleteStmt, st *Statement) error {
	if err := notThere(stmt.ReturningList, stmt.WithClause, "DELETE"); err != nil {
		return err
	}
	t, err := r.targetOnRedshift(stmt.ProtoReflect(), stmt.Relation, policy.PrivilegeDelete)
	if err != nil {
		return err
	}
	level, err := r.writeScope(t, nil, nil, stmt.UsingClause)
	if err != nil {
		return err
	}
	if stmt.WhereClause, err = r.whereOnRedshift(t, stmt.WhereClause, level, stmt.Relation.Relname); err != nil {
		return err
	}
	st.Written = t.relation
	return nil
}

// whereOnRedshift judges the person's condition on the rows that are written: what can give an error runs behind the table's filter, in a CASE, or the
// statement is refused.
func (r *resolver) whereOnRedshift(t *target, where *pg.Node, level *scope, relation string) (*pg.Node, error) {
	for _, it := range level.items {
		for _, g := range it.guards() {
			g.weighed = true
		}
	}
	own := &item{alias: relation, byAlias: true, columns: t.item.columns}
	beneath := child(level, own)
	var plain, rest []*pg.Node
	for _, n := range conjunctsOf(where) {
		if err := r.expr(n, level); err != nil {
			return nil, err
		}
		w := r.weigh(n, beneath)
		if !w.fails {
			plain = append(plain, n)
			continue
		}
		if len(r.contain(w)) > 0 {
			r.sealed = true
		}
		rest = append(rest, n)
	}
	switch {
	case t.filter == nil:
		return conjunction(append(plain, rest...)), nil
	case len(rest) == 0:
		return conjunction(append([]*pg.Node{t.filterNode()}, plain...)), nil
	case subselects(t.filter.ProtoReflect()):
		r.sealed = true
		return conjunction(rest), nil
	}
	met := caseWhen(conjunction(rest), pg.MakeAConstIntNode(1, -1), pg.MakeAConstIntNode(0, -1))
	behind := equalNode(caseWhen(t.filterNode(), met, pg.MakeAConstIntNode(0, -1)), pg.MakeAConstIntNode(1, -1))
	return conjunction(append(append([]*pg.Node{t.filterNode()}, plain...), behind)), nil
}

// checkable are the columns that the filter reads, if it can stand in a CASE over new values.
func (t *target) checkable() ([]string, error) {
	if subselects(t.filter.ProtoReflect()) {
		return nil, pgerror.NotSupported("writing to %q is not supported through Postern on Redshift: its row filter looks something up, so that what is written cannot be held against it", t.relation)
	}
	return columnsRead(t.filter), nil
}

func (t *target) unsteady() error {
	return pgerror.NotSupported("writing a value that may differ each time it is computed, or comes from a sub-select, to %q is not supported through Postern on Redshift: its rows are filtered", t.relation)
}

// columnsRead are the columns of the table that a filter reads.
func columnsRead(filter *pg.Node) []string {
	var out []string
	var look func(protoreflect.Message)
	look = func(m protoreflect.Message) {
		if ref, ok := m.Interface().(*pg.ColumnRef); ok && len(ref.Fields) > 0 {
			if name := ref.Fields[len(ref.Fields)-1].GetString_().GetSval(); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
		eachMessage(m, look)
	}
	look(filter.ProtoReflect())
	return out
}

// passes is a condition that is true of a new row that passes the filter, and an error for any other. Columns that are not among the new values stay
// as they are.
func (t *target) passes(values map[string]*pg.Node) *pg.Node {
	filter := t.filterNode()
	replaceColumns(filter, values)
	word := caseWhen(filter, pg.MakeAConstStrNode("1", -1), pg.MakeAConstStrNode(rowCheckWord, -1))
	return equalNode(typeCast(word, "int4", false), pg.MakeAConstIntNode(1, -1))
}

func replaceColumns(n *pg.Node, values map[string]*pg.Node) {
	var visit func(protoreflect.Message)
	visit = func(m protoreflect.Message) {
		if node, ok := m.Interface().(*pg.Node); ok {
			if fields := node.GetColumnRef().GetFields(); len(fields) > 0 {
				if value, ok := values[fields[len(fields)-1].GetString_().GetSval()]; ok {
					node.Node = proto.Clone(value).(*pg.Node).Node
				}
				return
			}
		}
		eachMessage(m, visit)
	}
	visit(n.ProtoReflect())
}

// asStored is a value as the column will hold it.
func (t *target) asStored(name string, value *pg.Node) (*pg.Node, error) {
	typ, err := t.columnType(name)
	if err != nil {
		return nil, err
	}
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: value, TypeName: typ, Location: -1}}}, nil
}

// written is what is written of a value that was checked as stored: the same, but for texts, of which a cast would silently cut off what is too long.
func (t *target) written(name string, value *pg.Node) (*pg.Node, error) {
	if t.holdsText(name) {
		return value, nil
	}
	return t.asStored(name, value)
}

func (t *target) holdsText(name string) bool {
	c, ok := t.view.decision.Table.Column(name)
	return ok && class(baseType(c.Type)) == "text"
}

// typed is a constant of the column's class, for a query of values.
func (t *target) typed(name string, value *pg.Node) (*pg.Node, error) {
	if t.holdsText(name) {
		return typeCast(value, "text", false), nil
	}
	return t.asStored(name, value)
}

func (t *target) columnType(name string) (*pg.TypeName, error) {
	c, ok := t.view.decision.Table.Column(name)
	n, err := redshift.Parse("SELECT CAST(NULL AS " + c.Type + ")")
	typ := n.GetSelectStmt().GetTargetList()
	if !ok || err != nil || len(typ) != 1 || typ[0].GetResTarget().GetVal().GetTypeCast() == nil {
		return nil, pgerror.NotSupported("writing to column %q of %q is not supported through Postern on Redshift: its type is %s", name, t.relation, c.Type)
	}
	out := typ[0].GetResTarget().GetVal().GetTypeCast().TypeName
	unplaceMessage(out.ProtoReflect())
	return out, nil
}

// drawsAnew reports what may give another value each time that it is computed; a sub-select may be computed twice.
func drawsAnew(m protoreflect.Message) bool {
	if f, ok := m.Interface().(*pg.FuncCall); ok {
		name := redshift.FunctionName(f)
		known, found := redshift.Lookup(name, argumentCount(f))
		if _, own := redshift.Placeholder(name); !own && (!found || known.Volatile) {
			return true
		}
	}
	return anyMessage(m, drawsAnew)
}
