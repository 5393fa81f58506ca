package push_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

var errStopped = errors.New("stopped")

// asking counts what a Syncer asks its server: each of its messages that the server answers for.
type asking struct {
	net.Conn
	count *atomic.Int64
}

// Write counts simple queries (Q) and ends of extended ones (S): protocol, "Message Formats". Each is written in one piece with what belongs to it.
func (a asking) Write(b []byte) (int, error) {
	for i := 0; i+5 <= len(b); {
		if b[i] == 'Q' || b[i] == 'S' {
			a.count.Add(1)
		}
		i += 1 + int(b[i+1])<<24 + int(b[i+2])<<16 + int(b[i+3])<<8 + int(b[i+4])
	}
	return a.Conn.Write(b)
}

// counted has a Syncer's questions counted.
func (w *world) counted(count *atomic.Int64) func(*push.Config) {
	return func(c *push.Config) {
		c.Dial = func(ctx context.Context) (*pgconn.PgConn, error) {
			config, err := pgconn.ParseConfig(w.server().URL(w.settings.SystemRole, "pw", w.database))
			if err != nil {
				return nil, err
			}
			config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
				return asking{conn, count}, nil
			}
			return pgconn.ConnectConfig(ctx, config)
		}
	}
}

// TestFirstChangeIsAsSmallAsLaterOnes: the first change after the first sync, that of a person who just came included, asks the server no more than those after
// it, and a whole look is wanted only for who came or went.
func TestFirstChangeIsAsSmallAsLaterOnes(t *testing.T) {
	w := newShop(t)
	var asked atomic.Int64
	s := w.syncer(w.counted(&asked))
	if r, err := s.Sync(t.Context(), w.input()); err != nil || !r.Done {
		t.Fatal(err, r)
	}
	whole := asked.Load()
	quick := func(what string, statements int, look bool) int64 {
		t.Helper()
		before := asked.Load()
		r, err := s.Quick(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatal(what, err, r)
		}
		n := asked.Load() - before
		t.Logf("%s: %d statements, %d questions in all", what, r.Statements, n)
		if r.Statements != statements || r.Look != look {
			t.Errorf("%s: %d statements (%v), want %d; a look is wanted: %v\n%s", what, r.Statements, r.Transactions, statements, r.Look, r.Plan)
		}
		return n
	}
	region := func(user, value string) {
		w.specs[user] = identity.Spec{User: user, Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {value}}}
	}
	region("ann", "ASIA")
	first := quick("the first change", 1, false)
	var later int64
	for i := range 3 {
		region("ann", []string{"EUROPE", "ASIA", "EUROPE"}[i])
		later = quick("a later change", 1, false)
	}
	if first != later {
		t.Errorf("the first change asks %d questions, and a later one %d", first, later)
	}
	w.person(identity.Spec{User: "eve", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}})
	came := quick("somebody comes", 4, true)
	if got := w.value(w.as(w.accounts["eve"]), "SELECT c_custkey FROM customer"); got != "1\n3" {
		t.Errorf("eve sees %s", got)
	}
	region("eve", "ASIA")
	if n := quick("the first change of who came", 1, false); n != later {
		t.Errorf("the first change of who came asks %d questions, and a later one %d", n, later)
	}
	if came >= whole/2 {
		t.Errorf("that somebody comes asks %d questions, and a whole run %d", came, whole)
	}
	delete(w.specs, "eve")
	gone := quick("somebody goes", 4, true)
	if gone >= whole/2 {
		t.Errorf("that somebody goes asks %d questions, and a whole run %d", gone, whole)
	}
	w.refused(w.as(w.accounts["eve"]), "SELECT c_custkey FROM governed_public.customer", "42501")
	w.clean(s)
}

// clean wants a whole run to find nothing: nothing to do, and nothing that somebody else did.
func (w *world) clean(s *push.Syncer) {
	w.t.Helper()
	r, err := s.Sync(w.t.Context(), w.input())
	if err != nil || !r.Plan.Empty() {
		w.t.Fatalf("%v: a whole run finds\n%s", err, r.Plan)
	}
	for _, f := range r.Findings {
		if f.Kind == push.Drifted || f.Kind == push.Blocked {
			w.t.Errorf("a whole run finds %s", f)
		}
	}
}

