package rewrite

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
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
	views := catalogViews(f, h)
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
			viewsAgain(t, h, tree.Stmts[0].Stmt.ProtoReflect())
			if problem := unguarded(tree.Stmts[0].Stmt.ProtoReflect(), views); problem != "" {
				t.Fatalf("%s\nfrom %q\nsent %q", problem, sql, st.SQL)
			}
		}
	})
}

// unguarded looks for what must not stand outside of a View: a qualified relation, an unsafe call, a field of an expression.
func unguarded(m protoreflect.Message, catalogViews map[string]bool) string {
	switch v := m.Interface().(type) {
	case *pg.RangeSubselect:
		if isView(v.Subquery.GetSelectStmt()) ||
			v.Subquery.GetSelectStmt().GetLimitOffset() != nil && ofCatalog(v.Subquery.GetSelectStmt(), catalogViews) {
			return ""
		}
	case *pg.RangeVar:
		if (v.Schemaname != "" || v.Catalogname != "") && !inTemplate(v) {
			return "a relation outside of a View: " + v.Schemaname + "." + v.Relname
		}
	case *pg.FuncCall:
		name, ok := builtin(v.Funcname)
		allowed := catalog.SafeFunction(name, argumentCount(v)) || name == "unnest" || guardedCall(name, v)
		ok = ok || expandsArray(v)
		allowed = allowed || expandsArray(v)
		if name == "current_setting" {
			constant := v.Args[0].GetAConst().GetSval().GetSval()
			_, shown := settings(constant)
			allowed = shown || constant == keptApplicationName
		}
		if name == "set_config" {
			s, _ := settings(strings.ToLower(*constantText(v.Args[0])))
			allowed = s.access == settable
		}
		if !ok || !allowed {
			return "an unsafe call: " + dotted(v.Funcname)
		}
	case *pg.A_Indirection:
		for _, step := range v.Indirection {
			if step.GetAIndices() == nil && !isExpandedField(step) {
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
				problem = unguarded(list.Get(i).Message(), catalogViews)
			}
		default:
			problem = unguarded(v.Message(), catalogViews)
		}
		return problem == ""
	})
	return problem
}

// ofCatalog recognises a View of the virtual catalogue, also with look-ups before its condition.
func ofCatalog(s *pg.SelectStmt, catalogViews map[string]bool) bool {
	for range 6 {
		if catalogViews[deparsed(s)] {
			return true
		}
		all := conjunctsOf(s.WhereClause)
		if len(all) == 0 || dotted(all[0].GetAExpr().GetName()) != "pg_catalog.=" {
			return false
		}
		s = proto.Clone(s).(*pg.SelectStmt)
		s.WhereClause = conjunction(all[1:])
	}
	return false
}

// viewsAgain takes the schema off a table that stands in the place of its View: where the row filter is among the conditions of its query, under its alias,
// and no name is one of a column that the View has not.
func viewsAgain(t *testing.T, h *harness, m protoreflect.Message) {
	t.Helper()
	if sub, ok := m.Interface().(*pg.RangeSubselect); ok && isView(sub.Subquery.GetSelectStmt()) {
		return
	}
	if s, ok := m.Interface().(*pg.SelectStmt); ok {
		for _, n := range s.FromClause {
			viewAgain(t, h, s, n)
		}
	}
	eachMessage(m, func(child protoreflect.Message) { viewsAgain(t, h, child) })
}

