package e2e

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kills and killsInPostgres are how often TestKilledApply kills a server, by where its state is.
const kills, killsInPostgres = 25, 12

// TestKilledApply: a server that is killed at any moment of an apply has the old set or the new one when it starts again, whole, with an audit log
// whose chain holds, and what was acknowledged is not lost.
func TestKilledApply(t *testing.T) {
	noticeSources(t)
	t.Run("sqlite", func(t *testing.T) { killedApply(newOperator(t, startStored(t, "", "")), kills) })
	t.Run("postgres", func(t *testing.T) {
		state, more := stateDatabase(t)
		killedApply(newOperator(t, startStored(t, state, more)), killsInPostgres)
	})
}

func killedApply(o *operator, kills int) {
	t := o.t
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	set := func(n int) string {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, "kind: Group\nname: T%02d\ndescription: generation %d\n---\n", i, n)
		}
		return b.String()
	}
	o.file("groups.yaml.off", set(0))
	o.must(exitOK, "revision 2", "apply", "-f", "groups.yaml.off")
	acknowledged, old, fresh := 0, 0, 0
	moment := 60 * time.Millisecond
	const least = 15 * time.Millisecond
	step := least
	for n := 1; n <= kills; n++ {
		o.file("groups.yaml.off", set(n))
		done := make(chan int, 1)
		victim := o.servers[0]
		go func() {
			code, _ := o.at(victim, "apply", "-f", "groups.yaml.off")
			done <- code
		}()
		// Later where the last kill came too early, earlier where it came too late: most come while it is stored.
		time.Sleep(moment + rand.N(30*time.Millisecond))
		if err := victim.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-victim.done
		code := <-done
		o.servers[0] = restarted(t, victim)
		out := o.must(exitOK, "generation", "get", "groups", "-o", "yaml")
		whole := -1
		for _, g := range []int{acknowledged, n} {
			if strings.Count(out, fmt.Sprintf("description: generation %d\n", g)) == 60 {
				whole = g
			}
		}
		switch {
		case whole < 0:
			t.Fatalf("kill %d left a part of a set:\n%s", n, out)
		case code == exitOK && whole != n:
			t.Fatalf("kill %d lost what was acknowledged", n)
		case whole == n:
			fresh++
			step = further(step, -least)
		default:
			old++
			step = further(step, least)
		}
		moment = max(moment+step, 0)
		acknowledged = whole
		o.must(exitOK, "chain holds", "audit", "verify", "--dir", o.servers[0].audit)
	}
	if old == 0 || fresh == 0 {
		t.Errorf("%d kills left the old set and %d the new one: the moments are not spread", old, fresh)
	}
	t.Logf("%d kills: %d left the old set, %d the new one", kills, old, fresh)
}

// further is the next step in time: twice the last one where it goes the same way, as far as a busy machine needs, and the least one back.
func further(last, least time.Duration) time.Duration {
	if (last < 0) == (least < 0) {
		return 2 * last
	}
	return least
}

// restarted starts a server again that has ended.
func restarted(t *testing.T, old *instance) *instance {
	t.Helper()
	in := &instance{policies: old.policies, audit: old.audit, done: make(chan struct{})}
	in.cmd = exec.Command(shared.binary, "serve", "-c", filepath.Join(filepath.Dir(old.policies), "postern.yaml"), "--log-format", "json")
	in.cmd.SysProcAttr = childAttr()
	if err := in.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-in.done:
		default:
			if err := in.stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return in
}
