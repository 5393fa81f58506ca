package push_test

import (
	"testing"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// TestQuick: a change of a person is one statement without a look at everything; whatever else there is to do, and whatever another Syncer did, makes
// the run a whole one.
func TestQuick(t *testing.T) {
	w := newShop(t)
	s, people := w.syncer(), w.log()
	quick := func(statements int, who, sql, want string) {
		t.Helper()
		r, err := s.Quick(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatal(err, r)
		}
		if statements >= 0 && r.Statements != statements {
			t.Errorf("%d statements, want %d", r.Statements, statements)
		}
		if got := w.value(people[who], sql); got != want {
			t.Errorf("%s sees\n%s\nwant\n%s", who, got, want)
		}
	}
	const sql = "SELECT c_custkey FROM governed_public.customer"
	quick(-1, "ann", sql, "1\n3")
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	quick(1, "ann", sql, "2")
	quick(0, "ann", sql, "2")
	// What somebody else did is seen at the next whole look, and at once where it was a Syncer.
	w.exec(w.admin, "GRANT SELECT ON governed_public.customer TO PUBLIC")
	quick(0, "ann", sql, "2")
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}}
	if _, err := w.syncer().Sync(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	quick(1, "ann", sql, "2")
	w.data = append(w.data, policy.DataPolicy{Name: "none", On: tables("public.customer"), Rules: []policy.Rule{{Rows: "c_custkey > 2"}}})
	quick(-1, "cid", sql, "3\n4")
	w.specs["bob"] = identity.Spec{User: "bob"}
	quick(-1, "ann", sql, "")
	w.refused(people["bob"], sql, "42501")
}
