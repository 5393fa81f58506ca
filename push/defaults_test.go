package push_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// drawing is a database of tables with defaults of every sort.
const drawing = `CREATE SCHEMA hid;
CREATE TYPE public.mood AS ENUM ('ok', 'bad');
CREATE SCHEMA shy;
CREATE TYPE shy.mood AS ENUM ('ok', 'bad');
CREATE FUNCTION public.own() RETURNS text LANGUAGE sql AS $$SELECT 'own'$$;
CREATE SEQUENCE hid.apart START 100;
CREATE TABLE public.added (id serial PRIMARY KEY, n bigint GENERATED ALWAYS AS IDENTITY, region text DEFAULT 'EUROPE', apart bigint DEFAULT nextval('hid.apart'), k text);
CREATE TABLE public.plain (id bigserial, k text DEFAULT 'none');
CREATE TABLE public.changed (id serial PRIMARY KEY, region text DEFAULT 'EUROPE', made timestamptz DEFAULT now(), price numeric(8,2) DEFAULT 1.5, tag varchar(5) DEFAULT 'it''s',
    m public.mood DEFAULT 'bad', h shy.mood DEFAULT 'bad', own text DEFAULT public.own(), who name DEFAULT CURRENT_USER, twice numeric GENERATED ALWAYS AS (price * 2) STORED,
    list text[] DEFAULT '{a,b}', apart bigint DEFAULT nextval('hid.apart'), k text, "Odd name" text DEFAULT E'back\\slash; DROP');
INSERT INTO public.changed (region, k) VALUES ('EUROPE', 'mine'), ('ASIA', 'hidden')`

