package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCancelFromPsql: Ctrl-C in psql ends a long statement within a second, in the warehouse too.
func TestCancelFromPsql(t *testing.T) {
	noticeSources(t)
	who := people()[0]
	endless := "SELECT count(*) FROM nation a, nation b, nation c, nation d, nation e, nation f, nation g, nation h"
	cmd := exec.CommandContext(t.Context(), "psql", psqlArgs(shared.server, who, "-c", endless)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+who.password, "PGAPPNAME=cancel")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	running := func() bool {
		return rawAnswer(t, `SELECT count(*) FROM pg_stat_activity WHERE usename = '`+serviceRole+`' AND state = 'active'
			AND query LIKE '%nation%nation%nation%nation%'`) == "1\n"
	}
	eventually(t, 10*time.Second, "the warehouse runs the statement", running)
	pressed := time.Now()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Logf("psql ended %v after Ctrl-C", time.Since(pressed).Round(time.Millisecond))
		if err == nil || !strings.Contains(errs.String(), "canceling statement due to user request") {
			t.Errorf("psql says %v, %s", err, errs.String())
		}
	case <-time.After(time.Second):
		_ = cmd.Process.Kill()
		<-ended
		t.Error("psql still runs a second after Ctrl-C")
	}
	eventually(t, time.Second-min(time.Since(pressed), 900*time.Millisecond), "the warehouse has stopped", func() bool { return !running() })
}