func viewAgain(t *testing.T, h *harness, s *pg.SelectStmt, n *pg.Node) {
	t.Helper()
	if j := n.GetJoinExpr(); j != nil {
		viewAgain(t, h, s, j.Larg)
		viewAgain(t, h, s, j.Rarg)
	}
	rv := n.GetRangeVar()
	alias := rv.GetAlias().GetAliasname()
	table, ok := h.program.Snapshot().Table(rv.GetSchemaname(), rv.GetRelname())
	if !ok {
		return
	}
	req := h.request("")
	v, err := h.rw.views.get(&req, table, reach{})
	if err != nil || !v.decision.Allowed {
		return
	}
	if len(s.FromClause) == 1 && n.GetRangeVar() != nil && !subqueries(s.ProtoReflect()) {
		for _, target := range s.TargetList {
			giveAlias(target.GetResTarget().GetVal().ProtoReflect(), alias)
		}
		giveAlias(s.WhereClause.ProtoReflect(), alias)
	}
	rest := conjunctsOf(s.WhereClause)
	if v.decision.Filtered() {
		if v.plain == nil {
			return
		}
		filter := proto.Clone(v.plain.WhereClause).(*pg.Node)
		rename(filter.ProtoReflect(), targetAlias, alias)
		parts := conjunctsOf(filter)
		bareComparisons(parts)
		for _, want := range parts {
			i := slices.IndexFunc(rest, func(n *pg.Node) bool { return deparsedCondition(n) == deparsedCondition(want) })
			if i < 0 {
				return
			}
			rest = slices.Delete(slices.Clone(rest), i, i+1)
		}
	}
	without := proto.Clone(s).(*pg.SelectStmt)
	without.WhereClause = conjunction(rest)
	for _, c := range table.Columns {
		if _, shown := v.decision.Column(c.Name); !shown && strings.Contains(deparsed(without), alias+"."+c.Name) {
			return
		}
	}
	s.WhereClause, rv.Schemaname = conjunction(rest), ""
}

// giveAlias is the reverse of takeAlias.
func giveAlias(m protoreflect.Message, alias string) {
	if ref, ok := m.Interface().(*pg.ColumnRef); ok {
		if names, all := stringList(ref.Fields); all && len(names) == 1 && names[0] != alias {
			ref.Fields = []*pg.Node{pg.MakeStrNode(alias), ref.Fields[0]}
		}
		return
	}
	eachMessage(m, func(child protoreflect.Message) { giveAlias(child, alias) })
}

func deparsedCondition(n *pg.Node) string {
	return deparsed(&pg.SelectStmt{WhereClause: n, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE})
}

// isView recognises a View by what no client text can make after it was judged: a schema-qualified relation under the View's alias.
func isView(s *pg.SelectStmt) bool {
	if len(s.GetFromClause()) != 1 {
		return false
	}
	rv := s.FromClause[0].GetRangeVar()
	if sample := s.FromClause[0].GetRangeTableSample(); sample != nil {
		rv = sample.Relation.GetRangeVar()
	}
	return rv.GetSchemaname() != "" && rv.GetAlias().GetAliasname() == "postern_t"
}

// catalogViews are the texts of the Views of the virtual catalogue.
func catalogViews(t testing.TB, h *harness) map[string]bool {
	out := map[string]bool{}
	for name := range builtinTexts() {
		result, err := h.rewrite("SELECT 1 FROM " + name)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := pg.Parse(result.Statements[0].SQL)
		if err != nil {
			t.Fatal(err)
		}
		s := tree.Stmts[0].Stmt.GetSelectStmt().FromClause[0].GetRangeSubselect().Subquery.GetSelectStmt()
		out[deparsed(s)] = true
	}
	return out
}

func deparsed(s *pg.SelectStmt) string {
	text, err := pg.Deparse(&pg.ParseResult{Version: treeVersion, Stmts: []*pg.RawStmt{
		{Stmt: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: s}}}}})
	if err != nil {
		return ""
	}
	return text
}

// inTemplate recognises the relations that stand in expressions of the virtual catalogue.
func inTemplate(v *pg.RangeVar) bool {
	if v.Schemaname != builtinSchema || len(v.GetAlias().GetAliasname()) != 1 {
		return false
	}
	switch v.Relname {
	case "pg_class", "pg_namespace", "pg_index", "pg_constraint", "pg_type", "pg_proc":
		return true
	}
	return false
}

// guardedCall recognises the functions that stand there, which are called on postern_q.a alone, on nothing, or on constants of ours.
func guardedCall(name string, v *pg.FuncCall) bool {
	switch name {
	case "pg_postmaster_start_time", "pg_advisory_unlock_all":
		return len(v.Args) == 0
	case "aclexplode":
		return v.Args[0].GetCaseExpr() != nil
	case "makeaclitem":
		return v.Args[0].GetTypeCast().GetArg().GetAConst().GetIval().GetIval() == 10
	}
	return len(v.Args) > 0 && dotted(v.Args[0].GetColumnRef().GetFields()) == "postern_q.a" && catalogTemplate(name, len(v.Args)) != "" ||
		name == "format_type" && dotted(v.Args[0].GetColumnRef().GetFields()) == "t.oid"
}
