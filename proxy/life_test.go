package proxy_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/warehouse"
)

// admin runs SQL in the warehouse itself.
func (w *world) admin(t testing.TB, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	results, err := conn.PgConn().Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

// running counts the statements of clients that the warehouse works on.
func (w *world) running(t testing.TB) string {
	return w.admin(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'postern:%' AND state = 'active' AND datname = current_database()")
}

func TestCancel(t *testing.T) {
	w := newWorld(t).start(t)
	conn := w.connect(t, "ann", "")
	var pid int
	if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil || uint32(pid) != conn.PgConn().PID() {
		t.Errorf("the key has pid %d, the backend %d, %v", conn.PgConn().PID(), pid, err)
	}
	for range 3 {
		done := make(chan error, 1)
		go func() {
			_, err := conn.Exec(context.Background(), "SELECT pg_sleep(30)")
			done <- err
		}()
		eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
		if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; code(err) != "57014" {
			t.Fatal(err)
		}
		var n int
		if err := conn.QueryRow(t.Context(), "SELECT 1").Scan(&n); err != nil {
			t.Fatal("after a cancel:", err)
		}
	}
}

// TestLongKeys: protocol 3.2 has keys of 32 bytes, and they cancel, too.
func TestLongKeys(t *testing.T) {
	w := newWorld(t).start(t)
	conn := w.connect(t, "ann", "max_protocol_version=3.2")
	if n := len(conn.PgConn().SecretKey()); n != 32 {
		t.Fatalf("a key of %d bytes", n)
	}
	done := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_sleep(30)")
		done <- err
	}()
	eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
	if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; code(err) != "57014" {
		t.Error(err)
	}
}

// TestCancelStorm: many cancel requests at all times end nothing but what runs, and never the server.
func TestCancelStorm(t *testing.T) {
	w := newWorld(t).start(t)
	conn := w.connect(t, "ann", "")
	key := conn.PgConn()
	request := func(pid uint32, secret []byte) {
		c, err := net.Dial("tcp", w.address)
		if err != nil {
			return
		}
		defer c.Close()
		p := binary.BigEndian.AppendUint32(nil, uint32(12+len(secret)))
		p = binary.BigEndian.AppendUint32(p, 80877102)
		p = append(binary.BigEndian.AppendUint32(p, pid), secret...)
		_, _ = c.Write(p)
		var one [1]byte
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, err := c.Read(one[:]); n != 0 || err == nil {
			t.Error("a cancel request was answered")
		}
	}
	var storm sync.WaitGroup
	for i := range 60 {
		storm.Go(func() {
			switch i % 3 {
			case 0:
				request(key.PID(), key.SecretKey())
			case 1:
				request(key.PID(), []byte{1, 2, 3, 4})
			case 2:
				request(uint32(i), nil)
			}
		})
	}
	cancelled := 0
	for range 50 {
		// The sum is wrong if a cancel hits between statements and something is lost.
		var n int
		switch err := conn.QueryRow(t.Context(), "SELECT sum(i) FROM generate_series(1,1000) i").Scan(&n); {
		case err == nil && n == 500500:
		case code(err) == "57014":
			cancelled++
		default:
			t.Fatal(n, err)
		}
	}
	storm.Wait()
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

// TestIdleIsNotCancelled: a cancel request for an idle session goes nowhere, so it cannot hit the next statement.
func TestIdleIsNotCancelled(t *testing.T) {
	w := newWorld(t)
	var forwarded atomic.Int64
	w.config.Cancel = func(ctx context.Context, database string, b warehouse.Backend) error {
		forwarded.Add(1)
		return w.cancel(ctx, database, b)
	}
	w.start(t)
	conn := w.connect(t, "ann", "")
	for range 20 {
		if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := forwarded.Load(); n != 0 {
		t.Errorf("%d cancel requests were forwarded", n)
	}
}

// TestUpstreamTerminated: PostgreSQL's own words reach an idle client, once, without waiting for its next statement.
func TestUpstreamTerminated(t *testing.T) {
	w := newWorld(t).start(t)
	for name, busy := range map[string]bool{"idle": false, "busy": true} {
		t.Run(name, func(t *testing.T) {
			client := dialWire(t, w.url("ann", ""))
			if busy {
				client.run("Q SELECT pg_sleep(30)")
				client.run("send")
				eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
			} else {
				time.Sleep(300 * time.Millisecond) // the watch is on
			}
			w.admin(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'postern:%' AND datname = current_database()")
			client.until("E")
			last := client.transcript[len(client.transcript)-1]
			if !strings.HasPrefix(last, "E FATAL 57P01 terminating connection due to administrator command") {
				t.Error(last)
			}
			client.closed()
		})
	}
}

// TestUpstreamBreaks: a warehouse connection that breaks without a word is a 08006.
func TestUpstreamBreaks(t *testing.T) {
	w := newWorld(t)
	var upstream net.Conn
	w.config.Dial = func(ctx context.Context, database string, params map[string]string) (*pgconn.HijackedConn, error) {
		h, err := w.dial(ctx, database, params)
		if err == nil {
			upstream = h.Conn
		}
		return h, err
	}
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("Q SELECT pg_sleep(30)")
	client.run("send")
	eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
	upstream.(*net.TCPConn).CloseRead()
	client.until("E")
	if last := client.transcript[len(client.transcript)-1]; !strings.HasPrefix(last, "E FATAL 08006") {
		t.Error(last)
	}
	client.closed()
}

func TestWarehouseUnreachable(t *testing.T) {
	w := newWorld(t)
	w.config.Dial = func(context.Context, string, map[string]string) (*pgconn.HijackedConn, error) {
		return nil, errors.New("dial tcp 10.0.0.7:5432: connection refused")
	}
	w.start(t)
	_, err := proxyConnect(t, w.url("ann", ""))
	if code(err) != "08006" || strings.Contains(err.Error(), "10.0.0.7") {
		t.Error(err)
	}
}

// TestVanishedClient: the warehouse does not go on working for a client that is gone.
func TestVanishedClient(t *testing.T) {
	w := newWorld(t).start(t)
	for name, sql := range map[string]string{
		"silent statement": "SELECT pg_sleep(30)",
		"in mid-result":    "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)",
	} {
		t.Run(name, func(t *testing.T) {
			client := dialWire(t, w.url("ann", ""))
			client.run("Q " + sql)
			client.run("send")
			eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
			client.conn.Close()
			eventually(t, "the statement ends", func() bool { return w.running(t) == "0" })
		})
	}
	eventually(t, "every statement has an end on record", func() bool {
		return len(w.log.of(audit.End)) == 2 && len(w.log.of(audit.Disconnect)) == 2
	})
}

// TestDrain: idle sessions are told to go, running statements and open transactions finish, new clients are not taken.
func TestDrain(t *testing.T) {
	w := newWorld(t).start(t)
	idle, fresh := dialWire(t, w.url("ann", "")), dialWire(t, w.url("ann", ""))
	running, open := dialWire(t, w.url("ann", "")), dialWire(t, w.url("bob", ""))
	running.run("Q SELECT pg_sleep(1)")
	running.run("send")
	open.run("Q BEGIN")
	open.run("until Z")
	time.Sleep(250 * time.Millisecond)
	fresh.run("Q SELECT 1")
	fresh.run("until Z")
	w.stop()
	for _, c := range []*wire{idle, fresh} {
		c.until("E")
		if last := c.transcript[len(c.transcript)-1]; !strings.HasPrefix(last, "E FATAL 57P01") {
			t.Error(last)
		}
		c.closed()
	}
	running.until("Z", "E")
	running.closed()
	open.run("Q SELECT 2")
	open.run("until Z")
	open.run("Q COMMIT")
	open.run("until Z E")
	open.closed()
	if err := <-w.stopped; err != nil {
		t.Error(err)
	}
	w.stopped <- nil
	if _, err := net.Dial("tcp", w.address); err == nil {
		t.Error("a new client was taken")
	}
}

// TestDrainTimeout: what does not finish in time is cut.
func TestDrainTimeout(t *testing.T) {
	w := newWorld(t)
	w.config.DrainTimeout = 300 * time.Millisecond
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("Q SELECT pg_sleep(30)")
	client.run("send")
	eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
	w.stop()
	began := time.Now()
	client.closed()
	if took := time.Since(began); took > 2*time.Second {
		t.Error("took", took)
	}
	eventually(t, "the statement ends", func() bool { return w.running(t) == "0" })
}

// TestHeldBatch: what a client sends without Sync or Flush is not held back for ever.
func TestHeldBatch(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("P |SELECT pg_sleep(0.01), 'it ran'|")
	client.run("B ||")
	client.run("E |0")
	client.run("send")
	eventually(t, "the statement ran", func() bool { return len(w.log.of(audit.End)) == 1 })
	client.run("S")
	client.run("until Z")
}

// TestNotify: notifications reach an exempt client that listens, while it is idle.
func TestNotify(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("root", ""))
	client.run("Q LISTEN news")
	client.run("until Z")
	time.Sleep(300 * time.Millisecond)
	w.admin(t, "NOTIFY news, 'hello'")
	client.until("A")
	client.run("Q SELECT 1")
	client.run("until Z")
}
