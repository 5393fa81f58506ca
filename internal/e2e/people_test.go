package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// person logs in.
type person struct {
	name, password string
	expected       string // the tour's query, written by hand for what this person is to see
}

// people are the three of examples/tpch/users.yaml. Their statements are run by the superuser on the raw tables; what
// the policies say is repeated here in plain SQL, on purpose.
func people() []person {
	return []person{
		{
			name: "ann", password: "ann's pass%word",
			// Customers of Europe and Asia; names as HMAC-SHA-256 by pgcrypto, as long as the column is; phone numbers
			// without digits; balances to the nearest thousand.
			expected: `SELECT c_custkey,
				left(encode(public.hmac('\x6e616d6500'::bytea || convert_to(c_name, 'UTF8'), k.key, 'sha256'), 'hex'), 25),
				n_name, translate(c_phone, '0123456789', '**********'), (round(c_acctbal / 1000) * 1000)::numeric(15,2)
			FROM customer, nation, region, postern_functions.keys k
			WHERE n_nationkey = c_nationkey AND r_regionkey = n_regionkey AND r_name IN ('EUROPE', 'ASIA') AND k.domain = 'name'
			ORDER BY c_custkey LIMIT 5`,
		},
		{
			name: "bob", password: "Bøb&pässwörd", // SASLprep and UTF-8 have to work
			expected: `SELECT c_custkey, c_name, n_name, c_phone, c_acctbal
			FROM customer, nation WHERE n_nationkey = c_nationkey ORDER BY c_custkey LIMIT 5`,
		},
		{
			name: "cyd", password: "cyd-password",
			// Customers of America by name; no digits of the phone number; no money.
			expected: `SELECT c_custkey, c_name, n_name, translate(c_phone, '0123456789', '**********'), NULL
			FROM customer, nation, region
			WHERE n_nationkey = c_nationkey AND r_regionkey = n_regionkey AND r_name = 'AMERICA' ORDER BY c_custkey LIMIT 5`,
		},
	}
}

// serverPassword is the service role's.
func serverPassword() string { return os.Getenv("TPCH_PASSWORD") }

// exampleFiles are the resource files of examples/tpch as they stand there, but for the port of the warehouse. The
// passwords that they refer to are put into the environment, which the server inherits.
func exampleFiles() (map[string]string, error) {
	files := map[string]string{}
	for _, name := range []string{"connection.yaml", "users.yaml", "sources.yaml", "policies.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../examples/tpch", name))
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	before := files["connection.yaml"]
	files["connection.yaml"] = strings.Replace(before, "port: 5432", fmt.Sprintf("port: %d", shared.cluster.Port), 1)
	if files["connection.yaml"] == before {
		return nil, errors.New("the example's connection names no port 5432")
	}
	for _, who := range people() {
		if err := os.Setenv(strings.ToUpper(who.name)+"_PASSWORD", who.password); err != nil {
			return nil, err
		}
	}
	return files, nil
}

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
