package proxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/warehouse"
)

// tape is a connection whose other side says what is on it, in chunks, and then hangs up. It counts what is written.
type tape struct {
	said    []byte
	chunk   int
	written int
}

func (c *tape) Read(p []byte) (int, error) {
	if len(c.said) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.chunk)], c.said)
	c.said = c.said[n:]
	return n, nil
}
func (c *tape) Write(p []byte) (int, error)      { c.written += len(p); return len(p), nil }
func (c *tape) Close() error                     { return nil }
func (c *tape) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

// anything is a configuration under which everything is allowed and nothing is kept.
type anything struct {
	exempt  bool
	metrics *Metrics
}

func (a anything) Verifier(login string) (identity.Verifier, bool) {
	return identity.MockVerifier(login, nil), true
}
func (a anything) Principal(login string) (identity.Principal, error) {
	return identity.NewPrincipal(identity.Spec{User: login, Exempt: a.exempt}), nil
}
func (anything) Program(string) (*policy.Program, bool)                { return nil, true }
func (anything) Version() uint64                                       { return 1 }
func (anything) Record(_ context.Context, events ...audit.Event) error { return nil }
func (anything) RecordLater(events ...audit.Event) error               { return nil }
func (anything) Rewrite(_ context.Context, r rewrite.Request) (*rewrite.Result, error) {
	kind := rewrite.KindSelect
	switch {
	case strings.HasPrefix(r.SQL, "no"):
		return nil, pgerror.UndefinedTable("no")
	case strings.HasPrefix(r.SQL, "set"):
		kind = rewrite.KindSet
	case strings.HasPrefix(r.SQL, "dealloc"):
		kind = rewrite.KindDeallocate
	}
	return &rewrite.Result{Statements: []rewrite.Statement{{Kind: kind, SQL: r.SQL, Setting: "search_path", Values: []string{r.SQL}}}}, nil
}

func (a anything) config() Config {
	return Config{TLSMode: TLSOff, Rewriter: a, Audit: a, Metrics: a.metrics, MaxStatements: 50, MaxMessageBytes: 1 << 20,
		Current: func() (State, error) { return a, nil },
		Dial: func(context.Context, string, map[string]string) (*pgconn.HijackedConn, error) {
			return nil, io.EOF
		},
		Cancel: func(context.Context, string, warehouse.Backend) error { return nil }}
}

// play runs an established session with what both sides say.
func play(t testing.TB, cfg Config, exempt bool, client, upstream []byte, chunk int) *relay {
	near, far := &tape{said: client, chunk: chunk}, &tape{said: upstream, chunk: chunk}
	s := &session{cfg: &cfg, log: cfg.Log, id: "fuzz", params: startParams{user: "ann", database: "db"}, exempt: exempt, conn: near, server: far}
	r := newRelay(s, &pgconn.HijackedConn{Conn: far, TxStatus: 'I'})
	if err := r.run(t.Context()); err == nil {
		t.Error("the session ended without a reason")
	} else {
		r.end(t.Context(), err)
	}
	return r
}

// frames is a conversation for the corpus: type, body, type, body, …
func frames(parts ...string) []byte {
	var out []byte
	for i := 0; i+1 < len(parts); i += 2 {
		out = append(out, parts[i]...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(parts[i+1])+4))
		out = append(out, parts[i+1]...)
	}
	return out
}

