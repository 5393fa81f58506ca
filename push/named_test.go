package push_test

import (
	"strings"
	"testing"
)

// TestNamedSchemas: views are in schemas that the administrator names, whatever letters the names have; names without a schema find them, those of roles and groups
// are as is said too, and all of it goes again.
func TestNamedSchemas(t *testing.T) {
	w := newShop(t)
	before := w.traces()
	w.settings.SchemaPrefix = `What "you" may see: `
	w.settings.RolePrefix = strings.TrimSuffix(w.settings.RolePrefix, "_") + "-Of Mine_"
	w.sync()
	ann := w.as(w.accounts["ann"])
	for _, sql := range []string{"SELECT c_custkey FROM customer", `SELECT c_custkey FROM "What ""you"" may see: public".customer`} {
		if got := w.value(ann, sql); got != "1\n3" {
			t.Errorf("%s: %q", sql, got)
		}
	}
	w.refused(ann, "SELECT c_custkey FROM public.customer", "42501")
	if got := w.value(w.admin, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'governed%'"); got != "0" {
		t.Errorf("%s schemas have the default name", got)
	}
	if r, err := w.syncer().Remove(t.Context(), w.input()); err != nil || !r.Done {
		t.Fatal(err, r)
	}
	if after := w.traces(); after != before {
		t.Errorf("left:\n%s", lines(after, before))
	}
}
