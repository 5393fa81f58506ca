package push_test

import "testing"

// TestRolesFrom16: without a word about it roles are made from PostgreSQL 16 on, and before that asked of a database administrator.
func TestRolesFrom16(t *testing.T) {
	w := newShop(t)
	w.settings.CreateRoles, w.settings.CreateRolesFrom16 = false, true
	plan, err := w.syncer().Plan(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	if old := w.value(w.admin, "SELECT current_setting('server_version_num')::int < 160000") == "t"; old != (len(plan.ByDBA) > 0) {
		t.Errorf("before 16: %t; for a database administrator: %v", old, plan.ByDBA)
	}
}
