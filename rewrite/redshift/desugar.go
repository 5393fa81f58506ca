package redshift

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
)

// Desugar turns what only stands for something into what it stands for, and the grammar's special forms of functions into plain calls. It
// changes the tree in place. Positions in errors are those of the text that was parsed.
func Desugar(n *pg.Node) error {
	var err error
	walk(n.ProtoReflect(), func(m protoreflect.Message) {
		if err != nil {
			return
		}
		switch v := m.Interface().(type) {
		case *pg.Node:
			err = desugarCall(v)
		case *pg.SelectStmt:
			err = groupByAll(v)
		}
	})
	return err
}

// walk visits every message below and including one, the innermost first.
func walk(m protoreflect.Message, visit func(protoreflect.Message)) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i, list := 0, v.List(); i < list.Len(); i++ {
				walk(list.Get(i).Message(), visit)
			}
		default:
			walk(v.Message(), visit)
		}
		return true
	})
	visit(m)
}

// FunctionName is the name of a call without its schema, if that is none or pg_catalog; "" otherwise.
func FunctionName(f *pg.FuncCall) string {
	names := f.GetFuncname()
	if len(names) == 2 && names[0].GetString_().GetSval() == "pg_catalog" {
		names = names[1:]
	}
	if len(names) != 1 {
		return ""
	}
	return names[0].GetString_().GetSval()
}

func refused(location int32, what string) error {
	return pgerror.NotSupported("%s is not supported through Postern on Redshift", what).At(int(location) + 1)
}

// desugarCall turns CONVERT into a cast, and SUBSTRING(x FROM a FOR b), TRIM(…) and AT TIME ZONE into plain calls.
func desugarCall(n *pg.Node) error {
	f := n.GetFuncCall()
	if f == nil {
		return nil
	}
	name := FunctionName(f)
	if name == Own+"convert" {
		cast := (*pg.TypeCast)(nil)
		if len(f.Args) == 2 {
			cast = f.Args[0].GetTypeCast()
		}
		if cast == nil || f.AggDistinct || f.AggStar || len(f.AggOrder) > 0 || f.Over != nil || f.AggFilter != nil {
			return refused(f.Location, "CONVERT without a type and one expression")
		}
		cast.Arg, cast.Location = f.Args[1], f.Location
		n.Node = f.Args[0].Node
		return nil
	}
	if f.Funcformat != pg.CoercionForm_COERCE_SQL_SYNTAX {
		return nil
	}
	switch name {
	case "substring":
		if len(f.Args) < 2 || f.Args[1].GetAConst().GetSval() != nil {
			return refused(f.Location, "SUBSTRING with a pattern")
		}
	case "btrim", "ltrim", "rtrim", "timezone":
	default:
		return nil
	}
	f.Funcname = f.Funcname[len(f.Funcname)-1:]
	f.Funcformat = pg.CoercionForm_COERCE_EXPLICIT_CALL
	return nil
}

// groupByAll writes GROUP BY ALL out, as the places in the select list of what has no aggregate (Database Developer Guide, "GROUP BY clause").
func groupByAll(s *pg.SelectStmt) error {
	if len(s.GroupClause) != 1 || FunctionName(s.GroupClause[0].GetFuncCall()) != Own+"group_by_all" {
		return nil
	}
	at := s.GroupClause[0].GetFuncCall().Location
	var places []*pg.Node
	for i, n := range s.TargetList {
		val := n.GetResTarget().GetVal()
		fields := val.GetColumnRef().GetFields()
		if len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil {
			return refused(at, "GROUP BY ALL with a star")
		}
		in := content(val)
		switch {
		case in.windows:
			return refused(at, "GROUP BY ALL with a window function")
		case in.aggregates && in.columns:
			return refused(at, "GROUP BY ALL with an aggregate and a column in one expression")
		case in.aggregates:
		case !in.columns:
			return refused(at, "GROUP BY ALL with an expression without columns")
		default:
			places = append(places, pg.MakeAConstIntNode(int64(i+1), -1))
		}
	}
	if len(places) == 0 {
		return refused(at, "GROUP BY ALL over aggregates alone")
	}
	s.GroupClause = places
	return nil
}

// contents say what an expression holds, sub-selects not counted.
type contents struct{ aggregates, windows, columns bool }

func content(n *pg.Node) contents {
	var out contents
	var look func(protoreflect.Message)
	look = func(m protoreflect.Message) {
		switch v := m.Interface().(type) {
		case *pg.SubLink:
			out.columns = true
			return
		case *pg.ColumnRef:
			out.columns = true
		case *pg.FuncCall:
			switch {
			case v.Over != nil:
				out.windows = true
			case Aggregate(FunctionName(v)):
				out.aggregates = true
				return
			}
		}
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case f.Kind() != protoreflect.MessageKind:
			case f.IsList():
				for i, list := 0, v.List(); i < list.Len(); i++ {
					look(list.Get(i).Message())
				}
			default:
				look(v.Message())
			}
			return true
		})
	}
	look(n.ProtoReflect())
	return out
}

// Placeholder reports a call that stands for a construct of Redshift's, and what it is.
func Placeholder(name string) (string, bool) { return strings.CutPrefix(name, Own) }
