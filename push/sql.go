package push

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/sqlgen"
)

// printedName is a name as a dialect prints it. Names were checked when they came in, so that one that cannot be printed is a bug; it becomes a name that no server has, and
// the statement fails.
func printedName(name string, err error) string {
	if err != nil {
		return `""`
	}
	return name
}

// printedText is a string constant as a dialect prints it; NULL for what is no text.
func printedText(text string, err error) string {
	if err != nil {
		return "NULL"
	}
	return text
}

func ident(name string) string { return printedName(sqlgen.Postgres().Ident(name)) }

func text(value string) string { return printedText(sqlgen.Postgres().Text(value)) }

// String names the relation in messages.
func (r Relation) String() string { return r.Schema + "." + r.Name }

func (r Relation) sql() string { return ident(r.Schema) + "." + ident(r.Name) }

// sql prints the object behind ON in GRANT and REVOKE.
func (o Object) sql() string {
	switch o.Kind {
	case ObjectSchema:
		return "SCHEMA " + ident(o.Schema)
	case ObjectTable:
		return "TABLE " + Relation{o.Schema, o.Name}.sql()
	case ObjectSequence:
		return "SEQUENCE " + Relation{o.Schema, o.Name}.sql()
	case ObjectFunction, ObjectProcedure:
		// The name holds the types of the arguments and is one of our own.
		return "FUNCTION " + ident(o.Schema) + "." + o.Name
	}
	return "NOTHING"
}

// String names the object in messages.
func (o Object) String() string {
	if o.Kind == ObjectSchema {
		return "schema " + o.Schema
	}
	return o.Schema + "." + o.Name
}

func identList(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = ident(n)
	}
	return strings.Join(out, ", ")
}

// query runs one statement with text parameters and returns text values, "" for null.
func query(ctx context.Context, conn *pgconn.PgConn, sql string, args ...string) ([][]string, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	result := conn.ExecParams(ctx, sql, params, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		rows[i] = make([]string, len(row))
		for j, v := range row {
			rows[i][j] = string(v)
		}
	}
	return rows, nil
}

func exec(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	_, err := conn.Exec(ctx, sql).ReadAll()
	return err
}

// sqlState is the server's error code, "" if the error is none of the server's.
func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// list prints text values as an array for a parameter of type text[].
func list(values []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// count prints a number with the word for it.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
