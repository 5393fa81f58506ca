package push_test

import (
	"slices"
	"testing"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/push"
)

// TestLogInByIAM: where RDS's role is there, people whose roles Postern makes are its members if that is wanted, others' only if that is; what others did is left.
func TestLogInByIAM(t *testing.T) {
	w := newShop(t)
	w.settings.IAM = push.IAMMade
	// eve has an account in name alone: Postern makes it.
	w.specs["eve"] = identity.Spec{User: "eve", Groups: []string{"analysts"}}
	w.accounts["eve"] = w.settings.Database + "_eve"
	r := w.sync()
	if !w.found(r, push.NotGiven, "the server has no role rds_iam") {
		t.Errorf("found is %v", r.Findings)
	}
	w.exec(w.admin, "CREATE ROLE rds_iam")
	w.roles = append(w.roles, "rds_iam")
	is := func(want string) {
		t.Helper()
		w.sync()
		if got := w.members("rds_iam"); got != want {
			t.Errorf("by IAM log in %q, want %q", got, want)
		}
	}
	if w.value(w.admin, "SELECT current_setting('server_version_num')::int >= 160000") == "t" {
		// CREATEROLE reaches the role no more: an administrator does it, or hands that on.
		r := w.sync()
		if want := "GRANT rds_iam TO " + w.accounts["eve"]; !slices.Contains(r.Plan.ByDBA, want) || !w.found(r, push.NotGiven, "may not make") {
			t.Errorf("for a database administrator: %v, %v", r.Plan.ByDBA, r.Findings)
		}
		w.exec(w.admin, "GRANT rds_iam TO "+w.settings.SystemRole+" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
	}
	is("eve")
	// What somebody ended is told and mended, or left; who others made a member stays one.
	w.exec(w.admin, "GRANT rds_iam TO "+w.accounts["bob"])
	w.exec(w.as(w.settings.SystemRole), "REVOKE rds_iam FROM "+w.accounts["eve"])
	w.settings.Drift = push.DriftReport
	if r, err := w.syncer().Sync(t.Context(), w.input()); err != nil || !r.Plan.Empty() || !w.found(r, push.Drifted, "somebody ended its membership of rds_iam") {
		t.Errorf("%v, %v", err, r.Findings)
	}
	w.settings.Drift = push.DriftRepair
	is("bob eve")
	w.settings.IAM = push.IAMAll
	is("ann bob cid eve")
	w.settings.IAM = push.IAMMade
	is("bob eve")
	w.specs["eve"] = identity.Spec{User: "eve"}
	is("bob")
	w.settings.IAM = push.IAMNone
	w.specs["eve"] = identity.Spec{User: "eve", Groups: []string{"analysts"}}
	is("bob")
	w.settings.IAM = push.IAMAll
	is("ann bob cid eve")
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	if got := w.members("rds_iam"); got != "bob" {
		t.Errorf("after it was removed %q log in by IAM", got)
	}
}
