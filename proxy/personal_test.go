package proxy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
)

// personalState is a state that lets root's friend ann act for bob and keeps one project.
type personalState struct {
	*state
	project *atomic.Pointer[string]
	broken  *atomic.Bool
}

func (s personalState) Impersonated(login, user string) (identity.Principal, error) {
	if login != "ann" || user != "bob" {
		return identity.Principal{}, pgerror.InsufficientPrivilege("permission denied to set session authorization %q", user)
	}
	return identity.NewPrincipal(identity.Spec{User: user, Login: login, Groups: s.groups[user]}), nil
}

func (s personalState) SetProject(_ context.Context, by audit.Event, project string) error {
	if s.broken.Load() {
		return pgerror.Unavailable("try again later")
	}
	name := by.User + " in " + project
	s.project.Store(&name)
	return nil
}

func (s personalState) Acknowledge(context.Context, audit.Event, string) error {
	return errors.New("the shelf is full")
}

// personalRewriter judges what is about the person as the real one does, and gives every result an end.
type personalRewriter struct {
	*passer
	ends time.Time
}

func (p personalRewriter) Rewrite(ctx context.Context, req rewrite.Request) (*rewrite.Result, error) {
	result, err := p.passer.Rewrite(ctx, req)
	if err != nil {
		return nil, err
	}
	result.ValidUntil = p.ends
	for i := range result.Statements {
		if s := &result.Statements[i]; s.Personal() {
			s.SQL = "SET postern.personal TO ''"
			if s.Kind == rewrite.KindReset {
				s.SQL = "RESET postern.personal"
			}
		}
	}
	return result, nil
}

func personalWorld(t *testing.T) (w *world, project *atomic.Pointer[string], broken *atomic.Bool) {
	t.Helper()
	w, project, broken = newWorld(t), &atomic.Pointer[string]{}, &atomic.Bool{}
	w.config.Rewriter = personalRewriter{passer: w.rewriter}
	w.config.Current = func() (proxy.State, error) { return personalState{w.state.Load(), project, broken}, nil }
	return w, project, broken
}

// short keeps type, severity and code of each message.
func short(transcript []string) (out []string) {
	for _, m := range transcript {
		f := strings.Fields(m)
		out = append(out, strings.Join(f[:min(len(f), 3)], " "))
	}
	return out
}

// TestActingForAnother: the session acts as the other from the next statement on, tells the client so, and all records have
// both names.
func TestActingForAnother(t *testing.T) {
	w, _, _ := personalWorld(t)
	w.change(func(s *state) { s.groups = map[string][]string{"ann": {"hers"}, "bob": {"his"}} })
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	client.transcript = nil
	for _, line := range []string{
		"Q SET SESSION AUTHORIZATION carl", "until Z", "Q SET SESSION AUTHORIZATION bob", "until Z", "Q SELECT GROUPS", "until Z",
		"P |RESET SESSION AUTHORIZATION|", "B ||", "E |0", "P |SELECT GROUPS|", "B ||", "E |0", "S", "until Z",
		"Q BEGIN", "until Z", "Q SET SESSION AUTHORIZATION bob", "until Z", "P |SET SESSION AUTHORIZATION bob|", "B ||", "E |0", "S", "until Z", "Q ROLLBACK", "until Z",
		"Q SET SESSION AUTHORIZATION bob", "until Z", "Q DISCARD ALL", "until Z", "Q SELECT GROUPS", "until Z",
	} {
		client.run(line)
	}
	got := strings.Join(short(client.transcript), "; ")
	const hers, his = "D 00010000000468657273", "D 000100000003686973"
	wants := []string{"E ERROR 42501; Z 49", "C SET; Z 49", his, "1; 2; C RESET; 1; 2; " + hers,
		"E ERROR 25001; Z 45", "E ERROR 25P02; Z 45", "C DISCARD ALL; Z 49", hers}
	rest := got
	for _, want := range wants {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q is not in %q\nof %q", want, rest, got)
		}
		rest = after
	}
	var asBob []string
	for _, kind := range []audit.Kind{audit.Statement, audit.End, audit.Refused, audit.Admin} {
		for _, e := range w.log.of(kind) {
			if e.Login != "ann" {
				t.Errorf("the login is not on record: %+v", e)
			}
			if e.User == "bob" {
				asBob = append(asBob, string(kind)+" "+e.SQL+e.Action)
			}
		}
	}
	for _, want := range []string{"statement SELECT GROUPS", "statement RESET SESSION AUTHORIZATION", "statement DISCARD ALL", "admin impersonation.end"} {
		if !slices.Contains(asBob, want) {
			t.Errorf("%q is not among what was done as bob: %q", want, asBob)
		}
	}
}

// TestProjectsOfASession: what cannot be kept is refused, and neither a session for another nor one without standings changes anything.
func TestProjectsOfASession(t *testing.T) {
	w, project, broken := personalWorld(t)
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	ask := func(lines ...string) string {
		client.transcript = nil
		for _, line := range append(lines, "until Z") {
			client.run(line)
		}
		return strings.Join(short(client.transcript), "; ")
	}
	if got := ask("Q SET postern.project = 'desk'"); got != "C SET; Z 49" || *project.Load() != "ann in desk" {
		t.Errorf("%s, %v", got, *project.Load())
	}
	broken.Store(true)
	if got := ask("Q RESET postern.project"); got != "E ERROR 57P03; Z 49" || *project.Load() != "ann in desk" {
		t.Errorf("%s, %v", got, *project.Load())
	}
	broken.Store(false)
	if got := ask("P |RESET postern.project|", "B ||", "E |0", "S"); !strings.HasSuffix(got, "C RESET; Z 49") || *project.Load() != "ann in " {
		t.Errorf("%s, %v", got, *project.Load())
	}
	if got := ask("Q SET postern.acknowledge = 'desk'"); got != "E ERROR XX000; Z 49" {
		t.Error(got)
	}
	if ask("Q SET SESSION AUTHORIZATION bob"); ask("Q SET postern.project = 'desk'") != "E ERROR 42501; Z 49" || *project.Load() != "ann in " {
		t.Errorf("for another: %v", *project.Load())
	}
	w.log.setBroken(true)
	if got := ask("Q RESET SESSION AUTHORIZATION"); got != "E ERROR 57P03; Z 49" {
		t.Errorf("without a record: %s", got)
	}
	w.log.setBroken(false)

	plain := newWorld(t).start(t)
	client = dialWire(t, plain.url("ann", ""))
	if got := ask("Q SET postern.project = 'desk'"); got != "E ERROR 0A000; Z 49" {
		t.Errorf("without standings: %s", got)
	}
}

// TestPreparedEndsInTime: what was prepared while an approval stood is judged anew once that has ended, by the clock alone.
func TestPreparedEndsInTime(t *testing.T) {
	w := newWorld(t)
	start := time.Now()
	var now atomic.Pointer[time.Time]
	now.Store(&start)
	w.config.Now = func() time.Time { return *now.Load() }
	w.config.Rewriter = personalRewriter{passer: w.rewriter, ends: start.Add(time.Hour)}
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	use := func() int64 {
		before := w.rewriter.calls.Load()
		for _, line := range []string{"B |s|", "E |0", "S", "until Z"} {
			client.run(line)
		}
		return w.rewriter.calls.Load() - before
	}
	client.run("P s|SELECT 1|")
	client.run("S")
	client.run("until Z")
	if n := use(); n != 0 {
		t.Errorf("judged %d times before the end", n)
	}
	later := start.Add(time.Hour)
	now.Store(&later)
	if n := use(); n == 0 {
		t.Error("not judged again after the end")
	}
}
