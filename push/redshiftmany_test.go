package push_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

// crowd adds people who are analysts, each with attributes of their own.
func (w *store) crowd(n int) {
	w.t.Helper()
	prefix := pgtest.Name("many")
	w.behind(fmt.Sprintf("DO $$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE ROLE %%I LOGIN', '%s_' || i); END LOOP; END $$", n, prefix))
	for i := range n {
		user := fmt.Sprintf("many%03d", i)
		w.accounts[user] = fmt.Sprintf("%s_%d", prefix, i+1)
		w.users = append(w.users, w.accounts[user])
		w.specs[user] = identity.Spec{User: user, Groups: []string{"analysts", "100%; of %, all"}, Attributes: map[string][]string{"region": {"ASIA"}, "desk": {fmt.Sprint("desk ", i), "50%  "}, "empty": {""}}}
	}
}

// calls counts the statements that were sent, and those of them that write people.
func (w *store) calls() (sent, calls int) {
	for _, sql := range w.sent {
		if strings.HasPrefix(sql, "CALL ") {
			calls++
		}
	}
	return len(w.sent), calls
}

// TestRedshiftManyPeople: 500 people cost a few calls, at the first sync and when something changes about all of them; each is written whole.
func TestRedshiftManyPeople(t *testing.T) {
	const n = 500
	w := newStore(t)
	w.crowd(n)
	few := func(what string, most int) {
		t.Helper()
		sent, calls := w.calls()
		t.Logf("%s: %d people by %d calls, %d statements in all", what, n+3, calls, sent)
		if calls > most || calls == 0 {
			t.Errorf("%s: %d calls, want at most %d", what, calls, most)
		}
	}
	w.sync()
	few("first sync", 20)
	if got := w.value("SELECT count(*), count(DISTINCT account) FROM postern_system.profile"); got != fmt.Sprintf("%d|%d", n+3, n+3) {
		t.Errorf("profiles: %s", got)
	}
	w.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "2")
	for user, spec := range w.specs {
		if strings.HasPrefix(user, "many") {
			spec.Attributes = map[string][]string{"region": {"EUROPE"}, "desk": {"none"}}
			w.specs[user] = spec
		}
	}
	w.sent = nil
	w.sync()
	few("a change of all", 20)
	// One of whom much is known is written apart, among the others.
	spec := w.specs["many250"]
	for i := range 1200 {
		spec.Attributes["desk"] = append(spec.Attributes["desk"], fmt.Sprint("more ", i))
	}
	w.specs["many250"] = spec
	for i := range 20 {
		delete(w.specs, fmt.Sprintf("many%03d", i))
	}
	for _, user := range []string{"many249", "many251"} {
		w.specs[user] = identity.Spec{User: user, Groups: []string{"analysts"}}
	}
	w.sent = nil
	w.sync()
	few("one with very much, two that change, twenty that are gone", 5)
	if got := w.value("SELECT count(*) FROM postern_system.entitlement WHERE kind = 'attribute' AND name = 'desk;' AND account = '" + w.accounts["many250"] + "'"); got != "1201" {
		t.Errorf("%s rows of who has very much", got)
	}
}

// TestRedshiftManyPeopleKilled: a Syncer that dies between the calls leaves nobody with more than they had or shall have.
func TestRedshiftManyPeopleKilled(t *testing.T) {
	w := newStore(t)
	w.crowd(150)
	people := map[string]*pgconn.PgConn{}
	for _, user := range []string{"ann", "bob", "cid"} {
		people[user] = w.as(user)
	}
	nothing := w.probe(people)
	deaths := 0
	die := func(to seen, from seen) {
		t.Helper()
		for at := 0; ; at++ {
			died := w.killedAt(at, func(sql string) bool { return strings.HasPrefix(sql, "CALL ") }, w.deaths()["before"], func() {
				for _, bad := range w.probe(people).between(from, to) {
					t.Errorf("call %d: %s", at, bad)
				}
			})
			if !died {
				return
			}
			deaths++
		}
	}
	// What shall be is known by another store with the same people.
	first := w.moment
	w.finish()
	after := w.probe(people)
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	if !w.probe(people).equal(nothing) {
		t.Fatal("something is left")
	}
	die(after, nothing)
	another := anotherMoment()
	for user, spec := range w.specs {
		if _, known := another.specs[user]; !known {
			spec.Attributes = map[string][]string{"region": {"EUROPE"}}
			another.specs[user] = spec
		}
	}
	w.set(another)
	w.finish()
	then := w.probe(people)
	w.set(first)
	die(after, then)
	t.Logf("%d deaths", deaths)
	if deaths < 4 {
		t.Errorf("%d deaths, want 4 at least", deaths)
	}
}

// TestRedshiftCallsFit: no parameter is longer than a text may be, and no call has more items than its procedure counts.
func TestRedshiftCallsFit(t *testing.T) {
	var rows []push.Profile
	for i := range 3000 {
		p := push.Profile{Account: fmt.Sprintf("account_%d", i), User: fmt.Sprintf("user %d", i), Attributes: "{}"}
		for g := range i % 7 * 3 {
			p.Groups = append(p.Groups, strings.Repeat("100%", 1+i%40)+fmt.Sprint(g))
		}
		slices.Sort(p.Groups)
		rows = append(rows, p)
	}
	calls, people := push.RedshiftCalls(rows), 0
	for _, st := range calls {
		for _, text := range st.Params {
			if n := strings.Count(text, "%;"); strings.HasPrefix(st.SQL, "CALL postern_procedures.put_profiles(") && n > 1000 {
				t.Errorf("%d items", n)
			}
			if len(text) > 65_535 {
				t.Errorf("a parameter of %d bytes", len(text))
			}
		}
		if strings.HasPrefix(st.SQL, "CALL postern_procedures.put_profiles(") {
			people += strings.Count(st.Params[0], "%;")
		} else if strings.HasPrefix(st.SQL, "CALL postern_procedures.put_profile(") {
			people++
		}
	}
	t.Logf("%d people by %d calls", people, len(calls))
	if people != len(rows) || len(calls) > len(rows)/10 {
		t.Errorf("%d of %d people by %d calls", people, len(rows), len(calls))
	}
}
