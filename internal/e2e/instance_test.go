package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// instance is a running `postern serve` with everything that is its own.
type instance struct {
	host, port string
	policies   string // the folder of its resource files
	audit      string // the folder of its audit log

	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; readable once done is closed

	mu  sync.Mutex
	log strings.Builder
}

const serverSettings = `listen: 127.0.0.1:0
admin: {listen: 127.0.0.1:0}
state: sqlite:%[1]s/postern.db
audit: {dir: %[1]s/audit}
resources: [%[1]s/policies]
%[2]s
`

// startInstance starts a server in a new folder below parent; files are its resource files by name, settings more lines
// of its configuration. It returns when the server says that it serves.
func startInstance(binary, parent string, files map[string]string, settings ...string) (*instance, error) {
	dir, err := os.MkdirTemp(parent, "serve-")
	if err != nil {
		return nil, err
	}
	in := &instance{policies: filepath.Join(dir, "policies"), audit: filepath.Join(dir, "audit"), done: make(chan struct{})}
	if err := os.Mkdir(in.policies, 0o700); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(in.policies, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	config := filepath.Join(dir, "postern.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, serverSettings, dir, strings.Join(settings, "\n")), 0o600); err != nil {
		return nil, err
	}
	in.cmd = exec.Command(binary, "serve", "-c", config, "--log-format", "json")
	in.cmd.SysProcAttr = childAttr()
	return in, in.start()
}

// start runs the child and reads its log until it says where it listens.
func (in *instance) start() error {
	out, err := in.cmd.StderrPipe()
	if err != nil {
		return err
	}
	started, serving := make(chan error, 1), make(chan string, 1)
	go func() {
		// The child's end is tied to the thread that started it, which therefore stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := in.cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		in.readLog(out, serving)
		in.err = in.cmd.Wait()
		close(in.done)
	}()
	if err := <-started; err != nil {
		return err
	}
	select {
	case address := <-serving:
		in.host, in.port, err = net.SplitHostPort(address)
		return err
	case <-in.done:
		return fmt.Errorf("the server ended: %w\n%s", in.err, in.logText())
	case <-time.After(20 * time.Second):
		return errors.Join(fmt.Errorf("the server does not say that it serves:\n%s", in.logText()), in.stop())
	}
}

func (in *instance) readLog(out io.Reader, serving chan<- string) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		in.mu.Lock()
		in.log.WriteString(lines.Text() + "\n")
		in.mu.Unlock()
		var record struct{ Msg, Proxy string }
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Msg == "serving" {
			serving <- record.Proxy
		}
	}
}

func (in *instance) logText() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.log.String()
}

// reload has the server read its files again.
func (in *instance) reload() error { return in.cmd.Process.Signal(syscall.SIGHUP) }

// stop ends the server in order; an error means that it did not end well.
func (in *instance) stop() error {
	// An error means that it has ended already.
	_ = in.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-in.done:
		return in.err
	case <-time.After(15 * time.Second):
		_ = in.cmd.Process.Kill()
		<-in.done
		return fmt.Errorf("the server did not end:\n%s", in.logText())
	}
}