// FuzzFrames plays whatever both sides may say, at the start and in an established session: it never panics, never hangs,
// and holds no more than it was sent.
func FuzzFrames(f *testing.F) {
	metrics := NewMetrics(nil)
	f.Add(frames("Q", "SELECT 1\x00"), frames("T", "\x00\x00", "D", "\x00\x00", "C", "SELECT 1\x00", "Z", "I"), false, uint8(7))
	f.Add(frames("P", "\x00SELECT 1\x00\x00\x00", "B", "\x00\x00\x00\x00\x00\x00\x00\x00", "D", "P\x00", "E", "\x00\x00\x00\x00\x00", "S", ""),
		frames("1", "", "2", "", "n", "", "C", "SELECT 0\x00", "Z", "I"), false, uint8(1))
	f.Add(frames("P", "s\x00no\x00\x00\x00", "S", "", "Q", "no\x00", "C", "Ss\x00", "H", "", "S", "", "X", ""),
		frames("E", "SERROR\x00C26000\x00Mx\x00\x00", "Z", "I", "3", "", "Z", "I"), false, uint8(200))
	f.Add(frames("Q", "COPY\x00", "d", "abc", "c", "", "X", ""), frames("G", "\x00\x00\x00", "C", "COPY 1\x00", "Z", "I"), true, uint8(9))
	f.Add(frames("P", "\x00set\x00\x00\x00", "B", "\x00\x00\x00\x00\x00\x00\x00\x00", "E", "\x00\x00\x00\x00\x00", "P", "\x00dealloc\x00\x00\x00", "S", ""),
		frames("1", "", "2", "", "C", "SET\x00", "N", "SNOTICE\x00Mx\x00\x00", "S", "a\x00b\x00", "1", "", "Z", "T"), false, uint8(3))
	f.Add([]byte("Q\xff\xff\xff\xff"), []byte("D\x7f\xff\xff\xff"), false, uint8(0))
	f.Add(startPacket("user", "ann", "options", "-c a=b \\ --=x -c="), []byte{}, false, uint8(2))
	f.Add(append([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}, startPacket("user", "x")...), []byte{}, false, uint8(4))
	f.Fuzz(func(t *testing.T, client, upstream []byte, exempt bool, chunk uint8) {
		config := anything{exempt, metrics}.config()
		watchdog := time.AfterFunc(20*time.Second, func() { panic("hangs") })
		defer watchdog.Stop()
		r := play(t, config.withDefaults(), exempt, client, upstream, int(chunk)+1)
		if r.kept > len(client) || len(r.statements) > 50 || len(r.portals) > 50 {
			t.Errorf("holds %d bytes, %d statements, %d portals", r.kept, len(r.statements), len(r.portals))
		}
		server, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		in, err := server.introduce(t.Context(), &tape{said: client, chunk: int(chunk) + 1})
		if err == nil && in.params.user == "" {
			t.Error("a start without a user was accepted")
		}
	})
}

func startPacket(pairs ...string) []byte {
	body := binary.BigEndian.AppendUint32(nil, protocol30)
	for _, s := range pairs {
		body = append(append(body, s...), 0)
	}
	body = append(body, 0)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

// TestAnnouncedLength: memory follows what comes, not what is announced.
func TestAnnouncedLength(t *testing.T) {
	cfg := anything{}.config().withDefaults()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 100 {
		play(t, cfg, false, []byte("Q\x00\x0f\xff\xff"), nil, 5)
		play(t, cfg, false, []byte("B\x3f\xff\xff\xff\x00\x00"), nil, 5)
		play(t, cfg, false, frames("Q", "x\x00"), []byte("E\x3f\xff\xff\xffSERROR"), 5)
		play(t, cfg, false, frames("Q", "x\x00"), []byte("D\x3f\xff\xff\xff"), 5)
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / 400; per > 4*(readBuffer+writeBuffer) {
		t.Errorf("%d bytes a session", per)
	}
}

// TestLongReport: an error too long to be held is cut and stays well-formed; what follows it is in step.
func TestLongReport(t *testing.T) {
	long := bytes.Repeat([]byte("é"), 100_000)
	far := frames("T", "\x00\x00", "E", "SERROR\x00VERROR\x00C22P02\x00M"+string(long)+"\x00Wwhere\x00\x00", "Z", "I")
	cfg := anything{}.config().withDefaults()
	var said bytes.Buffer
	near := &echo{tape: tape{said: frames("Q", "x\x00"), chunk: 100}, said: &said}
	s := &session{cfg: &cfg, log: cfg.Log, params: startParams{user: "ann"}, conn: near}
	r := newRelay(s, &pgconn.HijackedConn{Conn: &tape{said: far, chunk: 1 << 20}, TxStatus: 'I'})
	if err := r.run(t.Context()); err == nil || r.status != 'I' {
		t.Fatal(err)
	}
	out := said.Bytes()
	i := bytes.IndexByte(out, 'E')
	n := int(binary.BigEndian.Uint32(out[i+1:]))
	if rest := out[i+1+n:]; !bytes.Equal(rest, []byte{'Z', 0, 0, 0, 5, 'I'}) {
		t.Errorf("behind the error: %q", rest[:min(len(rest), 20)])
	}
	rep := readReport(out[i+5:i+1+n], false)
	if rep.code != "22P02" || len(rep.message) < 30_000 || !strings.HasPrefix(string(long), rep.message) {
		t.Errorf("%s, %d bytes", rep.code, len(rep.message))
	}
}

// echo keeps what is written.
type echo struct {
	tape
	said *bytes.Buffer
}

func (e *echo) Write(p []byte) (int, error) { return e.said.Write(p) }
