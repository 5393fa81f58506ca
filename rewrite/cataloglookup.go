package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The Views of the virtual catalogue stand behind fences in any case, so a look-up of one table's columns would read those of all. An equality with an oid or a
// name, whose operators are leakproof, is therefore repeated below the fence, where an index of the catalogue's own serves it.

// repeatInCatalogs looks for such equalities among the conditions that WHERE joins by AND.
func (r *resolver) repeatInCatalogs(stmt *pg.SelectStmt, level *scope) {
	for _, n := range conjunctsOf(stmt.WhereClause) {
		e := n.GetAExpr()
		if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP {
			continue
		}
		if op, ok := builtin(e.Name); !ok || op != "=" {
			continue
		}
		if !r.repeatInCatalog(e.Lexpr, e.Rexpr, stmt, level) {
			r.repeatInCatalog(e.Rexpr, e.Lexpr, stmt, level)
		}
	}
}

func (r *resolver) repeatInCatalog(column, value *pg.Node, stmt *pg.SelectStmt, level *scope) bool {
	at, name := catalogKey(column.GetColumnRef(), child(nil, level.items...))
	if at == nil || at.nullable {
		return false
	}
	tree := at.tree()
	i := slices.Index(at.view.columns, name)
	if i < 0 || i >= len(tree.TargetList) {
		return false
	}
	args := tree.TargetList[i].GetResTarget().GetVal().GetCoalesceExpr().GetArgs()
	if len(args) != 2 || args[0].GetColumnRef() == nil {
		return false
	}
	below := r.lookedUpBy(value, keyType(name), tree, stmt, level)
	if below == nil {
		return false
	}
	equal := &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP, Name: []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode("=")},
		Lexpr: proto.Clone(args[0]).(*pg.Node), Rexpr: below, Location: -1}}}
	tree.WhereClause = conjunction(append([]*pg.Node{equal}, conjunctsOf(tree.WhereClause)...))
	return true
}

// catalogKey is the View of the virtual catalogue whose key column a name of the level leads to.
func catalogKey(ref *pg.ColumnRef, level *scope) (*place, string) {
	o, ok := singleOrigin(ref, level)
	if !ok || o.at == nil || !o.at.view.catalog || o.at.view.decision.Table.Schema != builtinSchema || keyType(o.name) == "" {
		return nil, ""
	}
	return o.at, o.name
}

// keyType is the type of the columns of pg_catalog that bear a name; "" for those by which nothing is looked up.
func keyType(name string) string {
	switch name {
	case "oid", "attrelid", "adrelid", "indrelid", "indexrelid", "conrelid", "confrelid", "objoid", "typrelid", "relnamespace", "typnamespace", "pronamespace", "tgrelid",
		"inhrelid", "inhparent", "enumtypid", "castsource", "casttarget", "rngtypid":
		return "oid"
	case "relname", "nspname", "attname", "typname", "proname", "conname":
		return "name"
	}
	return ""
}

// lookedUpBy is the other side of the equality as it can stand below the fence: a constant, a parameter, or a key of a query around this one; nil for anything else.
func (r *resolver) lookedUpBy(value *pg.Node, typ string, tree, stmt *pg.SelectStmt, level *scope) *pg.Node {
	switch v := value.GetNode().(type) {
	case *pg.Node_AConst:
		switch {
		case v.AConst.GetSval() != nil:
			return typeCast(pg.MakeAConstStrNode(v.AConst.GetSval().Sval, -1), typ, false)
		case v.AConst.GetIval() != nil && typ == "oid":
			return withoutPlace(value)
		}
	case *pg.Node_TypeCast:
		if name, ok := builtin(v.TypeCast.TypeName.GetNames()); ok && name == typ && len(v.TypeCast.TypeName.ArrayBounds) == 0 && v.TypeCast.Arg.GetAConst() != nil {
			return withoutPlace(value)
		}
	case *pg.Node_ParamRef:
		if r.declared(v.ParamRef.Number) == 0 && r.parameterPlaces(v.ParamRef.Number) == 1 && r.ownParameters {
			return typeCast(withoutPlace(value), typ, false)
		}
	case *pg.Node_ColumnRef:
		names, ok := stringList(v.ColumnRef.Fields)
		if !ok || len(names) != 2 || !r.scalars[stmt] || typ != "oid" {
			return nil
		}
		if it, found := level.alias("", names[0]); found != 1 || slices.Contains(level.items, it) || aliasWithin(tree.ProtoReflect(), names[0]) {
			return nil
		}
		if o, ok := singleOrigin(v.ColumnRef, level.around(names[0])); !ok || o.at == nil || !o.at.view.catalog || keyType(o.name) != "oid" && !holdsOID(o.name) {
			return nil
		}
		return withoutPlace(value)
	}
	return nil
}

// holdsOID reports a column of pg_catalog that holds an oid and is no key.
func holdsOID(name string) bool {
	switch name {
	case "attcollation", "atttypid", "typelem", "typbasetype", "typarray", "reltype", "relam", "typcollation":
		return true
	}
	return false
}

// around is the level around this one at which the alias is found; an empty one if there is none.
func (s *scope) around(alias string) *scope {
	for level := s.parent; level != nil; level = level.parent {
		if _, found := child(nil, level.items...).alias("", alias); found > 0 {
			return child(nil, level.items...)
		}
	}
	return &scope{}
}

// aliasWithin reports an alias within a tree.
func aliasWithin(m protoreflect.Message, alias string) bool {
	if a, ok := m.Interface().(*pg.Alias); ok && a.Aliasname == alias {
		return true
	}
	return anyMessage(m, func(child protoreflect.Message) bool { return aliasWithin(child, alias) })
}

func withoutPlace(n *pg.Node) *pg.Node {
	out := proto.Clone(n).(*pg.Node)
	unplace(out)
	return out
}
