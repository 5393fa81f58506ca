package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// wire is a TCP relay between a server and its state, of which either direction can be cut without anybody being told: bytes
// that are sent into the cut are kept, and go on when it is mended.
type wire struct {
	listener   net.Listener
	to         string
	there      gate // from the server to the state
	back       gate
	mu         sync.Mutex
	open       map[net.Conn]bool
	wait       sync.WaitGroup
	terminated bool
	refuses    atomic.Bool
}

// gate holds back what goes through it while it is shut.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // closed when the gate opens; nil while it is open
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case open && g.shut != nil:
		close(g.shut)
		g.shut = nil
	case !open && g.shut == nil:
		g.shut = make(chan struct{})
	}
}

func (g *gate) pass() {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut != nil {
		<-shut
	}
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: to, open: map[net.Conn]bool{}}
	w.wait.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.there.set(true)
		w.back.set(true)
		w.mu.Lock()
		w.terminated = true
		for c := range w.open {
			c.Close()
		}
		w.mu.Unlock()
		w.wait.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		from, err := w.listener.Accept()
		if err != nil {
			return
		}
		if w.refuses.Load() {
			from.Close()
			continue
		}
		to, err := net.Dial("tcp", w.to)
		if err != nil {
			from.Close()
			continue
		}
		w.mu.Lock()
		w.open[from], w.open[to] = true, true
		w.mu.Unlock()
		w.wait.Go(func() { w.relay(to, from, &w.there) })
		w.wait.Go(func() { w.relay(from, to, &w.back) })
	}
}

// silence has whatever is sent either way wait until it ends.
func (w *wire) silence(on bool) {
	w.there.set(!on)
	w.back.set(!on)
}

// refuse breaks all connections, and every new one, until it ends: as a state does that was stopped.
func (w *wire) refuse(on bool) {
	w.refuses.Store(on)
	if !on {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		c.Close()
	}
	clear(w.open)
}

func (w *wire) relay(to, from net.Conn, g *gate) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		g.pass()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// through is a state's address by way of the wire.
func (w *wire) through(t *testing.T, state string) string {
	t.Helper()
	c, err := pgx.ParseConfig(state)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", c.User, w.listener.Addr(), c.Database)
}

// askers put the same question to a server over and over, in sessions that stay open, and note when it was last answered.
type askers struct {
	stop     context.CancelFunc
	wait     sync.WaitGroup
	answered atomic.Int64
	// last is the instant of the last answer, in nanoseconds, sent of its question.
	last, sent atomic.Int64
	refused    sync.Map // SQLSTATE to true
}

func ask(t *testing.T, in *instance, who person, sql string, sessions int) *askers {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	a := &askers{stop: stop}
	for range sessions {
		conn, err := pgconn.Connect(ctx, dsn(in, who, "sslmode=disable"))
		if err != nil {
			t.Fatal(err)
		}
		a.wait.Go(func() {
			defer conn.Close(context.WithoutCancel(ctx))
			for ctx.Err() == nil {
				began := time.Now()
				_, err := conn.Exec(ctx, sql).ReadAll()
				var told *pgconn.PgError
				switch {
				case err == nil:
					a.answered.Add(1)
					a.last.Store(max(a.last.Load(), time.Now().UnixNano()))
					a.sent.Store(max(a.sent.Load(), began.UnixNano()))
				case errors.As(err, &told):
					a.refused.Store(told.Code, true)
					time.Sleep(2 * time.Millisecond)
				}
				if conn.IsClosed() {
					return
				}
			}
		})
	}
	return a
}

func (a *askers) end() {
	a.stop()
	a.wait.Wait()
}

// after is how long after an instant the last answer came.
func (a *askers) after(at time.Time) time.Duration { return time.Unix(0, a.last.Load()).Sub(at) }

