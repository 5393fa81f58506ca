package proxy_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

// TestRedshiftLimitsAfterGuarding holds both limits of a Redshift on either side of their bounds: 16,777,216 bytes of a statement once it is guarded, and 32,767
// parameters. What is within goes through to the stand-in, which has the same limits; what is beyond is refused with 54000, and nothing of it sent.
func TestRedshiftLimitsAfterGuarding(t *testing.T) {
	const most = 16 << 20
	w, server := newRedshiftCrawled(t, nil)
	onRedshift, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Redshift(), MaxSQLBytes: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	w.config.Rewriter = &rewrite.Rewriters{Redshift: onRedshift, OnRedshift: func(name string) bool { return name == w.database }}
	w.config.MaxMessageBytes = 64 << 20
	w.start(t)
	conn := eavesdrop(t, w, "ann")
	text := func(n int) string {
		return "SELECT count(*) FROM sales.customer WHERE name <> '" + strings.Repeat("a", n) + "'"
	}
	if got, err := simpleRows(t.Context(), conn.PgConn, text(0)); err != nil || got != "3" {
		t.Fatal(got, err)
	}
	sent := server.Statements()
	guard := len(sent[len(sent)-1])
	if guard <= len(text(0)) {
		t.Fatalf("guarding adds nothing: %s", sent[len(sent)-1])
	}
	for _, c := range []struct {
		bytes int
		code  string
	}{{most, ""}, {most + 1, "54000"}} {
		sql := text(c.bytes - guard)
		if len(sql) >= most {
			t.Fatal("the client's own text is beyond the bound")
		}
		before := len(server.Statements())
		got, err := simpleRows(t.Context(), conn.PgConn, sql)
		if code(err) != c.code || c.code == "" && got != "3" {
			t.Errorf("%d bytes: %.10q %.200v", c.bytes, got, err)
		}
		if n := len(server.Statements()) - before; c.code != "" && n > 0 {
			t.Errorf("%d bytes: %d statements were sent", c.bytes, n)
		} else if c.code == "" && len(server.Statements()[len(server.Statements())-1]) != c.bytes {
			t.Errorf("%d bytes were sent as %d", c.bytes, len(server.Statements()[len(server.Statements())-1]))
		}
		extended := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
		if code(extended.Err) != c.code {
			t.Errorf("%d bytes by the extended protocol: %.200v", c.bytes, extended.Err)
		}
	}
	two := text(most/2-guard) + "; " + text(most/2-guard+10)
	if _, err := simpleRows(t.Context(), conn.PgConn, two); code(err) != "54000" {
		t.Errorf("two statements that are beyond it together: %.200v", err)
	}
	for _, c := range []struct {
		parameters int
		code       string
	}{{32_767, ""}, {32_768, "54000"}} {
		types, values := make([]uint32, c.parameters), make([][]byte, c.parameters)
		for i := range types {
			types[i], values[i] = 23, []byte("1")
		}
		for _, sql := range []string{"SELECT count(*) FROM sales.customer WHERE id <> 7", "SELECT count(*) FROM sales.customer WHERE id >= $" + strconv.Itoa(c.parameters)} {
			result := conn.ExecParams(t.Context(), sql, values, types, nil, nil).Read()
			if code(result.Err) != c.code || c.code == "" && joined(result.Rows) != "3" {
				t.Errorf("%d parameters: %v %v", c.parameters, joined(result.Rows), result.Err)
			}
		}
	}
}
