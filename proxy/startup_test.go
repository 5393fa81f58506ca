package proxy_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/proxy"
)

// raw is a connection to the server on which nothing was said yet.
func (w *world) raw(t testing.TB) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wire{t: t, conn: conn}
}

// startup is a start-up packet; an empty user is left out.
func startup(version uint32, pairs ...string) []byte {
	body := binary.BigEndian.AppendUint32(nil, version)
	for _, s := range pairs {
		body = append(append(body, s...), 0)
	}
	body = append(body, 0)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

// refused reads one FATAL error and the end of the connection.
func (c *wire) refused(sqlstate string) map[byte]string {
	c.t.Helper()
	kind, body, err := c.read(5 * time.Second)
	if err != nil || kind != 'E' {
		c.t.Fatalf("want an error, got %c %q %v", kind, body, err)
	}
	f := reportFields(body)
	if f['S'] != "FATAL" || f['C'] != sqlstate {
		c.t.Fatalf("want FATAL %s, got %v", sqlstate, f)
	}
	c.closed()
	return f
}

func (c *wire) write(p []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatal(err)
	}
}

const v30, v32 = 3 << 16, 3<<16 | 2

func TestStartupRefusals(t *testing.T) {
	w := newWorld(t).start(t)
	db := w.database
	for name, c := range map[string]struct {
		packet   []byte
		sqlstate string
		text     string
	}{
		"wrong major":         {startup(2<<16, "user", "ann"), "0A000", "unsupported frontend protocol 2.0"},
		"no user":             {startup(v30, "database", db), "28000", "no PostgreSQL user name"},
		"no terminator":       {[]byte{0, 0, 0, 12, 0, 3, 0, 0, 'u', 's', 'e', 'r'}, "08P01", "invalid startup packet layout"},
		"rubbish behind":      {append([]byte{0, 0, 0, 14}, append(startup(v30)[4:], "xxxxx"...)...), "08P01", "layout"},
		"too short":           {[]byte{0, 0, 0, 7, 0, 0, 0, 0}, "08P01", "length"},
		"too long":            {[]byte{0, 0, 0x27, 0x11, 0, 3, 0, 0}, "08P01", "length"},
		"negative length":     {[]byte{0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0}, "08P01", "length"},
		"replication":         {startup(v30, "user", "ann", "database", db, "replication", "true"), "0A000", "replication"},
		"replication word":    {startup(v30, "user", "ann", "database", db, "replication", "database"), "0A000", "replication"},
		"unknown parameter":   {startup(v30, "user", "ann", "database", db, "no_such", "1"), "42704", "no_such"},
		"role":                {startup(v30, "user", "ann", "database", db, "role", "postgres"), "42704", "role"},
		"custom parameter":    {startup(v30, "user", "ann", "database", db, "app.tenant", "7"), "0A000", "app.tenant"},
		"encoding":            {startup(v30, "user", "ann", "database", db, "client_encoding", "LATIN1"), "0A000", "LATIN1"},
		"strings":             {startup(v30, "user", "ann", "database", db, "standard_conforming_strings", "off"), "0A000", "standard_conforming"},
		"path":                {startup(v30, "user", "ann", "database", db, "search_path", "a,,b"), "22023", "search_path"},
		"option empty name":   {startup(v30, "user", "ann", "database", db, "options", "-c =x"), "42704", "parameter"},
		"option only equals":  {startup(v30, "user", "ann", "database", db, "options", "-c="), "42704", "parameter"},
		"option empty long":   {startup(v30, "user", "ann", "database", db, "options", "--=x"), "42704", "parameter"},
		"option dashes":       {startup(v30, "user", "ann", "database", db, "options", "--"), "42601", "--"},
		"option no value":     {startup(v30, "user", "ann", "database", db, "options", "-c geqo"), "42601", "requires a value"},
		"option other switch": {startup(v30, "user", "ann", "database", db, "options", "-P -f t"), "42601", "-P"},
		"option end":          {startup(v30, "user", "ann", "database", db, "options", "-c"), "42601", "-c"},
		"option tricks path":  {startup(v30, "user", "ann", "database", db, "options", "-c role=postgres"), "42704", "role"},
	} {
		t.Run(name, func(t *testing.T) {
			client := w.raw(t)
			client.write(c.packet)
			if f := client.refused(c.sqlstate); !strings.Contains(f['M'], c.text) {
				t.Errorf("got %q, want %q in it", f['M'], c.text)
			}
		})
	}
	if n := w.dialed.Load(); n != 0 {
		t.Errorf("%d connections to the warehouse for nothing", n)
	}
}

var (
	sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}
	gssRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30}
)

// TestEncryptionRequests: in any order, once each, and nothing behind them.
func TestEncryptionRequests(t *testing.T) {
	w := newWorld(t).start(t)
	hello := startup(v30, "user", "ann", "database", w.database)
	for name, c := range map[string]struct {
		requests [][]byte
		answers  string
	}{
		"ssl, gss": {[][]byte{sslRequest, gssRequest}, "NN"},
		"gss, ssl": {[][]byte{gssRequest, sslRequest}, "NN"},
		"none":     {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := w.raw(t)
			for i, r := range c.requests {
				client.write(r)
				var answer [1]byte
				if _, err := io.ReadFull(client.conn, answer[:]); err != nil || answer[0] != c.answers[i] {
					t.Fatalf("answer %q, %v", answer, err)
				}
			}
			// In pieces, as a network may deliver it.
			for _, b := range hello {
				client.write([]byte{b})
			}
			if kind, _, err := client.read(5 * time.Second); err != nil || kind != 'R' {
				t.Fatalf("want an authentication request, got %c %v", kind, err)
			}
		})
	}
	t.Run("second ssl request", func(t *testing.T) {
		client := w.raw(t)
		client.write(sslRequest)
		var answer [1]byte
		if _, err := io.ReadFull(client.conn, answer[:]); err != nil {
			t.Fatal(err)
		}
		client.write(sslRequest)
		client.refused("0A000")
	})
	for name, behind := range map[string][]byte{"startup": hello, "one byte": {0}, "gss": gssRequest} {
		t.Run("behind: "+name, func(t *testing.T) {
			client := w.raw(t)
			client.write(append(bytes.Clone(sslRequest), behind...))
			client.refused("08P01")
		})
	}
}

