package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// readKnown collects what a client's query says, before it is rewritten.
func readKnown(query *pg.Node) known {
	k := known{names: map[string]bool{}, masks: map[string]bool{}, conditions: map[string]bool{}}
	k.walk(query.ProtoReflect())
	return k
}

// see notes the tables that the client names and sees.
func (k *known) see(uses []*use) {
	k.relations = map[string]bool{}
	for _, u := range uses {
		k.relations[u.view.decision.Table.Name], k.relations[u.view.decision.Table.Schema] = true, true
	}
}

func (k *known) walk(m protoreflect.Message) {
	switch v := m.Interface().(type) {
	case *pg.RangeVar:
		k.names[v.Relname] = true
		if v.Schemaname != "" {
			k.names[v.Schemaname] = true
		}
	case *pg.Alias:
		k.names[v.Aliasname] = true
	case *pg.CommonTableExpr:
		k.names[v.Ctename] = true
	case *pg.FuncCall:
		if name, _ := lastString(v.Funcname); name != "" {
			k.names[name] = true
		}
	case *pg.Node:
		switch v.Node.(type) {
		case *pg.Node_AExpr, *pg.Node_ColumnRef, *pg.Node_FuncCall, *pg.Node_NullTest, *pg.Node_BooleanTest, *pg.Node_BoolExpr,
			*pg.Node_CaseExpr, *pg.Node_CoalesceExpr:
			for _, form := range forms(v) {
				k.conditions[form] = true
			}
		}
	}
	eachMessage(m, k.walk)
}

// forms are the canonical forms in which the planner may print an expression.
func forms(n *pg.Node) []string {
	out := []string{canonical(n)}
	e := n.GetAExpr()
	bounds := e.GetRexpr().GetList().GetItems()
	switch {
	case e.GetKind() == pg.A_Expr_Kind_AEXPR_BETWEEN && len(bounds) == 2:
		out = append(out, canonical(operation(">=", e.Lexpr, bounds[0])), canonical(operation("<=", e.Lexpr, bounds[1])))
	case e.GetKind() == pg.A_Expr_Kind_AEXPR_IN:
		out = append(out, canonical(&pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP_ANY, Name: e.Name,
			Lexpr: e.Lexpr, Rexpr: pg.MakeAConstStrNode(arrayText(bounds), -1)}}}))
	}
	return out
}

func operation(name string, left, right *pg.Node) *pg.Node {
	return pg.MakeAExprNode(pg.A_Expr_Kind_AEXPR_OP, []*pg.Node{pg.MakeStrNode(name)}, left, right, -1)
}

// arrayText is how a list of plain constants is printed as an array; "" for anything else.
func arrayText(items []*pg.Node) string {
	words := make([]string, len(items))
	for i, item := range items {
		c := item.GetAConst()
		switch {
		case c.GetIval() != nil || c.GetFval() != nil || c.GetSval() != nil:
			words[i] = constantWord(c)
			if strings.ContainsAny(words[i], `{},"\ `) || words[i] == "" {
				return ""
			}
		default:
			return ""
		}
	}
	return "{" + strings.Join(words, ",") + "}"
}

func constantWord(c *pg.A_Const) string {
	switch v := c.GetVal().(type) {
	case *pg.A_Const_Sval:
		return v.Sval.Sval
	case *pg.A_Const_Fval:
		return v.Fval.Fval
	case *pg.A_Const_Ival:
		return strconv.Itoa(int(v.Ival.Ival))
	}
	return ""
}

// canonical is an expression without what the planner adds to it and takes from it: casts, qualifiers, the kinds of constants.
func canonical(n *pg.Node) string {
	c, ok := proto.Clone(n).(*pg.Node)
	if !ok {
		return ""
	}
	simplify(c.ProtoReflect(), nil)
	normalize(c.ProtoReflect())
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return ""
	}
	return string(b)
}

// simplify does that in place. For readers, keep has the qualifiers that stay, and so do numbers.
func simplify(m protoreflect.Message, keep map[string]bool) {
	if n, ok := m.Interface().(*pg.Node); ok {
		for n.GetTypeCast().GetArg() != nil {
			n.Node = n.GetTypeCast().Arg.Node
		}
		switch v := n.Node.(type) {
		case *pg.Node_ColumnRef:
			if f := v.ColumnRef.Fields; len(f) > 1 && !(len(f) == 2 && keep[f[0].GetString_().GetSval()]) {
				v.ColumnRef.Fields = f[len(f)-1:]
			}
		case *pg.Node_FuncCall:
			if f := v.FuncCall.Funcname; len(f) > 1 {
				v.FuncCall.Funcname = f[len(f)-1:]
			}
			v.FuncCall.Funcformat = pg.CoercionForm_COERCE_EXPLICIT_CALL
		case *pg.Node_AConst:
			if keep == nil && (v.AConst.GetIval() != nil || v.AConst.GetFval() != nil) {
				n.Node = pg.MakeAConstStrNode(constantWord(v.AConst), -1).Node
			}
		case *pg.Node_AExpr:
			switch v.AExpr.Kind {
			case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE:
				v.AExpr.Kind = pg.A_Expr_Kind_AEXPR_OP
			}
		}
	}
	eachMessage(m, func(child protoreflect.Message) { simplify(child, keep) })
}

// ownParts are the conjuncts of a printed condition that the client wrote itself, with column names as they would write them.
func (k *known) ownParts(text string) []string {
	for _, ending := range []string{" DESC", " NULLS FIRST", " NULLS LAST", " DESC NULLS LAST"} {
		text = strings.TrimSuffix(text, ending)
	}
	tree, err := pg.Parse("SELECT " + text)
	if err != nil || len(tree.Stmts) != 1 {
		return nil
	}
	targets := tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()
	if len(targets) != 1 {
		return nil
	}
	parts := []*pg.Node{targets[0].GetResTarget().GetVal()}
	if b := parts[0].GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_AND_EXPR {
		parts = b.Args
	}
	var out []string
	for _, part := range parts {
		if part == nil || !k.conditions[canonical(part)] || k.masked(part.ProtoReflect()) {
			continue
		}
		if printed, err := k.print(part); err == nil {
			out = append(out, printed)
		}
	}
	return out
}

// print prints an expression without casts and qualifiers of ours.
func (k *known) print(n *pg.Node) (string, error) {
	c, ok := proto.Clone(n).(*pg.Node)
	if !ok {
		return "", unprintable()
	}
	simplify(c.ProtoReflect(), k.names)
	text, err := pg.Deparse(&pg.ParseResult{Version: treeVersion, Stmts: []*pg.RawStmt{{Stmt: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList:  []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: c}}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}}}}}})
	return strings.TrimPrefix(text, "SELECT "), err
}

// masked reports an expression that holds a mask. The client may have guessed one.
func (k *known) masked(m protoreflect.Message) bool {
	if n, ok := m.Interface().(*pg.Node); ok && k.masks[canonical(n)] {
		return true
	}
	return anyMessage(m, k.masked)
}
