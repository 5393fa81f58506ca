package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/tokenize"
)

// TestRedshiftBuiltinMasks: masks that are built in read their keys with the owner's rights; people have neither the table of keys nor its schema, and who is given it is told. A
// source of an external schema is not given, since its view could be made to tell the keys.
func TestRedshiftBuiltinMasks(t *testing.T) {
	w := newStore(t)
	w.settings.Dialect = sqlgen.RedshiftBuiltin()
	keys, err := tokenize.NewSQLKeys([]byte(strings.Repeat("k", 32)), "default")
	if err != nil {
		t.Fatal(err)
	}
	system := w.settings.SystemRole
	w.exec("CREATE SCHEMA postern_functions", "REVOKE ALL ON SCHEMA postern_functions FROM PUBLIC", "GRANT USAGE ON SCHEMA postern_functions TO "+system+" WITH GRANT OPTION",
		"CREATE TABLE postern_functions.mask_keys (domain varchar(63) NOT NULL, version integer NOT NULL, inner_key varchar(64) NOT NULL, outer_key varchar(64) NOT NULL) DISTSTYLE ALL",
		"GRANT SELECT ON TABLE postern_functions.mask_keys TO "+system, "INSERT INTO postern_functions.mask_keys VALUES ('default', 1, '"+keys.Inner+"', '"+keys.Outer+"')")
	hash := policy.Rule{Mask: &policy.Mask{Columns: []string{"note", "e_region"}, Hash: &policy.HashMask{}}}
	w.data = append(w.data, policy.DataPolicy{Name: "hash", On: storeSources("sales.orders", "lake.events"), Rules: []policy.Rule{hash}})
	if r, err := w.syncer().Sync(t.Context(), w.input()); err != nil || !r.Done {
		t.Fatalf("%v, %+v", err, r)
	}
	w.reads("ann", "SELECT id, note FROM governed_sales.orders ORDER BY id", "1|"+keys.Hash("default", "first")[:20]+"\n2|"+keys.Hash("default", "second")[:20])
	w.reads("ann", "SELECT e_id FROM governed_lake.events", "")
	for _, closed := range []string{"SELECT * FROM postern_functions.mask_keys", "SELECT inner_key FROM governed_sales.orders", "SELECT postern_k1.inner_key FROM governed_sales.orders"} {
		w.reads("ann", closed, "")
	}
	for _, sql := range w.sent {
		if strings.Contains(sql, keys.Inner) || strings.Contains(sql, keys.Outer) || strings.Contains(sql, "postern_functions TO ROLE") {
			t.Errorf("sent: %s", sql)
		}
	}
	told := func(kind push.FindingKind, words string) bool {
		t.Helper()
		report, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil {
			t.Fatal(err)
		}
		if !report.Plan.Empty() {
			t.Errorf("there is more to do: %s", report.Plan)
		}
		return slices.ContainsFunc(report.Findings, func(f push.Finding) bool { return f.Kind == kind && strings.Contains(f.String(), words) })
	}
	if !told(push.Blocked, "a key in a view over an external table") || told(push.NotGoverned, "may read the keys of masks") {
		t.Error("findings are others")
	}
	w.exec("GRANT SELECT ON TABLE postern_functions.mask_keys TO " + w.accounts["bob"])
	if !told(push.NotGoverned, w.accounts["bob"]+": may read the keys of masks") {
		t.Error("nobody is told who may read the keys")
	}
	w.exec("REVOKE SELECT ON TABLE postern_functions.mask_keys FROM "+w.accounts["bob"], "DELETE FROM postern_functions.mask_keys")
	w.reads("ann", "SELECT id, note FROM governed_sales.orders", "")
}