// late says how an answer came that should not have come any more at an instant: to a question that was asked after it, or so long after it that it
// cannot have been on its way. It is empty where none did.
func (a *askers) late(at time.Time) string {
	if sent := time.Unix(0, a.sent.Load()).Sub(at); sent > 0 {
		return fmt.Sprintf("answered what was asked %v after", sent)
	}
	if read := a.after(at); read > slack {
		return fmt.Sprintf("answered %v after", read)
	}
	return ""
}

// got reports a refusal with the code.
func (a *askers) got(code string) bool {
	_, ok := a.refused.Load(code)
	return ok
}

// soon waits for a refusal with the code.
func (a *askers) soon(code string) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if a.got(code) {
			return true
		}
	}
	return false
}

// slack is what a busy machine may add to a bound.
const slack = 250 * time.Millisecond

// TestPartition: a server that is cut off from the state in one direction or the other, or in both, answers nothing by what was replaced more than
// the staleness ago, refuses with 57P03 until it hears from the state again, and recovers by itself. apply waits for it until its lease has run out.
func TestPartition(t *testing.T) {
	noticeSources(t)
	state, more := stateDatabase(t)
	c, err := pgx.ParseConfig(state)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, fmt.Sprintf("%s:%d", c.Host, c.Port))
	near, far := startStored(t, state, more), startStored(t, w.through(t, state), more)
	o := newOperator(t, near, far)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	ann := people()[0]
	const sql = "SELECT count(*) FROM customer"
	for _, cut := range []struct {
		name        string
		there, back bool
	}{{"what the server sends", false, true}, {"what the state answers", true, false}, {"both", false, false}} {
		t.Run(cut.name, func(t *testing.T) {
			o.t = t
			a := ask(t, far, ann, sql, 4)
			defer a.end()
			eventually(t, 5*time.Second, "answers", func() bool { return a.answered.Load() > 20 })
			w.there.set(cut.there)
			w.back.set(cut.back)
			o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
			began := time.Now()
			o.must(exitOK, "is in force", "apply", "-f", "users.yaml")
			returned := time.Now()
			eventually(t, 5*time.Second, "57P03", func() bool { return a.got("57P03") })
			time.Sleep(200 * time.Millisecond)
			// The change was stored after the command began, so the bound is measured generously against us.
			if late := a.after(began); late > time.Second+slack {
				t.Errorf("answered %v after the change", late)
			}
			if late := a.late(returned); late != "" {
				t.Errorf("%s apply returned", late)
			}
			t.Logf("last answer %v after apply began, which took %v", a.after(began).Round(time.Millisecond), returned.Sub(began).Round(time.Millisecond))
			if status, body := readyz(t, far); status != 503 || !strings.Contains(body, "cannot be confirmed") {
				t.Errorf("readyz: %d %s", status, body)
			}
			w.there.set(true)
			w.back.set(true)
			eventually(t, 10*time.Second, "it recovers, and knows", func() bool { return a.got("42P01") })
			o.replace("users.yaml", "groups: [visitors]", "groups: [analysts]")
			o.must(exitOK, "is in force", "apply", "-f", "users.yaml")
			o.everywhere(ann, sql, "608", "")
		})
	}
	o.t = t
}

// TestKilledReplica: one of two servers is killed under load, in the middle of a change; neither answers by what was replaced longer than the
// staleness ago, and apply returns.
func TestKilledReplica(t *testing.T) {
	noticeSources(t)
	state, more := stateDatabase(t)
	one, two := startStored(t, state, more), startStored(t, state, more)
	o := newOperator(t, one, two)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	ann := people()[0]
	left, right := ask(t, one, ann, "SELECT count(*) FROM customer", 8), ask(t, two, ann, "SELECT count(*) FROM customer", 8)
	defer left.end()
	defer right.end()
	eventually(t, 10*time.Second, "answers", func() bool { return left.answered.Load() > 50 && right.answered.Load() > 50 })
	o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = two.cmd.Process.Kill()
	}()
	began := time.Now()
	o.must(exitOK, "revision 2", "apply", "-f", "users.yaml")
	took := time.Since(began)
	<-two.done
	if took > time.Second+2*slack {
		t.Errorf("apply took %v", took)
	}
	if !left.got("42501") && !left.soon("42P01") { // the result under way is cut, or the next statement refused
		left.refused.Range(func(code, _ any) bool { t.Errorf("refused with %v", code); return true })
	}
	time.Sleep(300 * time.Millisecond)
	for name, a := range map[string]*askers{"the server that lives": left, "the one that was killed": right} {
		if late := a.after(began); late > time.Second+slack {
			t.Errorf("%s answered %v after the change", name, late)
		}
		t.Logf("%s: %d answers, the last %v after apply began, which took %v", name, a.answered.Load(), a.after(began).Round(time.Millisecond), took.Round(time.Millisecond))
	}
}