// newDrawing has ann add rows to two tables and change those of a third; bob reads.
func newDrawing(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, pgtest.Database, drawing,
		identity.Spec{User: "ann", Groups: []string{"writers"}, Attributes: map[string][]string{"region": {"EUROPE"}}},
		identity.Spec{User: "bob", Attributes: map[string][]string{"region": {"EUROPE"}}})
	write := func(name, table string, privileges ...policy.Privilege) policy.SubscriptionPolicy {
		p := grant(name, tables(table), policy.Allow{When: "isInGroups('writers')"})
		p.Access, p.Privileges = policy.AccessWrite, privileges
		return p
	}
	w.subscriptions = []policy.SubscriptionPolicy{
		grant("all", tables("public.*"), policy.Allow{Anyone: true}), write("add", "public.added", policy.PrivilegeInsert),
		write("plain", "public.plain", policy.PrivilegeInsert, policy.PrivilegeUpdate), write("change", "public.changed", policy.PrivilegeUpdate, policy.PrivilegeDelete),
	}
	w.data = []policy.DataPolicy{{Name: "region", On: tables("public.added", "public.changed"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', region)"}}}}
	return w
}

// TestSequences: who may add rows may draw the numbers that their defaults are, and nothing else of the sequences; that comes and goes with the right to add.
func TestSequences(t *testing.T) {
	w := newDrawing(t)
	before := w.traces()
	w.sync()
	ann, bob := w.as(w.accounts["ann"]), w.as(w.accounts["bob"])
	for _, c := range []struct{ sql, code, want string }{
		{"SELECT currval('added_id_seq')", "55000", ""},
		{"INSERT INTO added (k) VALUES ('a') RETURNING id, n, region, apart", "", "1|1|EUROPE|102"},
		{"INSERT INTO added (id, k) VALUES (DEFAULT, 'b') RETURNING id, n", "", "2|2"},
		{"INSERT INTO plain DEFAULT VALUES", "", ""},
		{"SELECT currval('added_id_seq')", "", "2"},
		{"SELECT last_value FROM added_id_seq", "42501", ""},
		{"SELECT last_value FROM hid.apart", "42501", ""},
		{"SELECT setval('added_id_seq', 9)", "42501", ""},
		{"SELECT nextval('changed_id_seq')", "42501", ""},
	} {
		got, err := fetch(t.Context(), ann, c.sql)
		if code := codeOf(err); code != c.code || got != c.want {
			t.Errorf("%s: %q %v, want %q %q", c.sql, got, err, c.want, c.code)
		}
	}
	// Who adds rows learns the number that was drawn last, as RETURNING tells it, too.
	if got := w.value(ann, "SELECT last_value FROM pg_sequences WHERE sequencename = 'added_id_seq'"); got != "2" {
		t.Errorf("ann is told of %q: if the server keeps it back now, the documents say too much", got)
	}
	w.refused(bob, "SELECT nextval('added_id_seq')", "42501")
	if got := w.value(bob, "SELECT last_value FROM pg_sequences WHERE sequencename = 'added_id_seq'"); got != "NULL" {
		t.Errorf("bob is told of %q", got)
	}
	// What somebody gives our role beside is taken back, and what somebody took is given.
	role := w.value(w.admin, "SELECT pg_get_userbyid(a.grantee) FROM pg_class, aclexplode(relacl) AS a WHERE relname = 'added_id_seq' AND starts_with(pg_get_userbyid(a.grantee), '"+w.settings.RolePrefix+"')")
	system := w.as(w.settings.SystemRole)
	w.exec(system, "REVOKE USAGE ON SEQUENCE added_id_seq FROM "+role+"; GRANT USAGE ON SEQUENCE plain_id_seq TO "+role)
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil || !r.Done || !w.found(r, push.Drifted, "somebody took USAGE on the whole from "+role) || !w.found(r, push.Drifted, "somebody gave USAGE on the whole to "+role) {
		t.Errorf("%v, %v", err, r.Findings)
	}
	w.value(ann, "SELECT nextval('added_id_seq')")
	w.settings.ReadOnly = true
	w.sync()
	w.refused(ann, "SELECT nextval('added_id_seq')", "42501")
	w.settings.ReadOnly = false
	w.sync()
	if r, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Fatal(err, r.Findings)
	}
	if after := w.traces(); after != before {
		t.Errorf("before\n%s\nafter\n%s", lines(before, after), lines(after, before))
	}
}

// TestSequenceNotHandedOn: what the system role may not hand on is said, with what a database administrator runs.
func TestSequenceNotHandedOn(t *testing.T) {
	w := newDrawing(t)
	w.exec(w.admin, "REVOKE ALL ON SEQUENCE hid.apart FROM "+w.settings.SystemRole)
	r, err := w.syncer().Sync(t.Context(), w.input())
	want := "GRANT USAGE ON SEQUENCE hid.apart TO " + w.settings.SystemRole + " WITH GRANT OPTION"
	if err != nil || !r.Done || !slices.Contains(r.Plan.ByDBA, want) || !w.found(r, push.NotGiven, "column apart from sequence hid.apart") {
		t.Fatalf("%v, %v, %v", err, r.Plan.ByDBA, r.Findings)
	}
	ann := w.as(w.accounts["ann"])
	w.refused(ann, "INSERT INTO added (k) VALUES ('a')", "42501")
	w.value(ann, "INSERT INTO added (apart) VALUES (1) RETURNING id")
	w.exec(w.admin, want)
	w.sync()
	w.value(ann, "INSERT INTO added (k) VALUES ('a') RETURNING id")
}

// TestViewDefaults: UPDATE … SET c = DEFAULT through a view writes what it writes to the table, or is refused, or it is said that it does not.
func TestViewDefaults(t *testing.T) {
	w := newDrawing(t)
	r := w.sync()
	ann := w.as(w.accounts["ann"])
	update := func(column, want, code string) {
		t.Helper()
		got, err := fetch(t.Context(), ann, "UPDATE changed SET "+column+" = DEFAULT WHERE k = 'mine' RETURNING "+column)
		if codeOf(err) != code || got != want {
			t.Errorf("%s: %q %v, want %q %q", column, got, err, want, code)
		}
	}
	update("price", "1.50", "")
	update("tag", "it's", "")
	update("m", "bad", "")
	update("who", w.accounts["ann"], "")
	update("list", "{a,b}", "")
	update("region", "EUROPE", "")
	update(`"Odd name"`, `back\slash; DROP`, "")
	update("k || ''", "", "42601")
	if got := w.value(ann, "UPDATE changed SET made = DEFAULT WHERE k = 'mine' RETURNING made = now()"); got != "t" {
		t.Errorf("made is now: %s", got)
	}
	// A number is drawn by who may draw: nobody may who only changes rows.
	update("id", "", "42501")
	// What cannot be put into the view is NULL, and said.
	update("own", "NULL", "")
	update("h", "NULL", "")
	if got := w.value(ann, "UPDATE changed SET apart = DEFAULT WHERE k = 'mine' RETURNING apart > 100"); got != "t" {
		t.Errorf("apart: %s, though ann may draw it, who adds rows elsewhere", got)
	}
	update("twice", "", "428C9")
	for _, column := range []string{"own", "h"} {
		if !w.found(r, push.NotGiven, "public.changed: UPDATE … SET "+column+" = DEFAULT") {
			t.Errorf("%s is not told: %v", column, r.Findings)
		}
	}
	// A default of the table's that changes, comes or goes is the view's at the next look, and one that somebody changes there is put right.
	w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN price SET DEFAULT 7, ALTER COLUMN tag DROP DEFAULT, ALTER COLUMN k SET DEFAULT 'k'; ALTER VIEW governed_public.changed ALTER COLUMN region SET DEFAULT 'ASIA'")
	for _, locks := range []int{0, 14} {
		w.settings.MaxLocks = locks
		w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN price SET DEFAULT "+map[int]string{0: "7", 14: "8"}[locks])
		w.sync()
	}
	if got := w.value(ann, "UPDATE changed SET price = DEFAULT, tag = DEFAULT, region = DEFAULT WHERE k = 'mine' RETURNING price, tag, region"); got != "8.00|NULL|EUROPE" {
		t.Errorf("after changes: %s", got)
	}
	// What somebody changes there by hand is told, and put right; what the table has become is nobody's drift.
	s := w.syncer()
	told := func(want ...string) {
		t.Helper()
		r, err := s.Sync(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatal(err, r)
		}
		var got []string
		for _, f := range r.Findings {
			if f.Kind == push.Drifted {
				got = append(got, f.Object+": "+f.Detail)
			}
		}
		if len(got) != len(want) || !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	told()
	w.exec(w.admin, "ALTER VIEW governed_public.changed ALTER COLUMN region SET DEFAULT 'ASIA', ALTER COLUMN price DROP DEFAULT")
	told("governed_public.changed: somebody dropped the default of column price", "governed_public.changed: somebody set the default of column region")
	told()
	w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN price SET DEFAULT 9")
	told()
	w.settings.Drift = push.DriftReport
	s = w.syncer()
	told()
	w.exec(w.admin, "ALTER VIEW governed_public.changed ALTER COLUMN region SET DEFAULT 'ASIA'")
	told("governed_public.changed: somebody set the default of column region")
	told()
	w.settings.Drift = ""
	w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN price SET DEFAULT 8")
	w.sync()
	// While somebody holds the view its defaults wait, and it is read and written to as before.
	w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN price SET DEFAULT 10")
	holder := w.as(w.accounts["bob"])
	w.exec(holder, "BEGIN; SELECT count(*) FROM changed")
	w.settings.LockTimeout = 200 * time.Millisecond
	if r, err := w.syncer().Sync(t.Context(), w.input()); err != nil || r.Done || !w.found(r, push.Blocked, "governed_public.changed: its defaults could not be changed") {
		t.Errorf("%v, %v", err, r.Findings)
	}
	if got := w.value(ann, "UPDATE changed SET price = DEFAULT WHERE k = 'mine' RETURNING price"); got != "8.00" {
		t.Errorf("while the view is held: %s", got)
	}
	w.exec(holder, "ROLLBACK")
	w.sync()
	w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN price SET DEFAULT 8")
	w.sync()
	// A view that is replaced keeps them, one that is made anew gets them, one that nobody updates loses them.
	w.data[0].Rules[0].Rows += " OR id < 0"
	w.sync()
	w.exec(w.admin, "ALTER TABLE changed ADD COLUMN late int DEFAULT 5; DROP VIEW governed_public.changed")
	w.hidden["public.changed.late"] = true
	w.sync()
	if got := w.value(ann, "UPDATE changed SET price = 1, k = 'mine' WHERE k = 'mine'; UPDATE changed SET price = DEFAULT WHERE k = 'mine' RETURNING price"); got != "8.00" {
		t.Errorf("after it was made anew: %s", got)
	}
	w.subscriptions[3].Privileges = []policy.Privilege{policy.PrivilegeInsert}
	w.exec(w.admin, "ALTER TABLE changed ALTER COLUMN id DROP DEFAULT, ALTER COLUMN price SET DEFAULT 9")
	w.sync()
	if got := w.value(w.admin, "SELECT count(*) FROM pg_attrdef WHERE adrelid = 'governed_public.changed'::regclass"); got != "0" {
		t.Errorf("a view to which rows are added has %s defaults of its own", got)
	}
	if got := w.value(w.admin, "SELECT k FROM changed WHERE region = 'ASIA'"); !strings.Contains(got, "hidden") {
		t.Errorf("the hidden row is %s", got)
	}
}