// TestQuickMakesAndDropsRoles: the role of a person who has none is made with the person's first row, and dropped when they go.
func TestQuickMakesAndDropsRoles(t *testing.T) {
	w := newShop(t)
	s := w.syncer()
	if _, err := s.Sync(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	account := pgtest.Name("new")
	w.accounts["new"] = account
	w.specs["new"] = identity.Spec{User: "new", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	r, err := s.Quick(t.Context(), w.input())
	if err != nil || !r.Done || !r.Look {
		t.Fatal(err, r)
	}
	there := func() string {
		return w.value(w.admin, fmt.Sprintf("SELECT count(*) FILTER (WHERE rolcanlogin) || ' ' || count(*) FROM pg_roles WHERE rolname = '%s'", account))
	}
	if got := there(); got != "1 1" {
		t.Errorf("the role is %s", got)
	}
	w.exec(w.admin, "ALTER ROLE "+account+" PASSWORD 'pw'")
	conn := w.as(account)
	if got := w.value(conn, "SELECT c_custkey FROM customer"); got != "2" {
		t.Errorf("new sees %s", got)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	w.clean(s)
	delete(w.specs, "new")
	if r, err = s.Quick(t.Context(), w.input()); err != nil || !r.Done || !r.Look || there() != "0 0" {
		t.Error(err, r, there())
	}
	w.clean(s)
}

// TestQuickStoppedAnywhere: a run by which somebody comes, or goes, that is stopped before any of its statements shows nobody more than before or after, and the
// next one completes it.
func TestQuickStoppedAnywhere(t *testing.T) {
	w := newShop(t)
	left := -1
	s := w.syncer(func(c *push.Config) {
		c.Before(func(string) error {
			if left--; left == -1 {
				return errStopped
			}
			return nil
		})
	})
	sync := func() (*push.Report, error) { return s.Quick(t.Context(), w.input()) }
	if r, err := sync(); err != nil || !r.Done {
		t.Fatal(err, r)
	}
	account := pgtest.Name("new")
	w.accounts["new"] = account
	spec := identity.Spec{User: "new", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	// What the role sees, as the server has it: rows need a profile and a membership.
	sees := func() string {
		return w.value(w.admin, fmt.Sprintf(`SELECT EXISTS (SELECT FROM postern_system.profile WHERE account = '%[1]s'), EXISTS (SELECT FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member AND r.rolname = '%[1]s')`, account))
	}
	stops := 0
	for _, c := range []struct {
		do            func()
		before, after string
	}{{func() { w.specs["new"] = spec }, "f|f", "t|t"}, {func() { delete(w.specs, "new") }, "t|t", "f|f"}} {
		for at, done := 0, false; !done; at++ {
			if at > 0 {
				// As it was, to be stopped a statement later.
				if c.before == "f|f" {
					delete(w.specs, "new")
				} else {
					w.specs["new"] = spec
				}
				left = -1
				if r, err := sync(); err != nil || !r.Done || sees() != c.before {
					t.Fatal(at, err)
				}
			}
			c.do()
			left = at
			r, err := sync()
			done = err == nil
			got := sees()
			switch {
			case done && (!r.Done || got != c.after):
				t.Errorf("after all: %s, %v", got, r)
			case got != c.before && got != c.after:
				t.Errorf("stopped before statement %d: %s", at, got)
			}
			if done {
				break
			}
			stops++
			left = -1
			if r, err := sync(); err != nil || !r.Done || sees() != c.after {
				t.Errorf("stopped before statement %d, and not completed: %v %s", at, err, sees())
			}
		}
		left = -1
		w.clean(s)
	}
	t.Logf("stopped %d times", stops)
	if stops < 10 {
		t.Errorf("no more than %d stops", stops)
	}
}

// TestComingsTellOfDrift: what somebody else changed of people's roles is not taken for what the run itself does: a whole run tells of it.
func TestComingsTellOfDrift(t *testing.T) {
	w := newShop(t)
	s := w.syncer()
	if _, err := s.Sync(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	// From PostgreSQL 16 on a membership belongs to who gave it.
	system := w.as(w.settings.SystemRole)
	for i, c := range []struct{ sql, says string }{
		{"ALTER ROLE " + w.accounts["ann"] + " IN DATABASE " + w.database + " RESET search_path", "somebody changed its search path"},
		{"DELETE FROM postern_system.profile WHERE account = '" + w.accounts["bob"] + "'", "removed its row"},
		{"DO $$ DECLARE r name; BEGIN FOR r IN SELECT pg_get_userbyid(a.roleid) FROM pg_auth_members AS a WHERE a.member = '" + w.accounts["cid"] + "'::regrole LOOP EXECUTE format('REVOKE %I FROM " + w.accounts["cid"] + "', r); END LOOP; END $$",
			"somebody ended its membership"},
	} {
		w.exec(system, c.sql)
		who := fmt.Sprintf("comer%d", i)
		w.person(identity.Spec{User: who, Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}})
		r, err := s.Quick(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatal(err, r)
		}
		if r.Look || !w.found(r, push.Drifted, c.says) {
			t.Errorf("%s: a whole run is not made, or does not tell\n%v", c.says, r.Findings)
		}
		if got := w.value(w.as(w.accounts[who]), "SELECT c_custkey FROM customer"); got != "1\n3" {
			t.Errorf("%s sees %s", who, got)
		}
	}
	w.clean(s)
}

// TestLookGivesWay: a look for drift that has only looked so far gives way to a change, and is made after it.
func TestLookGivesWay(t *testing.T) {
	w := newShop(t)
	var current atomic.Pointer[push.Input]
	in := w.input()
	current.Store(&in)
	changed, reports := make(chan struct{}, 1), make(chan *push.Report, 100)
	looks, change := 0, push.Input{}
	s := w.syncer(func(c *push.Config) {
		c.Progress = func(p push.Progress) {
			if p.Doing != "looking at what is there" {
				return
			}
			if looks++; looks == 2 {
				current.Store(&change)
				changed <- struct{}{}
			}
		}
	})
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	change = w.input()
	loop := &push.Loop{Syncer: s, Changed: changed, Interval: time.Second, Current: func() (push.Input, bool) { return *current.Load(), true }}
	stop := looping(t, loop, reports)
	if r := <-reports; !r.Done {
		t.Error(r)
	}
	w.exec(w.admin, "GRANT SELECT ON governed_public.customer TO "+w.service)
	// The change comes before the grant is found, which the look that gave way would have found.
	if r := <-reports; r.Statements != 1 || r.Transactions != 1 || w.found(r, push.Drifted, w.service) {
		t.Errorf("%d statements in %d transactions: %v", r.Statements, r.Transactions, r.Findings)
	}
	if got := w.value(w.as(w.accounts["ann"]), "SELECT c_custkey FROM customer"); got != "2" {
		t.Errorf("ann sees %s", got)
	}
	for told := false; !told; {
		select {
		case r := <-reports:
			told = w.found(r, push.Drifted, w.service)
		case <-time.After(20 * time.Second):
			t.Fatal("the look that gave way is not made")
		}
	}
	stop()
}

// TestLoopLooksAtWhoCame: what else somebody may do who came is told soon after they came, and not only at the next look for drift.
func TestLoopLooksAtWhoCame(t *testing.T) {
	w := newShop(t)
	var current atomic.Pointer[push.Input]
	in := w.input()
	current.Store(&in)
	changed, reports := make(chan struct{}, 1), make(chan *push.Report, 100)
	loop := &push.Loop{Syncer: w.syncer(), Changed: changed, Interval: time.Hour, Current: func() (push.Input, bool) { return *current.Load(), true }}
	stop := looping(t, loop, reports)
	<-reports
	w.person(identity.Spec{User: "eve", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}})
	w.exec(w.admin, "GRANT SELECT ON public.customer TO "+w.accounts["eve"])
	next := w.input()
	current.Store(&next)
	changed <- struct{}{}
	if r := <-reports; !r.Done || !r.Look || r.Transactions != 1 {
		t.Error(r)
	}
	select {
	case r := <-reports:
		if !r.Plan.Empty() || !w.found(r, push.NotGoverned, "public.customer: somebody granted SELECT") {
			t.Errorf("%v", r.Findings)
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody looks")
	}
	stop()
}

// TestLoopSeesNewRights: that the system role has become a member of a table's owner, for which the plan asks, is seen without any change and long before the next
// look for drift.
func TestLoopSeesNewRights(t *testing.T) {
	w := newShop(t)
	w.data = w.data[:1]
	w.settings.Enforce = push.EnforceRowSecurity
	owner := w.role("owner")
	w.exec(w.admin, "ALTER TABLE public.customer OWNER TO "+owner)
	in := w.input()
	reports := make(chan *push.Report, 100)
	loop := &push.Loop{Syncer: w.syncer(), Interval: time.Hour, Glance: 50 * time.Millisecond, Current: func() (push.Input, bool) { return in, true }}
	stop := looping(t, loop, reports)
	const secured = "SELECT relrowsecurity FROM pg_class WHERE oid = 'public.customer'::regclass"
	if r := <-reports; !r.Done || len(r.Plan.ByDBA) == 0 || w.value(w.admin, secured) != "f" {
		t.Error(r, w.value(w.admin, secured))
	}
	time.Sleep(500 * time.Millisecond)
	if len(reports) > 0 {
		t.Errorf("a glance is told as a run: %v", <-reports)
	}
	w.exec(w.admin, "GRANT "+owner+" TO "+w.settings.SystemRole)
	select {
	case r := <-reports:
		if !r.Done || len(r.Plan.ByDBA) > 0 || w.value(w.admin, secured) != "t" {
			t.Error(r, w.value(w.admin, secured))
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody looks")
	}
	stop()
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Error(err)
	}
}

// looping runs a loop that hands on its reports; the returned function ends it.
func looping(t *testing.T, loop *push.Loop, reports chan<- *push.Report) (stop func()) {
	t.Helper()
	loop.Told = func(r *push.Report, err error) {
		if err != nil {
			t.Error(err)
		}
		reports <- r
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- loop.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
