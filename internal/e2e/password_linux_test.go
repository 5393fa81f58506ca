package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sys/unix"
)

// recorder relays between the command line and a server, and keeps every byte that crosses.
type recorder struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	crossed  bytes.Buffer
	wait     sync.WaitGroup
}

func newRecorder(t *testing.T, to string) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{listener: l, to: to}
	r.wait.Go(r.accept)
	t.Cleanup(func() { l.Close(); r.wait.Wait() })
	return r
}

func (r *recorder) accept() {
	for {
		from, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.wait.Go(func() {
			defer from.Close()
			to, err := net.Dial("tcp", r.to)
			if err != nil {
				return
			}
			defer to.Close()
			r.wait.Go(func() { _, _ = io.Copy(io.MultiWriter(to, r), from); _ = to.(*net.TCPConn).CloseWrite() })
			_, _ = io.Copy(io.MultiWriter(from, r), to)
		})
	}
}

// Write keeps what crosses in either direction.
func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.crossed.Write(b)
}

// taken is what has crossed since the last call.
func (r *recorder) taken() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.crossed.String()
	r.crossed.Reset()
	return out
}

// terminal is a pseudo-terminal: what the user types and sees, and the end that a program has.
type terminal struct {
	t             *testing.T
	user, program *os.File
	mu            sync.Mutex
	seen          bytes.Buffer
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	y := &terminal{t: t, user: user, program: program}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 4096)
		for {
			n, err := user.Read(buffer)
			y.mu.Lock()
			y.seen.Write(buffer[:n])
			y.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { program.Close(); user.Close(); <-done })
	return y
}

func (y *terminal) shown() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.seen.String()
}

// hides reports that what is typed is not shown.
func (y *terminal) hides() bool {
	mode, err := unix.IoctlGetTermios(int(y.program.Fd()), unix.TCGETS)
	return err == nil && mode.Lflag&unix.ECHO == 0
}

// answer waits until a text has been shown so often and what is typed is hidden, and types a line.
func (y *terminal) answer(prompt string, times int, line string) {
	y.t.Helper()
	eventually(y.t, 10*time.Second, "asked for "+prompt, func() bool { return strings.Count(y.shown(), prompt) == times && y.hides() })
	if _, err := y.user.WriteString(line + "\n"); err != nil {
		y.t.Fatal(err)
	}
}