// TestNegotiation: newer minor versions and unknown protocol options are answered, not refused and not accepted.
func TestNegotiation(t *testing.T) {
	w := newWorld(t).start(t)
	for name, c := range map[string]struct {
		version uint32
		options []string
		answer  uint32 // 0 for none
	}{
		"3.0":              {v30, nil, 0},
		"3.2":              {v32, nil, 0},
		"3.3":              {3<<16 | 3, nil, v32},
		"grease":           {3<<16 | 9999, []string{"_pq_.test_protocol_negotiation"}, v32},
		"option with 3.0":  {v30, []string{"_pq_.something", "_pq_.else"}, v30},
		"option with 3.2":  {v32, []string{"_pq_.something"}, v32},
		"largest possible": {3<<16 | 0xffff, nil, v32},
	} {
		t.Run(name, func(t *testing.T) {
			client := w.raw(t)
			pairs := []string{"user", "ann", "database", w.database}
			for _, o := range c.options {
				pairs = append(pairs, o, "")
			}
			client.write(startup(c.version, pairs...))
			kind, body, err := client.read(5 * time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if c.answer != 0 {
				want := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, c.answer), uint32(len(c.options)))
				for _, o := range c.options {
					want = append(append(want, o...), 0)
				}
				if kind != 'v' || !bytes.Equal(body, want) {
					t.Fatalf("got %c %x, want v %x", kind, body, want)
				}
				kind, _, err = client.read(5 * time.Second)
			}
			if err != nil || kind != 'R' {
				t.Fatalf("want an authentication request, got %c %v", kind, err)
			}
		})
	}
}

// TestHonouredParameters: what is asked for at the start is in force, and RESET goes back to it.
func TestHonouredParameters(t *testing.T) {
	w := newWorld(t).start(t)
	conn := w.connect(t, "ann", "application_name=my%20tool&statement_timeout=12345"+
		"&options=-c%20geqo%3Doff%20--extra-float-digits%3D2%20-ctimezone%3DAsia/Tokyo%20-c%20DateStyle%3DGerman,%5C%20DMY")
	want := map[string]string{
		"statement_timeout": "12345ms", "DateStyle": "German, DMY", "geqo": "off", "extra_float_digits": "2", "TimeZone": "Asia/Tokyo",
		"search_path": `"$user", public`, "client_encoding": "UTF8", "standard_conforming_strings": "on",
	}
	_, _ = conn.Exec(t.Context(), "SELECT 1")
	check := func(when string) {
		t.Helper()
		for name, value := range want {
			var got string
			if err := conn.QueryRow(t.Context(), "SHOW "+name).Scan(&got); err != nil || got != value {
				t.Errorf("%s: %s is %q, want %q (%v)", when, name, got, value, err)
			}
		}
	}
	check("at the start")
	for _, sql := range []string{"SET DateStyle TO ISO", "SET TimeZone TO UTC", "SET geqo TO on", "SET search_path TO other", "RESET ALL"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	check("after RESET ALL")
	for _, sql := range []string{"SET DateStyle TO ISO", "DISCARD ALL"} {
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	conn.Config().StatementCacheCapacity = 0
	for name, value := range want {
		result := conn.PgConn().ExecParams(t.Context(), "SHOW "+name, nil, nil, nil, nil).Read()
		if result.Err != nil || string(result.Rows[0][0]) != value {
			t.Errorf("after DISCARD ALL: %s is %q, want %q (%v)", name, result.Rows, value, result.Err)
		}
	}
	for name, value := range map[string]string{"application_name": "my tool", "session_authorization": "ann", "is_superuser": "off",
		"client_encoding": "UTF8", "standard_conforming_strings": "on", "DateStyle": "German, DMY"} {
		if got := conn.PgConn().ParameterStatus(name); got != value {
			t.Errorf("reported %s is %q, want %q", name, got, value)
		}
	}
	var upstream string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('application_name')").Scan(&upstream); err != nil ||
		!strings.HasPrefix(upstream, "postern:ann:") {
		t.Errorf("upstream application_name is %q, %v", upstream, err)
	}
}

// TestWrongValue: the warehouse's own refusal of a parameter reaches the client.
func TestWrongValue(t *testing.T) {
	w := newWorld(t).start(t)
	_, err := proxyConnect(t, w.url("ann", "statement_timeout=soon"))
	if code(err) != "22023" || !strings.Contains(err.Error(), "statement_timeout") {
		t.Error(err)
	}
}

// TestConfigValidate reports all mistakes at once.
func TestConfigValidate(t *testing.T) {
	err := proxy.Config{TLSMode: "maybe", Auth: "trust", MaxSessions: -1}.Validate()
	for _, want := range []string{"maybe", "trust", "state", "rewriter", "audit", "dial", "cancel", "max sessions"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := proxy.New(proxy.Config{}); err == nil {
		t.Error("the zero configuration was accepted")
	}
}
