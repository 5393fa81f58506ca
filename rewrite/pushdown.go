package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// narrow adds to a wrapped LIKE what follows from its prefix and is leakproof, so that an index can find the rows: c LIKE 'ab%'
// implies c ~>=~ 'ab' AND c ~<~ 'ac', which compare by bytes. Not so under a collation that takes different texts for equal.
func (r *resolver) narrow(n *pg.Node, w weight, s *scope) []*pg.Node {
	e := n.GetAExpr()
	if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_LIKE || dotted(e.Name) != "~~" || len(w.touched) != 1 {
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
