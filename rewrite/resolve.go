package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// Why every name must resolve: `a.b` calls the function b with the row a where a has no column b (PostgreSQL manual, 37.4.3),
// so a name that the tree shows as a column may read a file. What is let through here is a column of an item, a whole row, or
// the columns of a star.

// columnRef judges a column reference and takes schema and database off it, since the table is a sub-select from now on.
func (r *resolver) columnRef(ref *pg.ColumnRef, s *scope) error {
	fields := ref.Fields
	if len(fields) == 0 {
		return r.at(pgerror.NotSupported("a column reference without a name is not supported through Postern"), ref.Location)
	}
	if fields[len(fields)-1].GetAStar() != nil {
		return r.star(ref, s)
	}
	names, ok := stringList(fields)
	if !ok {
		return r.at(pgerror.NotSupported("column reference %s is not supported through Postern", dotted(fields)), ref.Location)
	}
	if len(names) == 1 {
		return r.bareName(names[0], ref, s)
	}
	if err := r.throughAlias(names, ref, s); err != nil {
		return err
	}
	it, err := r.qualifier(names[:len(names)-1], ref, s)
	if err != nil {
		return err
	}
	name := names[len(names)-1]
	if err := r.columnOf(it, name, ref.Location); err != nil {
		return err
	}
	r.names = append(r.names, named{ref: ref, to: r.resolved})
	ref.Fields = []*pg.Node{pg.MakeStrNode(it.alias), fields[len(fields)-1]}
	return nil
}

// bareName is a column of the innermost level that has one, else the whole row of an item of that name.
func (r *resolver) bareName(name string, ref *pg.ColumnRef, s *scope) error {
	if r.lateralAlias(name, s) {
		r.stuck = true
		return nil
	}
	c, found := s.lookup(name)
	switch {
	case found == 1:
		c.touch()
		r.resolved = c
		r.noteName(ref, name, c, s)
		return nil
	case found > 1:
		return r.at(&pgerror.Error{Code: pgerror.CodeAmbiguousColumn, Message: fmt.Sprintf("column reference %q is ambiguous", name)},
			ref.Location)
	}
	it, found := s.alias("", name)
	r.stuck = true // the name of a row is that of a column, too
	switch {
	case found == 1:
		it.touchAll()
		return r.wholeTarget(it, ref.Location)
	case found > 1:
		return r.at(ambiguousTable(name), ref.Location)
	}
	return r.at(r.noColumn(name), ref.Location)
}

// noColumn answers for a name that leads nowhere. A system column is named as such: every table has it, so nothing is revealed.
func (r *resolver) noColumn(name string) *pgerror.Error {
	switch name {
	case "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid":
		return pgerror.NotSupported("system column %s is not supported through Postern", name)
	}
	return pgerror.UndefinedColumn(name)
}

// qualifier finds the item before the last dot: alias, schema.table or database.schema.table.
func (r *resolver) qualifier(names []string, ref *pg.ColumnRef, s *scope) (*item, error) {
	schema := ""
	switch len(names) {
	case 1:
	case 3:
		if names[0] != r.req.Database {
			return nil, r.at(pgerror.NotSupported("cross-database references are not implemented: %s", dotted(ref.Fields)), ref.Location)
		}
		schema = names[1]
	case 2:
		schema = names[0]
	default:
		return nil, r.at(&pgerror.Error{Code: pgerror.CodeSyntaxError,
			Message: "improper qualified name (too many dotted names): " + dotted(ref.Fields)}, ref.Location)
	}
	alias := names[len(names)-1]
	it, found := s.alias(schema, alias)
	switch {
	case found == 0:
		return nil, r.at(&pgerror.Error{Code: pgerror.CodeUndefinedTable,
			Message: fmt.Sprintf("missing FROM-clause entry for table %q", alias)}, ref.Location)
	case found > 1:
		return nil, r.at(ambiguousTable(alias), ref.Location)
	}
	if schema == "" {
		return it, nil
	}
	// Without its schema the name must still mean the same.
	if plain, n := s.alias("", alias); n != 1 || plain != it {
		return nil, r.at(pgerror.NotSupported("%s is not supported through Postern where another table is called %s too: use aliases",
			dotted(ref.Fields), alias), ref.Location)
	}
	return it, nil
}

func (r *resolver) columnOf(it *item, name string, location int32) error {
	switch it.count(name) {
	case 0:
		err := r.noColumn(name)
		if err.Code == pgerror.CodeUndefinedColumn {
			err = &pgerror.Error{Code: pgerror.CodeUndefinedColumn, Message: fmt.Sprintf("column %s.%s does not exist", it.alias, name)}
		}
		return r.at(err, location)
	case 1:
		c, _ := it.column(name)
		c.touch()
		r.resolved = c
		return nil
	}
	return r.at(&pgerror.Error{Code: pgerror.CodeAmbiguousColumn, Message: fmt.Sprintf("column reference %q is ambiguous", name)}, location)
}

