package difftest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// statement is one text with its parameters.
type statement struct {
	sql string
	// params are values in text format, nil is NULL. Types may be left open with 0.
	params [][]byte
	types  []uint32
	// ordered says that the rows have one order only.
	ordered bool
}

// answer is all that a client sees of a statement.
type answer struct {
	columns []string
	rows    []string
	tag     string
	code    string
	message string
}

func (a *answer) add(r *pgconn.Result) {
	for _, f := range r.FieldDescriptions {
		a.columns = append(a.columns, fmt.Sprintf("%s:%d:%d", f.Name, f.DataTypeOID, f.TypeModifier))
	}
	for _, row := range r.Rows {
		var b strings.Builder
		for _, v := range row {
			if v == nil {
				b.WriteString("|NULL")
			} else {
				fmt.Fprintf(&b, "|%q", v)
			}
		}
		a.rows = append(a.rows, b.String())
	}
	a.tag += r.CommandTag.String() + ";"
}

func (a *answer) fail(err error) {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		a.code, a.message = pe.Code, pe.Message
	} else if err != nil {
		a.code, a.message = "connection", err.Error()
	}
}

// protocol is how a statement is sent.
type protocol int

const (
	simple protocol = iota
	extended
	binary
)

func (p protocol) String() string { return [...]string{"simple", "extended", "binary"}[p] }

// client is a session, through Postern or directly on a copy.
type client struct {
	conn *pgconn.PgConn
	tap  *wiretap
}

// connect logs a person in.
func connect(t testing.TB, address, database, person string) *client {
	t.Helper()
	return connectPath(t, address, database, person, sanitised.SearchPath)
}

// connectPath logs a person in with a search path of their own; with "" it is the one that the server has for them.
func connectPath(t testing.TB, address, database, person, path string) *client {
	t.Helper()
	config, err := pgconn.ParseConfig(fmt.Sprintf("postgres://%s/%s?sslmode=disable", address, database))
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = person, shared.password
	if path != "" {
		config.RuntimeParams["search_path"] = path
	}
	config.RuntimeParams["statement_timeout"] = "4s"
	c := &client{}
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		c.tap = newWiretap(conn, person)
		return c.tap, nil
	}
	if c.conn, err = pgconn.ConnectConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.conn.Close(context.Background()) })
	return c
}

// ask sends one statement and takes all that comes back.
func (c *client) ask(ctx context.Context, p protocol, st statement) answer {
	var a answer
	if strings.HasPrefix(strings.ToUpper(st.sql), "COPY ") && strings.Contains(st.sql, "TO STDOUT") {
		return c.copyOut(ctx, st)
	}
	switch p {
	case simple:
		results, err := c.conn.Exec(ctx, st.sql).ReadAll()
		for _, r := range results {
			if r.Err == nil || len(r.FieldDescriptions) > 0 {
				a.add(r)
			}
		}
		a.fail(err)
	case extended, binary:
		var formats []int16
		if p == binary {
			formats = []int16{1}
		}
		r := c.conn.ExecParams(ctx, st.sql, st.params, st.types, nil, formats).Read()
		if r.Err == nil || len(r.FieldDescriptions) > 0 {
			a.add(r)
		}
		a.fail(r.Err)
	}
	if !st.ordered {
		slices.Sort(a.rows)
	}
	return a
}

// copyOut takes the lines of a COPY; the driver knows it by the simple protocol only.
func (c *client) copyOut(ctx context.Context, st statement) answer {
	var a answer
	var lines bytes.Buffer
	tag, err := c.conn.CopyTo(ctx, &lines, st.sql)
	a.rows, a.tag = strings.Split(lines.String(), "\n"), tag.String()
	a.fail(err)
	if !st.ordered {
		slices.Sort(a.rows)
	}
	return a
}
