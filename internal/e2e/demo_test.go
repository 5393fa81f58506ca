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
	// The account that runs PostgreSQL has to pass through, which it cannot with a folder of testing's.
	folder := filepath.Join(shared.dir, "demo")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shared.binary, "demo", "--once")
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
	for _, who := range people() {
		if !strings.Contains(out.String(), who.name+" (") {
			t.Errorf("%s does not appear", who.name)
		}
		for row := range strings.Lines(rawAnswer(t, who.expected)) {
			for i, value := range strings.Split(strings.TrimSuffix(row, "\n"), "|") {
				if who.name == "ann" && i == 1 {
					continue // a keyed hash, and each warehouse draws its own key
				}
				if !strings.Contains(out.String(), strings.TrimSpace(value)) {
					t.Errorf("%s: %q does not appear", who.name, value)
				}
			}
		}
	}
	if t.Failed() {
		t.Log("\n" + out.String())
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