// star judges `*` and `a.*`.
func (r *resolver) star(ref *pg.ColumnRef, s *scope) error {
	names, ok := stringList(ref.Fields[:len(ref.Fields)-1])
	if !ok {
		return r.at(pgerror.NotSupported("column reference %s is not supported through Postern", dotted(ref.Fields)), ref.Location)
	}
	if len(names) == 0 {
		for _, it := range s.items {
			if it.byColumn {
				it.touchAll()
			}
		}
		return nil
	}
	it, err := r.qualifier(names, ref, s)
	if err != nil {
		return err
	}
	it.touchAll()
	ref.Fields = []*pg.Node{pg.MakeStrNode(it.alias), ref.Fields[len(ref.Fields)-1]}
	return r.wholeTarget(it, ref.Location)
}

// starNames are the output columns of a star in a select list.
func (r *resolver) starNames(ref *pg.ColumnRef, s *scope) []string {
	if len(ref.Fields) > 1 {
		if it, found := s.alias("", ref.Fields[0].GetString_().GetSval()); found == 1 {
			return it.names()
		}
		return nil
	}
	var out []string
	for _, it := range s.items {
		if it.byColumn {
			out = append(out, it.names()...)
		}
	}
	return out
}

// indirection judges `(x)[…].f.*`. Subscripts are harmless. A field is let through only where x is the whole row of an item:
// then it is that item's column, and is printed as such.
func (r *resolver) indirection(n *pg.Node, s *scope) error {
	ind := n.GetAIndirection()
	if name, ok := firstField(ind); ok {
		if it := r.wholeRow(ind.Arg, s); it != nil {
			return r.rowField(n, it, name, s)
		}
	}
	for _, step := range ind.Indirection {
		indices := step.GetAIndices()
		if isExpandedField(step) {
			continue
		}
		if indices == nil {
			return r.at(pgerror.NotSupported("selecting field %s of an expression is not supported through Postern",
				dotted([]*pg.Node{step})), locationOf(ind.Arg))
		}
		if err := r.exprs(s, indices.Lidx, indices.Uidx); err != nil {
			return err
		}
	}
	return r.expr(ind.Arg, s)
}

// isExpandedField admits the fields of expandsArray and of aclexplode. pg_catalog has neither a function nor a type of these names, so that where
// the expression has no such field, it is an error and not a call.
func isExpandedField(step *pg.Node) bool {
	switch step.GetString_().GetSval() {
	case "x", "n", "grantor", "grantee", "privilege_type", "is_grantable":
		return true
	}
	return false
}

// firstField is the name or star that an indirection starts with.
func firstField(ind *pg.A_Indirection) (string, bool) {
	if len(ind.Indirection) == 0 {
		return "", false
	}
	if s := ind.Indirection[0].GetString_(); s != nil {
		return s.Sval, true
	}
	return "*", ind.Indirection[0].GetAStar() != nil
}

// wholeRow returns the item whose whole row the expression is, nil if it is anything else.
func (r *resolver) wholeRow(n *pg.Node, s *scope) *item {
	names, ok := stringList(n.GetColumnRef().GetFields())
	if !ok || len(names) != 1 {
		return nil
	}
	if _, found := s.lookup(names[0]); found > 0 {
		return nil
	}
	if it, found := s.alias("", names[0]); found == 1 {
		return it
	}
	return nil
}

// rowField turns `(a).f` into `a.f`, and `(a).f[1]` into `(a.f)[1]`.
func (r *resolver) rowField(n *pg.Node, it *item, name string, s *scope) error {
	ind := n.GetAIndirection()
	ref := &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(it.alias), ind.Indirection[0]}, Location: locationOf(ind.Arg)}
	rest := ind.Indirection[1:]
	if name == "*" && len(rest) > 0 {
		return r.at(pgerror.Syntax("improper use of \"*\"", 0), ref.Location)
	}
	if len(rest) == 0 {
		n.Node = &pg.Node_ColumnRef{ColumnRef: ref}
		r.resolved = column{}
		err := r.columnRef(ref, s)
		if err == nil {
			r.replaceTarget(n)
		}
		return err
	}
	ind.Arg = &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}
	ind.Indirection = rest
	return r.indirection(n, s)
}

func (c column) touch() {
	for _, o := range c.origins {
		o.use.touch(o.name)
	}
}

func (it *item) touchAll() {
	it.useWhole(1)
	for _, c := range it.columns {
		c.touch()
	}
}

func ambiguousTable(name string) *pgerror.Error {
	return &pgerror.Error{Code: "42P09", Message: fmt.Sprintf("table reference %q is ambiguous", name)}
}

// locationOf is the byte offset of the few nodes whose place messages name; -1 if it is not known.
func locationOf(n *pg.Node) int32 {
	switch v := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return v.ColumnRef.Location
	case *pg.Node_FuncCall:
		return v.FuncCall.Location
	case *pg.Node_TypeCast:
		return v.TypeCast.Location
	case *pg.Node_RowExpr:
		return v.RowExpr.Location
	case *pg.Node_SubLink:
		return v.SubLink.Location
	case *pg.Node_ParamRef:
		return v.ParamRef.Location
	case *pg.Node_AConst:
		return v.AConst.Location
	case *pg.Node_RangeVar:
		return v.RangeVar.Location
	}
	return -1
}
