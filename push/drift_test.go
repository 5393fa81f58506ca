package push_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// minDrifts is how many changes behind Postern's back are tried at least.
const minDrifts = 16

// drifts are changes that somebody makes: what of them is told, whether that is wider than the policies say, and how it is undone by hand.
func (w *world) drifts(role string) []struct {
	sql, object string
	wider       bool
	system      bool
} {
	bob, ann := w.accounts["bob"], w.accounts["ann"]
	return []struct {
		sql, object string
		wider       bool
		system      bool
	}{
		{sql: "GRANT SELECT ON governed_public.customer TO PUBLIC", object: "governed_public.customer", wider: true},
		{sql: "GRANT SELECT ON governed_public.customer TO " + w.service, object: "governed_public.customer", wider: true},
		{sql: "GRANT USAGE ON SCHEMA postern_system TO PUBLIC", object: "postern_system", wider: true},
		{sql: "GRANT SELECT ON postern_system.profile TO " + bob, object: "postern_system.profile", wider: true},
		{sql: "GRANT CREATE ON SCHEMA governed_public TO PUBLIC", object: "governed_public", wider: true},
		{sql: "GRANT SELECT ON public.secret TO " + role, object: "public.secret", wider: true, system: true},
		{sql: "GRANT SELECT ON public.customer TO " + role, object: "public.customer", wider: true, system: true},
		{sql: "GRANT SELECT (s) ON public.secret TO " + role, object: "public.secret", wider: true, system: true},
		{sql: "GRANT " + role + " TO " + w.service, object: "role " + w.service, wider: true, system: true},
		{sql: "REVOKE SELECT ON governed_public.customer FROM " + role, object: "governed_public.customer"},
		{sql: "REVOKE " + role + " FROM " + ann, object: "role " + ann, system: true},
		{sql: "REVOKE SELECT (n_name) ON public.nation FROM " + role, object: "public.nation", system: true},
		{sql: "ALTER VIEW governed_public.customer RESET (security_barrier)", object: "governed_public.customer", wider: true},
		{sql: "ALTER VIEW governed_public.customer RENAME COLUMN c_name TO other", object: "governed_public.customer", wider: true},
		{sql: "CREATE OR REPLACE VIEW governed_public.customer WITH (security_barrier=true) AS SELECT c_custkey, c_name, c_phone, c_nationkey, c_region FROM public.customer",
			object: "governed_public.customer", wider: true},
		{sql: "DROP VIEW governed_public.customer", object: "governed_public.customer"},
		{sql: "ALTER ROLE " + ann + " IN DATABASE " + w.database + " RESET search_path", object: "role " + ann},
	}
}

// TestDriftReport: with drift: report each change is told, on record once, and left alone by run after run, while policies change elsewhere; it is told
// that access is wider. Where the policies change there, they hold; and with drift: repair all is undone.
func TestDriftReport(t *testing.T) {
	w := newShop(t)
	w.sync()
	role := w.value(w.admin, "SELECT rolname FROM pg_roles WHERE starts_with(rolname, '"+w.settings.RolePrefix+"')")
	people := w.log()
	all := w.drifts(role)
	for _, c := range all {
		w.settings.Drift = push.DriftReport
		if c.system {
			w.exec(w.as(w.settings.SystemRole), c.sql)
		} else {
			w.exec(w.admin, c.sql)
		}
		// The last run ended late in a second: what was done before that second was over counts too.
		w.exec(w.admin, "UPDATE postern_system.sync SET at = date_trunc('second', at) + interval '0.9 seconds'")
		ended, err := time.Parse(time.RFC3339Nano, w.value(w.admin, "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM postern_system.sync"))
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		s := w.syncer(func(c *push.Config) {
			c.Who = func(_ context.Context, changes []push.Changed) (out []push.Origin) {
				asked += len(changes)
				for _, c := range changes {
					out = append(out, push.Origin{Text: fmt.Sprintf("who knows, since %t: %v", !c.Since.IsZero() && !c.Since.After(ended), c.Names), Known: true})
				}
				return out
			}
		})
		w.events = nil
		var found []push.Finding
		for look := range 3 {
			if look == 2 {
				// A change of somebody else's attributes, and a quick run, neither undo it nor hide it.
				w.specs["cid"] = identity.Spec{User: "cid", Groups: []string{"analysts", "global"}, Attributes: map[string][]string{"region": {"ASIA"}}}
			}
			run := s.Sync
			if look == 2 {
				run = s.Quick
			}
			r, err := run(t.Context(), w.input())
			if err != nil || !r.Done {
				t.Fatalf("%s: %v %+v", c.sql, err, r)
			}
			if look < 2 && !r.Plan.Empty() {
				t.Errorf("%s: it is not left: %s", c.sql, r.Plan)
			}
			found = slices.DeleteFunc(slices.Clone(r.Findings), func(f push.Finding) bool { return f.Kind != push.Drifted })
			if !slices.ContainsFunc(found, func(f push.Finding) bool {
				return strings.HasSuffix(f.Object, c.object) && f.Wider == c.wider && strings.Contains(f.Detail, "it is left") && strings.Contains(f.Who, "who knows, since true")
			}) {
				t.Errorf("%s, look %d: found is %v", c.sql, look, found)
			}
		}
		recorded := 0
		for _, e := range w.events {
			if e.Action == "push.drift" {
				recorded++
			}
		}
		if recorded != len(found) || asked != len(found) {
			t.Errorf("%s: %d findings, %d on record, asked %d times", c.sql, len(found), recorded, asked)
		}
		w.settings.Drift = push.DriftRepair
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil || !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.Drifted && strings.Contains(f.Detail, "it is undone") }) {
			t.Errorf("%s: with repair: %v, %v", c.sql, err, r.Findings)
		}
		if again, err := w.syncer().Sync(t.Context(), w.input()); err != nil || !again.Plan.Empty() || slices.ContainsFunc(again.Findings, func(f push.Finding) bool { return f.Kind == push.Drifted }) {
			t.Errorf("%s: then there is still: %v %v\n%s", c.sql, err, again.Findings, again.Plan)
		}
	}
	if got := w.value(people["bob"], "SELECT c_custkey FROM customer"); got != "2" {
		t.Errorf("at the end bob sees %s", got)
	}
	t.Logf("%d changes were told, left, and undone", len(all))
	if len(all) < minDrifts {
		t.Errorf("%d are fewer than %d", len(all), minDrifts)
	}
}

