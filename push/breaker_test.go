package push_test

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// breaker stands between a Syncer and its server, counts the statements that pass, and breaks the connection at one of them.
type breaker struct {
	listener net.Listener
	target   string
	// at is the statement at which it breaks, from 0. late lets the server run it, and breaks when it has answered: the Syncer cannot know.
	at   int
	late bool
	// broke is called just before the connection is cut; the server has then answered, or has seen nothing of the statement.
	broke func()

	mu    sync.Mutex
	seen  int
	fired bool
	group sync.WaitGroup
}

// newBreaker listens until the test ends.
func newBreaker(t testing.TB, port int) *breaker {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{listener: l, target: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), at: -1}
	b.group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.group.Go(func() { b.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		b.group.Wait()
	})
	return b
}

func (b *breaker) port() int { return b.listener.Addr().(*net.TCPAddr).Port }

// arm has the next run break at a statement; at -1 none.
func (b *breaker) arm(at int, late bool, broke func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at, b.late, b.broke, b.seen, b.fired = at, late, broke, 0, false
}

// statements that were seen since it was armed, and whether it broke.
func (b *breaker) statements() (seen int, fired bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen, b.fired
}

// frame reads one message; the first one of a connection has no type.
func frame(from io.Reader, typed bool) ([]byte, error) {
	head := make([]byte, 4)
	if typed {
		head = make([]byte, 5)
	}
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	body := make([]byte, int(binary.BigEndian.Uint32(head[len(head)-4:]))-4)
	_, err := io.ReadFull(from, body)
	return slices.Concat(head, body), err
}

func (b *breaker) serve(client net.Conn) {
	defer client.Close()
	server, err := net.DialTimeout("tcp", b.target, 5*time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	// swallow has what the server answers be kept from the client, until it is ready for more.
	swallow, ready := make(chan struct{}), make(chan struct{})
	b.group.Go(func() {
		defer close(ready)
		for {
			m, err := frame(server, true)
			if err != nil {
				_ = client.Close()
				return
			}
			select {
			case <-swallow:
				if m[0] == 'Z' {
					return
				}
			default:
				if _, err := client.Write(m); err != nil {
					return
				}
			}
		}
	})
	typed, late := false, false
	for {
		m, err := frame(client, typed)
		if err != nil {
			return
		}
		hit := false
		if typed && (m[0] == 'Q' || m[0] == 'P') {
			hit = b.count()
		}
		if hit && !b.late {
			b.broke()
			return
		}
		if hit {
			late = true
			close(swallow)
		}
		typed = true
		if _, err := server.Write(m); err != nil {
			return
		}
		if late && (m[0] == 'Q' || m[0] == 'S') {
			<-ready
			b.broke()
			return
		}
	}
}

// count counts one statement, and reports that it is the one.
func (b *breaker) count() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen++
	hit := !b.fired && b.at >= 0 && b.seen-1 == b.at
	b.fired = b.fired || hit
	return hit
}
