package catalog_test

import (
	"testing"

	"github.com/posternsql/postern/catalog"
)

func TestSafeFunction(t *testing.T) {
	for _, c := range []struct {
		name  string
		nargs int
		want  bool
	}{
		{"lower", 1, true}, {"lower", 2, false}, {"count", 0, true}, {"count", 1, true}, {"concat", 50, true},
		{"now", 0, true}, {"to_char", 2, true}, {"percentile_cont", 2, true}, {"row_number", 0, true}, {"max", 1, true},
		{"regexp_replace", 3, true}, {"sha256", 1, true}, {"generate_series", 3, true},
		// Runs SQL given as text; the overload with three arguments does not.
		{"ts_rewrite", 2, false}, {"ts_rewrite", 3, true}, {"ts_stat", 1, false}, {"query_to_xml", 4, false},
		// An input function by oid: array_in('{pg_authid}', 'regclass'::oid, -1) looks names up.
		{"array_in", 3, false}, {"record_in", 3, false}, {"textin", 1, false},
		{"pg_read_file", 1, false}, {"lo_get", 1, false}, {"set_config", 3, false}, {"current_setting", 1, false},
		{"pg_sleep", 1, false}, {"regclass", 1, false}, {"to_regclass", 1, false}, {"nextval", 1, false}, {"setseed", 1, false},
		{"has_table_privilege", 2, false}, {"pg_get_viewdef", 1, false}, {"aclexplode", 1, false},
		{"pg_table_size", 1, false}, {"pg_advisory_lock", 1, false}, {"nosuch", 0, false}, {"", 0, false},
	} {
		if got := catalog.SafeFunction(c.name, c.nargs); got != c.want {
			t.Errorf("SafeFunction(%q, %d) = %v, want %v", c.name, c.nargs, got, c.want)
		}
	}
}

func TestFunctionShape(t *testing.T) {
	f, ok := catalog.LookupFunction("jsonb_each", 1)
	if !ok || f.Shape != catalog.ShapeNamed || len(f.Out) != 2 || f.Out[0] != "key" || !f.Set {
		t.Errorf("jsonb_each: %+v %v", f, ok)
	}
	if f, _ := catalog.LookupFunction("json_to_record", 1); f.Shape != catalog.ShapeRecord {
		t.Errorf("json_to_record: %+v", f)
	}
}

// A call with one argument may turn into a cast to the type of that name (manual, 10.3), so a function that is let in must not
// share its name with a type that is kept out.
func TestFunctionsNamedLikeTypes(t *testing.T) {
	for _, name := range []string{"aclitem", "cid", "gtsvector", "regclass", "regproc", "regtype", "regrole", "regnamespace",
		"regconfig", "regoper", "regprocedure", "regoperator", "regdictionary", "regcollation", "refcursor", "tid",
		"txid_snapshot", "pg_snapshot", "int2vector", "oidvector", "pg_node_tree", "cstring", "record", "unknown"} {
		if catalog.SafeFunction(name, 1) {
			t.Errorf("function %s(1) is let in, the type is not", name)
		}
		if catalog.SafeType(name) {
			t.Errorf("type %s is let in", name)
		}
	}
}

func TestOperators(t *testing.T) {
	for _, name := range []string{"=", "<>", "+", "||", "~~", "~~*", "#", "#>", "->>", "@>", "!~", "-"} {
		if !catalog.SafeOperator(name) {
			t.Errorf("operator %s is missing", name)
		}
	}
	for _, name := range []string{"", "===", "<%", "# "} {
		if catalog.SafeOperator(name) {
			t.Errorf("operator %q is let in", name)
		}
	}
	if !catalog.LeakproofOperator("=", "integer", "integer") || catalog.LeakproofOperator("=", "numeric", "numeric") ||
		catalog.LeakproofOperator("~~", "text", "text") {
		t.Error("leakproof: wrong answer")
	}
}
