package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// narrow adds to a wrapped LIKE what follows from its prefix and is leakproof, so that an index can find the rows: c LIKE 'ab%'
// implies c ~>=~ 'ab' AND c ~<~ 'ac', which compare by bytes. Not so under a collation that takes different texts for equal.
func (r *resolver) narrow(n *pg.Node, w weight, s *scope) []*pg.Node {
	e := n.GetAExpr()
	if r.rw.redshift() || e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_LIKE || dotted(e.Name) != "~~" || len(w.touched) != 1 {
		return nil
	}
	left := r.weigh(e.Lexpr, s)
	if e.Lexpr.GetColumnRef() == nil || left.fails || !isText(left.typ) || w.touched[0].fact.folds {
		return nil
	}
	from, to := prefixRange(e.Rexpr.GetAConst().GetSval().GetSval())
	if from == "" {
		return nil
	}
	out := []*pg.Node{byteComparison("~>=~", e.Lexpr.GetColumnRef(), from)}
	if to != "" {
		out = append(out, byteComparison("~<~", e.Lexpr.GetColumnRef(), to))
	}
	return out
}

// prefixRange gives the bounds of the texts that begin like a LIKE pattern. Only a prefix of ASCII letters, digits and signs has an
// upper one: its bytes are the same in every server encoding.
func prefixRange(pattern string) (from, to string) {
	end := strings.IndexAny(pattern, `%_\`)
	if end < 0 {
		end = len(pattern)
	}
	from = pattern[:end]
	for _, c := range []byte(from) {
		if c < ' ' || c > '~' {
			return "", ""
		}
	}
	if from == "" {
		return "", ""
	}
	last := from[len(from)-1]
	return from, from[:len(from)-1] + string(rune(last+1))
}

func byteComparison(op string, ref *pg.ColumnRef, bound string) *pg.Node {
	return &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{
		Kind: pg.A_Expr_Kind_AEXPR_OP, Name: []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode(op)},
		Lexpr: &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}, Rexpr: pg.MakeAConstStrNode(bound, -1), Location: -1,
	}}}
}

// copied is a leakproof condition of WHERE on one table. Where the table gets a fence for the sake of another condition, this one is
// repeated below it, so that an index still serves it.
type copied struct {
	condition *pg.Node
	level     *scope
	guard     *guard
}

// repeatable notes the conditions that WHERE joins by AND and that could run below a fence: those that read one table alone.
func (r *resolver) repeatable(where *pg.Node, s *scope) {
	for _, n := range conjunctsOf(where) {
		w := r.weigh(n, s)
		if w.fails || len(w.touched) == 0 {
			continue
		}
		own := s.items
		g := r.single(w.touched)
		if g == nil || w.touched[0].fact.parts[0].height > 0 || !slices.ContainsFunc(own, func(it *item) bool { return slices.Contains(it.guards(), g) }) {
			continue
		}
		r.copies = append(r.copies, copied{condition: n, level: s, guard: g})
	}
}

// repeatBelow copies conditions below the fences that stand. Not where an outer join fills the table up with NULL: there a condition of
// WHERE speaks of the filled row.
func (r *resolver) repeatBelow() {
	for _, c := range r.copies {
		if !c.guard.fenced || c.guard.at.nullable || c.guard.at.looked || aliasIn(c.guard.tree) == "" {
			continue
		}
		below := proto.Clone(c.condition).(*pg.Node)
		if !r.moveBelow(below.ProtoReflect(), c, aliasIn(c.guard.tree)) {
			continue
		}
		c.guard.tree.WhereClause = conjunction(append(conjunctsOf(c.guard.tree.WhereClause), below))
	}
}

// moveBelow makes a copy speak of the table's own columns. False where it cannot: it reads a masked column or something else, or holds
// a parameter whose type is not declared, which the copy would decide, since FROM is analysed first.
func (r *resolver) moveBelow(m protoreflect.Message, c copied, table string) bool {
	switch v := m.Interface().(type) {
	case *pg.ColumnRef:
		columns := columnsOf(v, c.level)
		if len(columns) != 1 {
			return false
		}
		name := columns[0].fact.parts[0].name
		decision, ok := c.guard.view.decision.Column(name)
		if !ok || decision.Mask != nil {
			return false
		}
		v.Fields = []*pg.Node{pg.MakeStrNode(table), pg.MakeStrNode(name)}
		return true
	case *pg.A_Expr:
		r.fixParameter(v, c)
	case *pg.ParamRef:
		return r.declared(v.Number) != 0
	case *pg.TypeCast:
		if p := v.Arg.GetParamRef(); p != nil && r.parameterPlaces(p.Number) == 1 {
			return true
		}
	case *pg.SubLink:
		return false
	}
	moved := true
	eachMessage(m, func(child protoreflect.Message) { moved = moved && r.moveBelow(child, c, table) })
	return moved
}

// fixParameter gives a parameter that is compared with a column, here and nowhere else, the type that it has by that: a copy that is analysed first then
// decides nothing.
func (r *resolver) fixParameter(e *pg.A_Expr, c copied) {
	if e.Kind != pg.A_Expr_Kind_AEXPR_OP {
		return
	}
	for _, sides := range [][2]*pg.Node{{e.Lexpr, e.Rexpr}, {e.Rexpr, e.Lexpr}} {
		p := sides[1].GetParamRef()
		if p == nil || sides[0].GetColumnRef() == nil || r.declared(p.Number) != 0 || r.parameterPlaces(p.Number) != 1 {
			continue
		}
		columns := columnsOf(sides[0].GetColumnRef(), c.level)
		if len(columns) != 1 {
			return
		}
		if typ := comparedAs(columns[0].fact.typ); typ != "" {
			sides[1].Node = typeCast(&pg.Node{Node: sides[1].Node}, typ, false).Node
		}
	}
}

// comparedAs is the type that an operator of pg_catalog gives an untyped operand beside one of the type; "" where that is not listed here.
func comparedAs(typ string) string {
	switch typ {
	case "smallint":
		return "int2"
	case typeInteger:
		return "int4"
	case typeBigint:
		return "int8"
	case typeText, typeVarchar:
		return typeText
	case typeDate, "uuid":
		return typ
	case typeTimestamp:
		return "timestamp"
	case typeTimestamptz:
		return "timestamptz"
	}
	return ""
}
