package rewrite

import (
	"errors"
	"testing"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// FuzzRewrite holds what must be true of any text: no panic; an error is one for the client and holds no hidden name that the
// client did not write; what is printed parses, has no relation outside of a View but WITH queries, calls no function that is not
// on the allow-list; and it takes no longer than seconds.
func FuzzRewrite(f *testing.F) {
	for _, sql := range oracleQueries(f) {
		f.Add(sql)
	}
	for _, pin := range leakPins(f) {
		f.Add(pin.sql)
	}
	for _, sql := range deep(12) {
		f.Add(sql)
	}
	h := newHarness(f, damage{})
	h.rw.cache = nil
	f.Fuzz(func(t *testing.T, sql string) {
		start := time.Now()
		result, err := h.rewrite(sql)
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("%d bytes took %s", len(sql), took)
		}
		if err != nil {
			var pe *pgerror.Error
			if !errors.As(err, &pe) {
				t.Fatalf("an error that is not for the client: %v", err)
			}
			return
		}
		for _, st := range result.Statements {
			if st.Kind == KindEmpty {
				continue
			}
			tree, err := pg.Parse(st.SQL)
			if err != nil {
				t.Fatalf("the output does not parse: %v\n%s", err, st.SQL)
			}
			if len(tree.Stmts) != 1 {
				t.Fatalf("the output is %d statements: %s", len(tree.Stmts), st.SQL)
			}
			if problem := unguarded(tree.Stmts[0].Stmt.ProtoReflect()); problem != "" {
				t.Fatalf("%s\nfrom %q\nsent %q", problem, sql, st.SQL)
			}
		}
	})
}

// unguarded looks for what must not stand outside of a View: a qualified relation, an unsafe call, a field of an expression.
func unguarded(m protoreflect.Message) string {
	switch v := m.Interface().(type) {
	case *pg.RangeSubselect:
		if isView(v.Subquery.GetSelectStmt()) {
			return ""
		}
	case *pg.RangeVar:
		if v.Schemaname != "" || v.Catalogname != "" {
			return "a relation outside of a View: " + v.Schemaname + "." + v.Relname
		}
	case *pg.FuncCall:
		name, ok := builtin(v.Funcname)
		allowed := catalog.SafeFunction(name, argumentCount(v)) || name == "unnest"
		if name == "current_setting" {
			constant := v.Args[0].GetAConst().GetSval().GetSval()
			_, shown := settings(constant)
			allowed = shown || constant == keptApplicationName
		}
		if !ok || !allowed {
			return "an unsafe call: " + dotted(v.Funcname)
		}
	case *pg.A_Indirection:
		for _, step := range v.Indirection {
			if step.GetAIndices() == nil {
				return "a field of an expression: " + dotted(v.Indirection)
			}
		}
	}
	problem := ""
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i, list := 0, v.List(); i < list.Len() && problem == ""; i++ {
				problem = unguarded(list.Get(i).Message())
			}
		default:
			problem = unguarded(v.Message())
		}
		return problem == ""
	})
	return problem
}

// isView recognises a View by what no client text can make after it was judged: a schema-qualified relation under the View's alias.
func isView(s *pg.SelectStmt) bool {
	if len(s.GetFromClause()) != 1 {
		return false
	}
	rv := s.FromClause[0].GetRangeVar()
	return rv.GetSchemaname() != "" && rv.GetAlias().GetAliasname() == "postern_t"
}