// TestPoliciesHoldOverDrift: what somebody changed and is left is put right where the policies change there.
func TestPoliciesHoldOverDrift(t *testing.T) {
	w := newShop(t)
	w.settings.Drift = push.DriftReport
	w.sync()
	people := w.log()
	w.exec(w.admin, "CREATE OR REPLACE VIEW governed_public.customer WITH (security_barrier=true) AS SELECT c_custkey, c_name, c_phone, c_nationkey, c_region FROM public.customer")
	w.exec(w.admin, "GRANT SELECT ON governed_public.customer TO PUBLIC")
	w.exec(w.admin, "GRANT USAGE ON SCHEMA governed_public TO "+w.service)
	if r, err := w.syncer().Sync(t.Context(), w.input()); err != nil || !r.Plan.Empty() {
		t.Fatal(err, r)
	}
	if got := w.value(people["bob"], "SELECT c_custkey FROM governed_public.customer"); got != "1\n2\n3\n4" {
		t.Errorf("with drift left alone bob sees %q", got)
	}
	w.data = append(w.data, policy.DataPolicy{Name: "none", On: tables("public.customer"), Rules: []policy.Rule{{Rows: "c_custkey > 1"}}})
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil || !r.Done {
		t.Fatal(err, r)
	}
	if got := w.value(people["bob"], "SELECT c_custkey FROM governed_public.customer"); got != "2" {
		t.Errorf("with a new rule bob sees %q", got)
	}
	w.refused(w.as(w.service), "SELECT * FROM governed_public.customer", "42501")
	if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool {
		return f.Kind == push.Drifted && strings.Contains(f.Detail, "the policies have changed there since")
	}) {
		t.Errorf("found is %v", r.Findings)
	}
	// A run that was cut short leaves nothing to compare with: all is then put right.
	w.exec(w.admin, "UPDATE postern_system.baseline SET settled = false")
	if r, err := w.syncer().Sync(t.Context(), w.input()); err != nil || r.Statements == 0 {
		t.Errorf("after a run that was cut short: %v, %+v", err, r)
	}
	if got := w.value(w.admin, "SELECT has_schema_privilege('"+w.service+"', 'governed_public', 'USAGE')"); got != "f" {
		t.Error("what somebody granted is still there")
	}
}

// TestProfileDrift: what somebody wrote into the profile is told by the process that wrote it, and put right.
func TestProfileDrift(t *testing.T) {
	w := newShop(t)
	w.settings.Drift = push.DriftReport
	s := w.syncer()
	if _, err := s.Sync(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	w.exec(w.admin, `UPDATE postern_system.profile SET attributes = '{"region": ["ASIA", "EUROPE"]}' WHERE account = '`+w.accounts["bob"]+`'; DELETE FROM postern_system.profile WHERE account = '`+w.accounts["cid"]+`'`)
	r, err := s.Sync(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	found := slices.DeleteFunc(slices.Clone(r.Findings), func(f push.Finding) bool { return f.Kind != push.Drifted })
	if len(found) != 2 || !strings.Contains(found[0].Detail, "changed its row") || !strings.Contains(found[1].Detail, "removed its row") {
		t.Errorf("found is %v", found)
	}
	if got := w.value(w.as(w.accounts["bob"]), "SELECT c_custkey FROM customer"); got != "2" {
		t.Errorf("bob sees %s", got)
	}
}
