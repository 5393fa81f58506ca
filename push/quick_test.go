package push_test

import (
	"context"
	"errors"
	"testing"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
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

// TestQuickSeesNewRights: that the system role has become a member of a table's owner, which lets it have row policies, is seen at the next change, and not only at
// the next whole look.
func TestQuickSeesNewRights(t *testing.T) {
	w := newShop(t)
	w.data = w.data[:1]
	w.settings.Enforce = push.EnforceRowSecurity
	owner := w.role("owner")
	w.exec(w.admin, "ALTER TABLE public.customer OWNER TO "+owner)
	s := w.syncer()
	const secured = "SELECT relrowsecurity FROM pg_class WHERE oid = 'public.customer'::regclass"
	region := func(value, want string) {
		t.Helper()
		w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {value}}}
		if r, err := s.Quick(t.Context(), w.input()); err != nil || !r.Done {
			t.Fatal(err, r)
		}
		if got := w.value(w.admin, secured); got != want {
			t.Errorf("row security is %s, want %s", got, want)
		}
	}
	region("EUROPE", "f")
	region("ASIA", "f")
	w.exec(w.admin, "GRANT "+owner+" TO "+w.settings.SystemRole)
	region("EUROPE", "t")
	w.exec(w.admin, "REVOKE "+owner+" FROM "+w.settings.SystemRole)
	region("ASIA", "t")
	w.exec(w.admin, "GRANT "+owner+" TO "+w.settings.SystemRole)
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Error(err)
	}
}

// keptRemovals remember as a state does.
type keptRemovals struct{ removed bool }

func (k *keptRemovals) Removed(context.Context) (bool, error) { return k.removed, nil }
func (k *keptRemovals) SetRemoved(_ context.Context, removed bool) error {
	k.removed = removed
	return nil
}

// TestRemovedIsRemembered: what was taken back is not made again by a Syncer that begins later, or that another server has, until a sync is asked for.
func TestRemovedIsRemembered(t *testing.T) {
	w := newShop(t)
	kept := &keptRemovals{}
	remember := func(c *push.Config) { c.Removals = kept }
	first, other := w.syncer(remember), w.syncer(remember)
	for _, s := range []*push.Syncer{first, other} {
		if r, err := s.Quick(t.Context(), w.input()); err != nil || !r.Done {
			t.Fatal(err, r)
		}
	}
	if _, err := first.Remove(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*push.Syncer{first, other, w.syncer(remember)} {
		if _, err := s.Quick(t.Context(), w.input()); !errors.Is(err, push.ErrRemoved) {
			t.Errorf("%v", err)
		}
	}
	if _, err := other.Sync(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*push.Syncer{first, other, w.syncer(remember)} {
		if r, err := s.Quick(t.Context(), w.input()); err != nil || !r.Plan.Empty() {
			t.Errorf("%v %v", err, r)
		}
	}
}
