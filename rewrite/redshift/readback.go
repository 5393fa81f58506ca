package redshift

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// maxBackslashes bounds the backslashes of one constant.
const maxBackslashes = 50

// prepare completes a judged tree in place: what it does stands in the printed text, and is read back.
func prepare(n *pg.Node) {
	aliases := 0
	walk(n.ProtoReflect(), func(m protoreflect.Message) {
		switch v := m.Interface().(type) {
		case *pg.RangeSubselect:
			// Redshift wants a name for a sub-select.
			if v.Alias == nil {
				aliases++
				v.Alias = &pg.Alias{Aliasname: "postern_s" + strconv.Itoa(aliases)}
			}
		case *pg.Node:
			// Each backslash makes the tree deeper; a text with many is left for the printer to refuse.
			if text := v.GetAConst().GetSval().GetSval(); strings.Contains(text, `\`) && strings.Count(text, `\`) <= maxBackslashes {
				v.Node = withoutBackslash(text).Node
			}
		case *pg.FuncCall:
			// Redshift's functions are all built in, and their schema would put some out of the grammar's sight.
			if FunctionName(v) != "" && v.Funcformat != pg.CoercionForm_COERCE_SQL_SYNTAX && len(v.Funcname) == 2 && !escapes(FunctionName(v)) {
				v.Funcname = v.Funcname[1:]
			}
		case *pg.TypeName:
			ownType(v)
		case *pg.BoolExpr:
			flatten(v)
		}
	})
}

// ownType spells the types of the rewriter's own constants, which a client's text cannot name: text alone would be 256 bytes on Redshift.
func ownType(t *pg.TypeName) {
	if len(t.Names) != 2 || t.Names[0].GetString_().GetSval() != "pg_catalog" {
		return
	}
	switch t.Names[1].GetString_().GetSval() {
	case "text", "name":
		t.Names = []*pg.Node{pg.MakeStrNode("varchar")}
		t.Typmods = []*pg.Node{pg.MakeAConstIntNode(65535, -1)}
	}
}

// escapes are the functions by which PostgreSQL's grammar keeps ESCAPE.
func escapes(name string) bool { return name == "like_escape" || name == "similar_to_escape" }

// flatten takes brackets out of the left end of AND and OR, as the parser does.
func flatten(b *pg.BoolExpr) {
	for b.Boolop != pg.BoolExprType_NOT_EXPR && len(b.Args) > 0 {
		first := b.Args[0].GetBoolExpr()
		if first == nil || first.Boolop != b.Boolop {
			return
		}
		b.Args = append(append([]*pg.Node{}, first.Args...), b.Args[1:]...)
	}
}

// withoutBackslash puts a text together with chr(92).
func withoutBackslash(text string) *pg.Node {
	parts := strings.Split(text, `\`)
	out := pg.MakeAConstStrNode(parts[0], -1)
	join := func(right *pg.Node) {
		out = &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP, Name: []*pg.Node{pg.MakeStrNode("||")},
			Lexpr: out, Rexpr: right, Location: -1}}}
	}
	for _, part := range parts[1:] {
		join(&pg.Node{Node: &pg.Node_FuncCall{FuncCall: &pg.FuncCall{Funcname: []*pg.Node{pg.MakeStrNode("chr")},
			Args: []*pg.Node{pg.MakeAConstIntNode(92, -1)}, Funcformat: pg.CoercionForm_COERCE_EXPLICIT_CALL, Location: -1}}})
		join(pg.MakeAConstStrNode(part, -1))
	}
	return out
}

// readBack holds a printed text against the tree that it was printed from: both engines split it alike, and by the way that a client's text
// goes, it is that tree again.
func readBack(stmt *pg.Node, text string, placed func(*pg.Node, *Statement)) error {
	if err := lex.Same(text); err != nil {
		return unprintable()
	}
	again, printed, err := parseOne(text)
	if err != nil || again == nil {
		return unprintable()
	}
	prepare(again)
	placed(again, printed)
	judged := proto.Clone(stmt).(*pg.Node)
	normalize(judged.ProtoReflect())
	normalize(again.ProtoReflect())
	if !proto.Equal(judged, again) {
		return unprintable()
	}
	return nil
}

// Parse is the tree of one statement; nil where the text is none or several.
func Parse(text string) (*pg.Node, error) {
	tree, _, err := parseOne(text)
	return tree, err
}

func parseOne(text string) (*pg.Node, *Statement, error) {
	statements, err := Translate(text)
	if err != nil {
		return nil, nil, err
	}
	if len(statements) != 1 || statements[0].Unload != nil || statements[0].Show != nil {
		return nil, nil, nil
	}
	tree, err := pg.Parse(statements[0].SQL)
	if err != nil {
		return nil, nil, err
	}
	if len(tree.Stmts) != 1 {
		return nil, nil, nil
	}
	return tree.Stmts[0].Stmt, &statements[0], Desugar(tree.Stmts[0].Stmt)
}

func unprintable() error {
	return pgerror.NotSupported("a form in this statement cannot be printed safely for Redshift, so it is not supported through Postern")
}

// normalize takes out of a tree what carries no meaning: places in the text, and the two ways to name a built-in type.
func normalize(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() == protoreflect.Int32Kind:
			switch f.Name() {
			case "location", "arg_location", "stmt_len", "stmt_location":
				m.Clear(f)
			}
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i, list := 0, v.List(); i < list.Len(); i++ {
				normalize(list.Get(i).Message())
			}
		default:
			normalize(v.Message())
		}
		return true
	})
	if t, ok := m.Interface().(*pg.TypeName); ok {
		if printed, err := TypeText(t); err == nil {
			t.Names, t.Typmods = []*pg.Node{pg.MakeStrNode(printed)}, nil
		}
	}
}
