package e2e

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// person logs in.
type person struct {
	name, password string
	expected       string // the tour's query, written by hand for what this person is to see
}

// people are the three of examples/tpch/users.yaml.
func people() []person {
	return []person{}
}

// serverPassword is the service role's.
func serverPassword() string { return os.Getenv("TPCH_PASSWORD") }

func exampleFiles() (map[string]string, error) { return nil, nil }

func register(ctx context.Context, files map[string]string) error { return nil }

// rawAnswer asks the raw database as its superuser, past Postern.
func rawAnswer(t *testing.T, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), shared.cluster.DSN(databaseName))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	got, err := rawRows(rows, err)
	if err := errors.Join(err, conn.Close(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatal(err)
	}
	return got
}