// TestStateGone: with the state gone, whether it is silent or was stopped, servers go on for the staleness, then refuse, and recover by themselves when it
// is back.
func TestStateGone(t *testing.T) {
	noticeSources(t)
	t.Run("silent", func(t *testing.T) { stateGone(t, (*wire).silence) })
	t.Run("stopped", func(t *testing.T) { stateGone(t, (*wire).refuse) })
}

func stateGone(t *testing.T, goes func(w *wire, gone bool)) {
	state, more := stateDatabase(t)
	c, err := pgx.ParseConfig(state)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, fmt.Sprintf("%s:%d", c.Host, c.Port))
	in := startStored(t, w.through(t, state), more)
	o := newOperator(t, in)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	a := ask(t, in, people()[0], "SELECT count(*) FROM customer", 2)
	defer a.end()
	eventually(t, 5*time.Second, "answers", func() bool { return a.answered.Load() > 20 })
	gone := time.Now()
	goes(w, true)
	time.Sleep(500 * time.Millisecond)
	if a.after(gone) < 300*time.Millisecond || a.got("57P03") {
		t.Errorf("it stopped answering %v after the state was gone", a.after(gone))
	}
	eventually(t, 3*time.Second, "57P03", func() bool { return a.got("57P03") })
	if late := a.after(gone); late > time.Second+slack {
		t.Errorf("it answered %v after the state was gone", late)
	}
	if code, out := o.at(in, "apply", "-f", "."); code == exitOK {
		t.Errorf("without a state something was applied: %s", out)
	}
	if status, body := readyz(t, in); status != 503 || !strings.Contains(body, "state: ") {
		t.Errorf("readyz: %d %s", status, body)
	}
	before := a.answered.Load()
	goes(w, false)
	eventually(t, 10*time.Second, "it answers again", func() bool { return a.answered.Load() > before+5 })
	o.must(exitOK, "0 changes", "apply", "-f", ".")
}

// TestRestartWithoutState: a server that starts while the state is gone waits for it.
func TestRestartWithoutState(t *testing.T) {
	noticeSources(t)
	state, more := stateDatabase(t)
	c, err := pgx.ParseConfig(state)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, fmt.Sprintf("%s:%d", c.Host, c.Port))
	near := startStored(t, state, more)
	o := newOperator(t, near)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	w.there.set(false)
	w.back.set(false)
	late := startStored(t, w.through(t, state), more, "TPCH_PASSWORD")
	if _, err := pgconn.Connect(t.Context(), dsn(late, people()[0], "sslmode=disable")); err == nil || !strings.Contains(err.Error(), "57P03") {
		t.Errorf("without a state: %v", err)
	}
	w.there.set(true)
	w.back.set(true)
	// It has not the password of the warehouse: that is named, and nothing else suffers.
	eventually(t, 15*time.Second, "the secret that cannot be resolved is named", func() bool {
		status, body := readyz(t, late)
		return status == 503 && strings.Contains(body, "connections: tpch: ") && strings.Contains(body, "TPCH_PASSWORD")
	})
	if status, body := readyz(t, near); status != 200 {
		t.Errorf("the other server: %d %s", status, body)
	}
}
