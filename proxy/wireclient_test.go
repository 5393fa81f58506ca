package proxy_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// wire is a bare client: it sends messages as a script says and writes down what comes back.
type wire struct {
	t          testing.TB
	conn       net.Conn
	out        []byte
	in         []byte
	transcript []string
}

// dialWire logs in with a driver and takes its connection over.
func dialWire(t testing.TB, dsn string) *wire {
	t.Helper()
	c, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Conn.Close() })
	return &wire{t: t, conn: h.Conn}
}

// message appends one message to what is sent next.
func (w *wire) message(kind byte, parts ...any) {
	var body []byte
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			body = append(append(body, v...), 0)
		case int16:
			body = binary.BigEndian.AppendUint16(body, uint16(v))
		case int32:
			body = binary.BigEndian.AppendUint32(body, uint32(v))
		case []byte:
			body = append(body, v...)
		case byte:
			body = append(body, v)
		default:
			w.t.Fatalf("part %T", p)
		}
	}
	w.out = append(w.out, kind)
	w.out = binary.BigEndian.AppendUint32(w.out, uint32(len(body)+4))
	w.out = append(w.out, body...)
}

// flush sends what was collected, in one write.
func (w *wire) flush() {
	w.t.Helper()
	if _, err := w.conn.Write(w.out); err != nil {
		w.t.Fatal("sending:", err)
	}
	w.out = w.out[:0]
}

// run obeys one line of a script.
//
//	Q sql                      Query
//	P name|sql|oid,oid         Parse
//	B portal|statement|a,b     Bind, text values, ~ is NULL; a fourth field "binary" asks for binary results
//	D S name, D P name         Describe
//	E portal|rows              Execute
//	C S name, C P name         Close
//	S, H                       Sync, Flush
//	d text, c, f text          CopyData, CopyDone, CopyFail
//	send                       send what was collected in one write
//	until Z Z                  send, then read until these types came, in this order
func (w *wire) run(line string) {
	w.t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.NewReplacer(`\n`, "\n").Replace(rest)
	f := append(strings.Split(rest, "|"), "", "", "", "")
	switch verb {
	case "Q":
		w.message('Q', rest)
	case "P":
		parts := []any{f[0], f[1]}
		oids := list(f[2])
		parts = append(parts, int16(len(oids)))
		for _, oid := range oids {
			n, err := strconv.Atoi(oid)
			if err != nil {
				w.t.Fatal(err)
			}
			parts = append(parts, int32(n))
		}
		w.message('P', parts...)
	case "B":
		parts := []any{f[0], f[1], int16(0), int16(len(list(f[2])))}
		for _, v := range list(f[2]) {
			if v == "~" {
				parts = append(parts, int32(-1))
				continue
			}
			parts = append(parts, int32(len(v)), []byte(v))
		}
		if f[3] == "binary" {
			parts = append(parts, int16(1), int16(1))
		} else {
			parts = append(parts, int16(0))
		}
		w.message('B', parts...)
	case "D", "C":
		kind, name, _ := strings.Cut(rest, " ")
		w.message(verb[0], kind[0], name)
	case "E":
		rows, _ := strconv.Atoi(f[1])
		w.message('E', f[0], int32(rows))
	case "S", "H", "c":
		w.message(verb[0])
	case "d":
		w.message('d', []byte(rest))
	case "f":
		w.message('f', rest)
	case "send":
		w.flush()
	case "until":
		w.flush()
		w.until(strings.Fields(rest)...)
	default:
		w.t.Fatalf("unknown line %q", line)
	}
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// until reads and writes down messages until those of the given types have come.
func (w *wire) until(kinds ...string) {
	w.t.Helper()
	for len(kinds) > 0 {
		kind, body, err := w.read(10 * time.Second)
		if err != nil {
			w.t.Fatalf("waiting for %v: %v\nso far:\n%s", kinds, err, strings.Join(w.transcript, "\n"))
		}
		if text := describeMessage(kind, body); text != "" {
			w.transcript = append(w.transcript, text)
		}
		if string(kind) == kinds[0] {
			kinds = kinds[1:]
		}
	}
}

// read returns the next message.
func (w *wire) read(timeout time.Duration) (byte, []byte, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return 0, nil, err
	}
	for {
		if len(w.in) >= 5 {
			n := int(binary.BigEndian.Uint32(w.in[1:])) + 1
			if len(w.in) >= n {
				kind, body := w.in[0], w.in[5:n]
				w.in = w.in[n:]
				return kind, body, nil
			}
		}
		chunk := make([]byte, 64<<10)
		n, err := w.conn.Read(chunk)
		w.in = append(w.in, chunk[:n]...)
		if n == 0 {
			if err == nil {
				err = io.ErrNoProgress
			}
			return 0, nil, err
		}
	}
}

// closed checks that the server has closed the connection after what was read.
func (w *wire) closed() {
	w.t.Helper()
	kind, body, err := w.read(5 * time.Second)
	var n net.Error
	if err == nil || errors.As(err, &n) && n.Timeout() {
		w.t.Fatalf("the connection is open: %c %q %v", kind, body, err)
	}
}

// describeMessage is a line of a transcript. What differs between any two servers or sessions is left out: identities,
// places in the server's source, and the fields that Postern removes.
func describeMessage(kind byte, body []byte) string {
	switch kind {
	case 'E', 'N':
		f := reportFields(body)
		if f['C'] == "42P01" {
			f['M'], f['H'] = "relation does not exist", "" // whose words differ on purpose
		}
		return fmt.Sprintf("%c %s %s %s hint=%q detail=%q", kind, f['S'], f['C'], f['M'], f['H'], f['D'])
	case 'S':
		name, value, _ := strings.Cut(strings.TrimRight(string(body), "\x00"), "\x00")
		switch name {
		case "session_authorization", "is_superuser", "application_name", "search_path":
			return ""
		}
		return "S " + name + "=" + value
	case 'C':
		return "C " + strings.TrimRight(string(body), "\x00")
	case 'T':
		// The table's OID and column number are the warehouse's, they stay.
		return "T " + hex.EncodeToString(body)
	case 'd':
		return fmt.Sprintf("d %q", body)
	}
	if len(body) > 200 {
		return fmt.Sprintf("%c %d bytes, %x…", kind, len(body), body[:50])
	}
	return strings.TrimSpace(fmt.Sprintf("%c %s", kind, hex.EncodeToString(body)))
}

// reportFields takes an ErrorResponse apart.
func reportFields(body []byte) map[byte]string {
	f := map[byte]string{}
	for _, field := range bytes.Split(body, []byte{0}) {
		if len(field) > 1 {
			f[field[0]] = string(field[1:])
		}
	}
	return f
}
