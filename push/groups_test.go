package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
)

// group is the role of a group.
func (w *world) group(name string) string {
	return w.settings.RolePrefix + w.database + "_group_" + name
}

// inGroup lists who is in a group's role, by their names as people; "no role" where there is none.
func (w *world) inGroup(name string) string {
	w.t.Helper()
	if w.value(w.admin, "SELECT count(*) FROM pg_roles WHERE rolname = '"+w.group(name)+"' AND NOT rolcanlogin") != "1" {
		return "no role"
	}
	return w.members(w.group(name))
}

// members lists who is a member of a role, by their names as people.
func (w *world) members(role string) string {
	w.t.Helper()
	got := strings.Split(w.value(w.admin, "SELECT pg_get_userbyid(member) FROM pg_auth_members WHERE roleid = '"+role+"'::regrole"), "\n")
	var out []string
	for user, account := range w.accounts {
		if slices.Contains(got, account) {
			out = append(out, user)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// found is what a whole run finds that has the text in it.
func (w *world) found(r *push.Report, kind push.FindingKind, text string) bool {
	return slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == kind && strings.Contains(f.Object+": "+f.Detail, text) })
}

// TestGroupRoles: the groups that policies ask about are roles that hold nothing, with people's accounts in them; they come, change and go with the people,
// without a look at everything, and what others grant to them on what is no source is theirs.
func TestGroupRoles(t *testing.T) {
	w := newShop(t)
	w.settings.GroupRoles = push.GroupRolesUsed
	w.specs["bob"] = identity.Spec{User: "bob", Groups: []string{"analysts", "unheard"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	before := w.traces()
	w.sync()
	is := func(group, want string) {
		t.Helper()
		if got := w.inGroup(group); got != want {
			t.Errorf("in %s: %q, want %q", group, got, want)
		}
	}
	is("analysts", "ann bob cid")
	is("global", "cid")
	is("unheard", "no role")
	people := w.log()
	if got := w.value(people["bob"], "SELECT c_custkey FROM governed_public.customer"); got != "2" {
		t.Errorf("bob sees %q", got)
	}
	if w.value(w.admin, "SELECT current_setting('server_version_num')::int < 160000") == "t" {
		// Who becomes the group is nobody of whom anything is known, and holds nothing.
		w.exec(people["ann"], "SET ROLE "+w.group("analysts"))
		w.refused(people["ann"], "SELECT * FROM governed_public.customer", "42501")
		w.exec(people["ann"], "RESET ROLE")
	}
	if held := w.value(w.admin, "SELECT count(*) FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass WHERE d.classid <> 'pg_auth_members'::regclass AND r.rolname ~ '_group_'"); held != "0" {
		t.Errorf("groups hold %s things", held)
	}
	w.settings.GroupRoles = push.GroupRolesAll
	w.sync()
	is("unheard", "bob")
	w.settings.GroupRoles = push.GroupRolesNone
	w.sync()
	is("analysts", "no role")
	w.settings.GroupRoles = push.GroupRolesAll
	w.sync()
	r, err := w.syncer().Remove(t.Context(), w.input())
	if after := w.traces(); err != nil || after != before {
		t.Errorf("%v %v: before\n%s\nafter\n%s", err, r.Findings, lines(before, after), lines(after, before))
	}
}

// TestGroupChangesAreQuick: who is in which group is changed without a look at everything; what somebody else changed there meanwhile is told all the same.
func TestGroupChangesAreQuick(t *testing.T) {
	w := newShop(t)
	w.settings.GroupRoles = push.GroupRolesUsed
	s := w.syncer()
	if r, err := s.Sync(t.Context(), w.input()); err != nil || !r.Done {
		t.Fatal(err, r)
	}
	// What a whole look would undo, a quick one does not see.
	w.exec(w.admin, "GRANT SELECT ON governed_public.customer TO PUBLIC")
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts", "global"}, Attributes: map[string][]string{"region": {"EUROPE"}}}
	r, err := s.Quick(t.Context(), w.input())
	if err != nil || !r.Done || r.Statements != 2 || w.inGroup("global") != "ann cid" || w.found(r, push.Drifted, "PUBLIC") {
		t.Fatalf("%v, %d statements, %s, %v", err, r.Statements, w.inGroup("global"), r.Findings)
	}
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}}
	if r, err = s.Quick(t.Context(), w.input()); err != nil || !r.Done || w.inGroup("global") != "cid" {
		t.Fatalf("%v, %s, %v", err, w.inGroup("global"), r.Findings)
	}
	// Whoever else changed members makes it a whole run, which tells of that, and of everything else.
	w.exec(w.as(w.settings.SystemRole), "GRANT "+w.group("global")+" TO "+w.accounts["bob"])
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts", "global"}, Attributes: map[string][]string{"region": {"EUROPE"}}}
	r, err = s.Quick(t.Context(), w.input())
	if err != nil || !r.Done || w.inGroup("global") != "ann cid" || !w.found(r, push.Drifted, "made it a member of "+w.group("global")) || !w.found(r, push.Drifted, "public") {
		t.Fatalf("%v, %s, %v", err, w.inGroup("global"), r.Findings)
	}
	if again, err := w.syncer().Sync(t.Context(), w.input()); err != nil || !again.Plan.Empty() || w.found(again, push.Drifted, "") {
		t.Errorf("%v, %v\n%s", err, again.Findings, again.Plan)
	}
	// Somebody new is looked at as a whole soon after.
	w.data = nil
	w.specs["eve"] = identity.Spec{User: "eve"}
	w.person(w.specs["eve"])
	if _, err := s.Sync(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	w.exec(w.admin, "GRANT SELECT ON public.secret TO "+w.accounts["eve"])
	w.exec(w.admin, "GRANT SELECT ON public.nation TO "+w.accounts["eve"])
	w.specs["eve"] = identity.Spec{User: "eve", Groups: []string{"analysts"}}
	if r, err = s.Quick(t.Context(), w.input()); err != nil || !r.Done || !r.Look {
		t.Errorf("%v, %v", err, r)
	}
	if r, err = s.Sync(t.Context(), w.input()); err != nil || !r.Plan.Empty() || !w.found(r, push.NotGoverned, "public.nation: somebody granted SELECT") {
		t.Errorf("%v, %v", err, r.Findings)
	}
}

// TestGroupRolesOfOthers: a role that somebody else made is not taken over; what others grant to a group is theirs on what is no source, told on a source, and
// keeps the role from being dropped.
func TestGroupRolesOfOthers(t *testing.T) {
	w := newShop(t)
	w.tables = slices.DeleteFunc(w.tables, func(n warehouse.TableName) bool { return n.Name == "secret" })
	w.settings.GroupRoles = push.GroupRolesUsed
	w.exec(w.admin, "CREATE ROLE "+w.group("global"))
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil || !w.found(r, push.Blocked, string(push.ForeignObject)) || w.inGroup("global") != "" || w.inGroup("analysts") != "ann bob cid" {
		t.Fatalf("%v, %q, %v", err, w.inGroup("global"), r.Findings)
	}
	w.exec(w.admin, "DROP ROLE "+w.group("global"))
	w.sync()
	people := w.log()
	w.exec(w.admin, "GRANT SELECT ON public.secret TO "+w.group("analysts")+"; GRANT USAGE ON SCHEMA public TO "+w.group("analysts"))
	w.exec(w.admin, "GRANT SELECT ON public.nation TO "+w.group("global"))
	for range 2 {
		r, err = w.syncer().Sync(t.Context(), w.input())
		if err != nil || !r.Plan.Empty() || w.found(r, push.NotGoverned, "secret") || !w.found(r, push.NotGoverned, "public.nation: SELECT was granted to "+w.group("global")) {
			t.Errorf("%v, %v\n%s", err, r.Findings, r.Plan)
		}
	}
	if got := w.value(people["bob"], "SELECT s FROM public.secret"); got != "42" {
		t.Errorf("bob sees %q", got)
	}
	// A group that is asked about no more.
	w.subscriptions[0].Allow = policy.Allow{Anyone: true}
	r, err = w.syncer().Sync(t.Context(), w.input())
	if err != nil || !r.Done || w.inGroup("analysts") != "" || !w.found(r, push.Blocked, w.group("analysts")+": nobody is in the group any more") {
		t.Fatalf("%v, %q, %v", err, w.inGroup("analysts"), r.Findings)
	}
	w.refused(people["bob"], "SELECT s FROM public.secret", "42501")
	if r, err = w.syncer().Remove(t.Context(), w.input()); err == nil || !w.found(r, push.Blocked, "DROP ROLE") {
		t.Errorf("removing while others hang on it: %v, %v", err, r.Findings)
	}
	w.exec(w.admin, "DROP OWNED BY "+w.group("analysts")+", "+w.group("global"))
	if _, err = w.syncer().Remove(t.Context(), w.input()); err != nil || w.inGroup("analysts") != "no role" {
		t.Errorf("%v, %q", err, w.inGroup("analysts"))
	}
}

// TestGroupRoleDrift: members and roles that somebody changed are told, and left or put right.
func TestGroupRoleDrift(t *testing.T) {
	w := newShop(t)
	w.settings.GroupRoles = push.GroupRolesUsed
	w.sync()
	system := w.as(w.settings.SystemRole)
	for _, c := range []struct {
		sql, found, left, right string
	}{
		{"GRANT " + w.group("global") + " TO " + w.accounts["bob"], "somebody made it a member of", "bob cid", "cid"},
		{"REVOKE " + w.group("global") + " FROM " + w.accounts["cid"], "somebody ended its membership of", "", "cid"},
		{"DROP ROLE " + w.group("global"), "somebody dropped the role", "no role", "cid"},
	} {
		w.exec(system, c.sql)
		w.settings.Drift = push.DriftReport
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil || !r.Plan.Empty() || !w.found(r, push.Drifted, c.found) || w.inGroup("global") != c.left {
			t.Errorf("%s: %v, %q, %v", c.sql, err, w.inGroup("global"), r.Findings)
		}
		w.settings.Drift = push.DriftRepair
		r, err = w.syncer().Sync(t.Context(), w.input())
		if err != nil || !r.Done || !w.found(r, push.Drifted, c.found) || w.inGroup("global") != c.right {
			t.Errorf("%s: %v, %q, %v", c.sql, err, w.inGroup("global"), r.Findings)
		}
	}
	// Names that no role can have, and accounts that are called as a group's role would be.
	w.settings.GroupRole = "{group}"
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts", w.accounts["bob"], strings.Repeat("x", 64), "pg_x"}}
	w.settings.GroupRoles = push.GroupRolesAll
	r, err := w.syncer().Sync(t.Context(), w.input())
	for _, want := range []string{"is another one (FOREIGN_OBJECT)", "is not a name of 1 to 63 bytes", "no role can be called pg_x"} {
		if err != nil || !w.found(r, push.Blocked, want) {
			t.Errorf("%s: %v, %v", want, err, r.Findings)
		}
	}
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Error(err)
	}
}
