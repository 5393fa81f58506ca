package admin

import (
	"testing"

	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// TestDialectOfConnection prints a filter in the words of the connection that it is for.
func TestDialectOfConnection(t *testing.T) {
	filter := expr.Cast{Arg: expr.Literal{Type: "character varying(2)", Value: "FR"}, Type: "character varying(2)"}
	a := &API{Dialect: sqlgen.Postgres(), DialectOf: func(connection string) sqlgen.Dialect {
		if connection == "lake" {
			return sqlgen.Redshift()
		}
		return sqlgen.Postgres()
	}}
	for connection, want := range map[string]sqlgen.Dialect{"lake": sqlgen.Redshift(), "tpch": sqlgen.Postgres()} {
		text, err := want.Expr(filter)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.print(connection, filter); err != nil || *got != text {
			t.Errorf("%s: %v %v, want %s", connection, got, err, text)
		}
	}
	a.DialectOf = nil
	if a.dialect("lake") != sqlgen.Postgres() {
		t.Error("without a function there is one dialect")
	}
}
