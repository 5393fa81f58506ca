package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy/expr"
)

// farRows are the rows of the foreign server's table; those of DE are hidden.
const farRows = `CREATE SCHEMA far;
CREATE TABLE far.t (id integer PRIMARY KEY, country text NOT NULL, k integer NOT NULL, v text, phone text, ssn text);
INSERT INTO far.t SELECT i, CASE WHEN i % 3 = 0 THEN 'DE' ELSE 'US' END, CASE WHEN i % 3 = 0 THEN 0 ELSE i % 7 + 1 END, CASE WHEN i % 3 = 0 THEN 'MARKER' ELSE i::text END, 'MARKER', 'MARKER'
FROM generate_series(1, 300) AS i; ANALYZE far.t;
CREATE EXTENSION postgres_fdw;`

// foreignTables are one that the person sees a part of, and one that nobody registered.
func foreignTables() []testTable {
	columns := []testColumn{{name: "id", typ: "integer"}, {name: "country", typ: "text"}, {name: "k", typ: "integer"}, {name: "v", typ: "text"},
		{name: "phone", typ: "text", mask: text("***")}, {name: "ssn", typ: "text", hidden: true}}
	lower := expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: "lower"}, Args: []expr.Expr{col("country", "text")}}
	return []testTable{{schema: "public", name: "remote", kind: catalog.KindForeignTable, columns: columns, filter: eq(lower, text("us"))},
		{schema: "public", name: "unregistered", kind: catalog.KindForeignTable, columns: columns, denied: true}}
}

// foreignWarehouse is a database that is its own foreign server: what the planner ships is planned once more there.
func foreignWarehouse(t *testing.T, notice func(string), more string) *pgconn.PgConn {
	t.Helper()
	dsn := pgtest.Database(t)
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	setup := farRows + more + fmt.Sprintf(`CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', port '%d', dbname '%s', use_remote_estimate 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user '%s', password '%s');`, config.Host, config.Port, config.Database, config.User, config.Password)
	foreign := ""
	for _, name := range []string{"remote", "unregistered"} {
		foreign += "CREATE FOREIGN TABLE public." + name + " (id integer, country text, k integer, v text, phone text, ssn text) SERVER far OPTIONS (schema_name 'far', table_name 't'); ANALYZE public." + name + ";"
	}
	for _, sql := range []string{setup, foreign} { // the server sees what is committed
		if a := ask(connect(t, dsn, false, nil), sql, true); a.code != "" {
			t.Fatal(a.bytes)
		}
	}
	return connect(t, dsn, more == "", notice)
}

// foreignQueries hold every place from which a condition could be shipped.
var foreignQueries = []string{
	"SELECT * FROM remote ORDER BY 1", "SELECT count(*), max(v) FROM remote", "SELECT id, phone FROM remote WHERE id = 7 ORDER BY 1", "SELECT id FROM remote WHERE 10 / k > 1 ORDER BY 1",
	"SELECT id FROM remote WHERE id < 100 AND v::integer > 3 ORDER BY 1", "SELECT id FROM remote WHERE v LIKE '1%' ORDER BY 1", "SELECT a.id FROM remote a JOIN remote b ON a.id = 10 / b.k ORDER BY 1",
	"SELECT a.id, b.v FROM remote a LEFT JOIN remote b ON b.id = a.k AND b.v::integer > 1 ORDER BY 1", "SELECT d.id FROM (SELECT * FROM remote) d WHERE 1 / d.k >= 0 ORDER BY 1",
	"SELECT id FROM remote WHERE phone = '***' ORDER BY 1 LIMIT 5", "SELECT k, count(*) FROM remote GROUP BY k HAVING min(10 / k) > 1 ORDER BY 1", "SELECT id FROM remote WHERE id IN (SELECT 10 / k FROM remote) ORDER BY 1",
	"SELECT r::text FROM remote r ORDER BY 1", "SELECT id FROM remote ORDER BY 1 / k, id LIMIT 3", "SELECT id FROM remote WHERE k IN (1, 2) OR 5 / k = 1 ORDER BY 1",
}

// TestForeignTables: a foreign table is a source of its own, denied until it is registered, and no condition is run on hidden rows, here or at its server.
func TestForeignTables(t *testing.T) {
	var notices []string
	keep := func(text string) { notices = append(notices, text) }
	o := &oracle{h: harnessOf(t, foreignTables(), damage{}), notices: &notices, raw: foreignWarehouse(t, keep, "")}
	o.sanitised = foreignWarehouse(t, nil, "DELETE FROM far.t WHERE country = 'DE'; UPDATE far.t SET phone = '***'; ANALYZE far.t;")
	if a := ask(o.sanitised, "ALTER FOREIGN TABLE public.remote DROP ssn", true); a.code != "" {
		t.Fatal(a.bytes)
	}
	if _, err := o.h.rewrite("SELECT * FROM unregistered"); code(err) != "42P01" {
		t.Errorf("a foreign table that is not registered: %v", err)
	}
	for _, sql := range foreignQueries {
		if accepted, rows, problem := o.compare(sql); problem != "" || !accepted || rows == 0 {
			result, _ := o.h.rewrite(sql)
			t.Errorf("%s: %d rows, %s\n%v", sql, rows, problem, result)
		}
	}
}

// TestForeignTablesSeeDamage proves that the comparison sees a missing filter, mask or fence.
func TestForeignTablesSeeDamage(t *testing.T) {
	raw := foreignWarehouse(t, nil, "")
	for name, broken := range mutations() {
		if name == "opaque fence" {
			continue
		}
		h, red := harnessOf(t, foreignTables(), broken), 0
		for _, sql := range foreignQueries {
			result, err := h.rewrite(sql)
			if err != nil {
				t.Fatal(err)
			}
			if a := ask(raw, result.Statements[0].SQL, true); a.code != "" || strings.Contains(a.bytes, marker) {
				red++
			}
		}
		t.Logf("without the %s, %d of %d queries turn red", name, red, len(foreignQueries))
		if red == 0 {
			t.Errorf("nothing turned red without the %s", name)
		}
	}
}