// run starts a command on the terminal; the returned function waits for its end.
func (y *terminal) run(o *operator, through *recorder, args ...string) (end func() (code int, out string)) {
	y.t.Helper()
	cmd := exec.CommandContext(y.t.Context(), shared.binary, args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = o.folder, y.program, y.program
	cmd.Env = commandEnvironment(o, through)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	return func() (int, string) {
		if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
			y.t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

func commandEnvironment(o *operator, through *recorder) []string {
	return append(os.Environ(), "POSTERN_SERVER=http://"+through.listener.Addr().String(), "POSTERN_TOKEN="+firstTokenOf(o.t, o.servers[0]))
}

// TestPasswordStaysHere: a password that is typed on a terminal, or piped in, is not shown, leaves the command line as a verifier only, and is nowhere in
// what the server keeps; with it the person can log in.
func TestPasswordStaysHere(t *testing.T) {
	noticeSources(t)
	in := startStored(t, "", "")
	o := newOperator(t, in)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	through := newRecorder(t, adminAddressOf(t, in))
	mayLogIn := func(name, password string) {
		t.Helper()
		conn, err := pgconn.Connect(t.Context(), dsn(in, person{name: name, password: password}, "sslmode=disable"))
		if err != nil {
			t.Fatalf("%s cannot log in with the new password: %v", name, err)
		}
		conn.Close(t.Context())
	}
	sent := func(password string) {
		t.Helper()
		crossed := through.taken()
		if !strings.Contains(crossed, "SCRAM-SHA-256$4096:") {
			t.Errorf("no verifier crossed:\n%s", crossed)
		}
		if form := holdsPassword(crossed, password); form != "" {
			t.Errorf("the password crossed %s:\n%s", form, crossed)
		}
	}

	t.Run("typed", func(t *testing.T) {
		y := newTerminal(t)
		const password = `typed "p4ss" wörd/+`
		end := y.run(o, through, "user", "password", "ann")
		y.answer("Password of ann: ", 1, password)
		y.answer("Again: ", 1, password)
		if code, out := end(); code != exitOK || !strings.Contains(out, "changed  User  ann") {
			t.Fatalf("exit %d: %s %s", code, out, y.shown())
		}
		if y.hides() || holdsPassword(y.shown(), password) != "" {
			t.Errorf("the terminal shows %q", y.shown())
		}
		sent(password)
		mayLogIn("ann", password)
		if _, err := pgconn.Connect(t.Context(), dsn(in, people()[0], "sslmode=disable")); err == nil {
			t.Error("the old password is still good")
		}
	})
	t.Run("typed differently", func(t *testing.T) {
		y := newTerminal(t)
		end := y.run(o, through, "user", "password", "ann")
		y.answer("Password of ann: ", 1, "one")
		y.answer("Again: ", 1, "two")
		if code, _ := end(); code != 1 || strings.Contains(through.taken(), "PUT ") {
			t.Errorf("exit %d, %s", code, y.shown())
		}
		eventually(t, 10*time.Second, "told that the passwords differ", func() bool { return strings.Contains(y.shown(), "the passwords differ") })
	})
	t.Run("interrupted", func(t *testing.T) {
		y := newTerminal(t)
		cmd := exec.CommandContext(t.Context(), shared.binary, "user", "password", "ann")
		cmd.Stdin, cmd.Stderr, cmd.Env = y.program, y.program, commandEnvironment(o, through)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "asked", func() bool { return strings.Contains(y.shown(), "Password of ann: ") && y.hides() })
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it fails, as it should
		if cmd.ProcessState.ExitCode() != 1 || y.hides() {
			t.Errorf("exit %d; the terminal is left without echo: %v", cmd.ProcessState.ExitCode(), y.hides())
		}
	})
	t.Run("typed at apply", func(t *testing.T) {
		y := newTerminal(t)
		const password = "for dora, of apply"
		o.file("dora.yaml.off", "kind: User\nname: dora\npassword: {env: DORA_PASSWORD}\n")
		end := y.run(o, through, "apply", "-f", "dora.yaml.off")
		y.answer("Password of dora: ", 1, password)
		y.answer("Again: ", 1, password)
		if code, out := end(); code != exitOK || !strings.Contains(out, "created  User  dora") {
			t.Fatalf("exit %d: %s %s", code, out, y.shown())
		}
		sent(password)
		mayLogIn("dora", password)
		if out := o.must(exitOK, "scram: '***'", "get", "User", "dora"); strings.Contains(out, "DORA_PASSWORD") {
			t.Errorf("a reference is stored that no server can resolve: %s", out)
		}
	})
	piped := func(t *testing.T, stdin string, args ...string) (int, string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), shared.binary, args...)
		cmd.Dir, cmd.Stdin, cmd.Env = o.folder, strings.NewReader(stdin), commandEnvironment(o, through)
		out, _ := cmd.CombinedOutput() // the code says whether it failed
		return cmd.ProcessState.ExitCode(), string(out)
	}
	t.Run("piped", func(t *testing.T) {
		if code, out := piped(t, "from a pipe\n", "user", "password", "bob"); code != 2 || !strings.Contains(out, "--password-stdin") {
			t.Errorf("without the flag: exit %d %s", code, out)
		}
		through.taken()
		if code, out := piped(t, "from a pipe\n", "user", "password", "bob", "--password-stdin"); code != exitOK {
			t.Fatalf("exit %d %s", code, out)
		}
		sent("from a pipe")
		mayLogIn("bob", "from a pipe")
		o.file("two.yaml.off", "kind: User\nname: eve\npassword: {env: EVE_PASSWORD}\n---\nkind: User\nname: fay\npassword: {env: FAY_PASSWORD}\n")
		if code, out := piped(t, "eve's\nfay's", "apply", "-f", "two.yaml.off", "--password-stdin"); code != exitOK {
			t.Fatalf("exit %d %s", code, out)
		}
		crossed := through.taken()
		if holdsPassword(crossed, "eve's") != "" || holdsPassword(crossed, "fay's") != "" {
			t.Errorf("a password crossed:\n%s", crossed)
		}
		mayLogIn("eve", "eve's")
		mayLogIn("fay", "fay's")
		if code, out := piped(t, "", "apply", "-f", "two.yaml.off"); code != 1 || !strings.Contains(out, "EVE_PASSWORD") || !strings.Contains(out, "FAY_PASSWORD") {
			t.Errorf("without the passwords: exit %d %s", code, out)
		}
	})
	kept := kept(t, filepath.Dir(in.audit)) + in.logText()
	for _, password := range []string{`typed "p4ss" wörd/+`, "for dora, of apply", "from a pipe", "eve's", "fay's"} {
		if form := holdsPassword(kept, password); form != "" {
			t.Errorf("the server keeps the password %q %s", password, form)
		}
	}
}
