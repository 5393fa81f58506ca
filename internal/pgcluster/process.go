package pgcluster

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// tailSize is how much of a program's output is kept for the error message if it fails.
const tailSize = 8 << 10

// process is a running child that ends with us.
type process struct {
	cmd    *exec.Cmd
	output *tail
	done   chan struct{} // closed when the child was waited for
	err    error         // how it ended; readable once done is closed
}

// startProcess starts a program as the given account, its output going to log and to the tail. The environment is made
// from nothing: PG* variables, locale and time zone of the caller must not shape the cluster.
func startProcess(as account, log io.Writer, dir, program string, args ...string) (*process, error) {
	p := &process{output: &tail{also: log}, done: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir = dir
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + dir}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	// A session of its own, so that Ctrl-C in a terminal reaches us first and we end the server in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as.credential(), Setsid: true}
	dieWithParent(p.cmd.SysProcAttr)
	// The server's children share its output; they must not keep us waiting once it is gone.
	p.cmd.WaitDelay = 2 * time.Second

	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run starts the child and waits for it on one thread that stays: the kernel's "parent died" signal is sent when the
// *thread* that started the child ends (prctl(2), PR_SET_PDEATHSIG), so the thread must live as long as the child.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// stop asks the child to end by the signal, kills it after the grace time, and returns when it is gone.
func (p *process) stop(sig os.Signal, grace time.Duration) {
	// An error means that it has ended already, which is what is wanted.
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
		return
	case <-time.After(grace):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

// tail is a writer that keeps the last tailSize bytes and passes everything on.
type tail struct {
	also io.Writer
	mu   sync.Mutex
	kept []byte
}

// Write keeps the end of what was written. It never fails: a broken log must not stop the server.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	if t.also != nil {
		_, _ = t.also.Write(b)
	}
	return len(b), nil
}

// String is the end of what was written.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
