package push_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
)

// childEnv, when set, makes this test binary a Syncer of one run, which somebody kills.
const childEnv = "POSTERN_PUSH_TEST_CHILD"

// childTask is what the Syncer's process is told.
type childTask struct {
	Admin, System string // URLs
	Settings      push.Settings
	Tables        []warehouse.TableName
	Subscriptions []policy.SubscriptionPolicy
	Data          []policy.DataPolicy
	Specs         map[string]identity.Spec
	Accounts      map[string]string
}

// runChild syncs once, and reports by its exit status whether that worked.
func runChild(text string) int {
	var task childTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx := context.Background()
	admin, err := pgconn.Connect(ctx, task.Admin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	program, err := task.program(ctx, admin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	in := push.Input{Program: program, Now: time.Now()}
	for user, spec := range task.Specs {
		in.People = append(in.People, push.Person{Principal: identity.NewPrincipal(spec), Account: task.Accounts[user]})
	}
	slices.SortFunc(in.People, func(a, b push.Person) int { return bytes.Compare([]byte(a.Account), []byte(b.Account)) })
	s, err := push.New(push.Config{
		Settings: task.Settings, Log: slog.New(slog.DiscardHandler), Record: func(context.Context, ...audit.Event) error { return nil },
		Dial: func(ctx context.Context) (*pgconn.PgConn, error) { return pgconn.Connect(ctx, task.System) },
	})
	if err == nil {
		var r *push.Report
		if r, err = s.Sync(ctx, in); err == nil && !r.Done {
			err = fmt.Errorf("not done: %v", r.Findings)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// program compiles the policies, as world.program does.
func (task *childTask) program(ctx context.Context, admin *pgconn.PgConn) (*policy.Program, error) {
	all, err := warehouse.Crawl(ctx, admin)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		t.Registered = slices.Contains(task.Tables, warehouse.TableName{Schema: t.Schema, Name: t.Name})
		for i := range t.Columns {
			t.Columns[i].Reviewed = true
		}
	}
	snapshot, err := catalog.New(1, "tpch", all)
	if err != nil {
		return nil, err
	}
	p, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Subscriptions: task.Subscriptions, Data: task.Data})
	return p, err
}

// child makes the process of a Syncer, which speaks to its server by the given port.
func (w *world) child(port int) *exec.Cmd {
	w.t.Helper()
	server := *w.server()
	server.Port = port
	task, err := json.Marshal(childTask{
		Admin: w.server().DSN(w.database), System: server.URL(w.settings.SystemRole, "pw", w.database), Settings: w.settings, Tables: w.tables,
		Subscriptions: w.subscriptions, Data: w.data, Specs: w.specs, Accounts: w.accounts,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+string(task))
	return cmd
}

// TestKilledProcess kills the process of a Syncer, by SIGKILL, at statement after statement: before the server has seen it, and after it has run it. At
// no time does anybody see anything but what they saw before, what they shall see, or nothing; and the next run completes.
func TestKilledProcess(t *testing.T) {
	f := newFaulty(t)
	w, b := f.w, f.b
	kills, most := 0, 0
	for at, n := 0, 0; ; at, n = at+3, n+1 {
		to := n % 2
		w.set(f.moments[to])
		cmd := w.child(b.port())
		var said bytes.Buffer
		cmd.Stderr = &said
		dead := make(chan struct{})
		b.arm(at, n/2%2 == 1, func() {
			_ = cmd.Process.Kill()
			<-dead // the connection is cut by its death
		})
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		close(dead)
		seen, killed := b.statements()
		most = max(most, seen)
		if killed == (err == nil) || cmd.ProcessState.ExitCode() > 0 {
			t.Fatalf("statement %d, killed: %t: %v\n%s", at, killed, err, said.String())
		}
		f.recover(to, fmt.Sprintf("killed at statement %d", at))
		if !killed {
			break
		}
		kills++
	}
	t.Logf("processes of %d statements were killed at %d of them", most, kills)
	if kills < minKills {
		t.Errorf("%d are fewer than %d", kills, minKills)
	}
}

// minKills and minCuts are how often a process is killed and a connection cut at least.
const (
	minKills = 20
	minCuts  = 30
)

// TestLostConnection cuts the connection at statement after statement, before the server has seen it and after it has run it, when nobody can know
// what became of it.
func TestLostConnection(t *testing.T) {
	f := newFaulty(t)
	w, b := f.w, f.b
	cuts := 0
	for at, n := 0, 0; ; at, n = at+2, n+1 {
		to := n % 2
		w.set(f.moments[to])
		s := w.syncer(func(c *push.Config) {
			c.Dial = func(ctx context.Context) (*pgconn.PgConn, error) {
				server := *w.server()
				server.Port = b.port()
				return pgconn.Connect(ctx, server.URL(w.settings.SystemRole, "pw", w.database))
			}
		})
		in := w.input()
		b.arm(at, n/2%2 == 1, func() {})
		_, err := s.Sync(t.Context(), in)
		if _, cut := b.statements(); !cut {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		cuts++
		f.recover(to, fmt.Sprintf("cut at statement %d", at))
	}
	t.Logf("the connection was cut at %d statements", cuts)
	if cuts < minCuts {
		t.Errorf("%d are fewer than %d", cuts, minCuts)
	}
}

// faulty is a shop with two moments between which much is different, what people see at each, and a breaker before its server.
type faulty struct {
	w       *world
	b       *breaker
	moments []moment
	views   []seen
	people  map[string]*pgconn.PgConn
}

// newFaulty is as at the second moment.
func newFaulty(t *testing.T) *faulty {
	t.Helper()
	w := newShop(t)
	w.settings.MaxLocks = 14
	w.data[2].On, w.data[2].Rules[0].Mask.Columns = tables("Sales.Order"), []string{"note"}
	f := &faulty{w: w, moments: []moment{w.moment, another()}, people: w.log()}
	for _, m := range f.moments {
		w.set(m)
		w.sync()
		f.views = append(f.views, w.probe(f.people))
	}
	if f.views[0].equal(f.views[1]) {
		t.Fatal("nothing changes")
	}
	f.b = newBreaker(t, w.server().Port)
	return f
}

// recover looks at what a broken run left, and runs once more.
func (f *faulty) recover(to int, when string) {
	f.w.t.Helper()
	for _, bad := range f.w.probe(f.people).between(f.views[1-to], f.views[to]) {
		f.w.t.Errorf("%s: %s", when, bad)
	}
	f.w.finish()
	if !f.w.probe(f.people).equal(f.views[to]) {
		f.w.t.Fatalf("%s: the next run did not complete", when)
	}
}
