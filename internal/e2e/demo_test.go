package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestDemoOnce: `postern demo --once` shows three answers and leaves nothing behind. Its warehouse holds the same rows as
// ours, because the generator's are the same everywhere.
func TestDemoOnce(t *testing.T) {
	noticeSources(t)
	// The hash of a name is not ours: each warehouse draws its own key.
	demoShows(t, demoOnce(t), func(who string, column int, value string) string {
		if who == "ann" && column == 1 {
			return ""
		}
		return value
	})
}

// TestDemoRedshift: `postern demo --once --redshift-standin` shows them in front of the stand-in for a Redshift, and the same ones by the views in
// it: each line of an answer has one half that is like the other.
func TestDemoRedshift(t *testing.T) {
	noticeSources(t)
	out := demoOnce(t, "--redshift-standin")
	if !strings.Contains(out, "\nThe same answers by both ways: ann, bob, cyd.\nBob gets ann's answer in the warehouse after CALL") {
		t.Errorf("nothing was compared:\n%s", out)
	}
	halves := 0
	for line := range strings.Lines(out) {
		proxy, view, two := strings.Cut(line, " | ")
		if !two || strings.HasPrefix(line, "by the proxy") {
			continue
		}
		if halves++; strings.TrimSpace(proxy) != strings.TrimSpace(view) {
			t.Errorf("two answers: %s", line)
		}
	}
	t.Logf("%d lines by both ways", halves)
	if halves != 3*7 {
		t.Errorf("%d lines of answers, and not those of three people, with five rows each", halves)
	}
	demoShows(t, out, func(who string, column int, value string) string {
		if who == "ann" && column == 1 {
			return "withheld"
		}
		return value
	})
}

// demoOnce runs the demo's tour and gives what it printed.
func demoOnce(t *testing.T, flags ...string) string {
	t.Helper()
	// The account that runs PostgreSQL has to pass through, which it cannot with a folder of testing's.
	folder := filepath.Join(shared.dir, t.Name())
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shared.binary, append([]string{"demo", "--once"}, flags...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+folder)
	cmd.SysProcAttr = childAttr()
	runtime.LockOSThread() // childAttr ties the child's life to this thread
	defer runtime.UnlockOSThread()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	t.Logf("the demo took %v", time.Since(began).Round(time.Millisecond))
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return out.String()
}

// demoShows looks for each value that each of the people is to see, as shown puts it.
func demoShows(t *testing.T, out string, shown func(who string, column int, value string) string) {
	t.Helper()
	for _, who := range people() {
		if !strings.Contains(out, who.name+" (") {
			t.Errorf("%s does not appear", who.name)
		}
		for row := range strings.Lines(rawAnswer(t, who.expected)) {
			for i, value := range strings.Split(strings.TrimSuffix(row, "\n"), "|") {
				if value = shown(who.name, i, value); !strings.Contains(out, strings.TrimSpace(value)) {
					t.Errorf("%s: %q does not appear", who.name, value)
				}
			}
		}
	}
	if t.Failed() {
		t.Log("\n" + out)
	}
}
