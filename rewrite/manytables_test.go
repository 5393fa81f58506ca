package rewrite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	crawl "github.com/posternsql/postern/warehouse"
)

const (
	manyTables = 600
	// mostWork is how many rows the nodes of a plan may look at. What goes through all tables for each of them looks at 360,000 and more.
	mostWork = 300_000
)

// TestManyTables: what psql asks of the catalogues costs no more than to look at each table a few times, however the columns are shown.
func TestManyTables(t *testing.T) {
	conn, tables := manyTablesWarehouse(t)
	few, many := manyTablesHarness(t, tables, 0b000100), manyTablesHarness(t, tables, 0)
	for _, h := range []*harness{few, many} {
		got := ask(conn, sentFor(t, h, "SELECT attrelid, attnum FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r' AND oid > 16383)"), false)
		want := 0
		for _, table := range tables {
			want += len(h.visibleOf(table))
		}
		if len(got.rows) != want || got.code != "" {
			t.Errorf("%d columns are shown instead of %d %s", len(got.rows), want, got.code)
		}
	}
	oid := fmt.Sprint(tables[5].OID)
	worst, ran := 0, 0
	for _, sql := range metadataQueries(t)["psql"] {
		for start := strings.Index(sql, "'@"); start >= 0; start = strings.Index(sql, "'@") {
			end := start + 2 + strings.Index(sql[start+2:], "@'") + 2
			sql = sql[:start] + "'" + oid + "'" + sql[end:]
		}
		result, err := few.rewrite(sql)
		if err != nil || len(result.Statements) != 1 || result.Statements[0].Kind != KindSelect {
			continue
		}
		work := workOf(t, conn, result.Statements[0].SQL)
		worst = max(worst, work)
		if ran++; work > mostWork {
			t.Errorf("%d rows are looked at for %d tables\n%s", work, manyTables, sql)
		}
	}
	t.Logf("psql statements: %d, at most %d rows looked at for one with %d tables", ran, worst, manyTables)
	if ran < 100 {
		t.Errorf("only %d statements were run", ran)
	}
}

// manyTablesWarehouse makes the tables, each with a key and five columns more.
func manyTablesWarehouse(t *testing.T) (*pgconn.PgConn, []*catalog.Table) {
	t.Helper()
	conn := connect(t, pgtest.Database(t), true, nil)
	var b strings.Builder
	b.WriteString("CREATE SCHEMA app;")
	for i := range manyTables {
		fmt.Fprintf(&b, "CREATE TABLE app.t%d (id integer PRIMARY KEY, a text, b text, c text, d text, e text);", i)
	}
	for _, sql := range []string{b.String(), "VACUUM ANALYZE"} {
		if got := ask(conn, sql, true); got.code != "" {
			t.Fatal(got.bytes)
		}
	}
	tables, err := crawl.Crawl(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = true
		for i := range table.Columns {
			table.Columns[i].Reviewed = true
		}
	}
	return conn, tables
}

// manyTablesHarness shows all tables without the columns of the bits; 0 is that each table hides others, so that there are many lists of columns.
func manyTablesHarness(t *testing.T, tables []*catalog.Table, hidden int) *harness {
	t.Helper()
	program, rw := compiledFor(t, tables, policy.Input{}, sqlgen.Postgres())
	rw.views.decide = func(_ *policy.Program, _ identity.Principal, wants []policy.Want) []policy.Decision {
		out := make([]policy.Decision, len(wants))
		for i, w := range wants {
			out[i] = policy.Decision{Table: w.Table, Allowed: true}
			bits := hidden
			if bits == 0 {
				bits = int(w.Table.OID % 61) // never all of six
			}
			for n, c := range w.Table.Columns {
				if bits&(1<<n) == 0 {
					out[i].Columns = append(out[i].Columns, policy.ColumnDecision{Column: c})
				}
			}
		}
		return out
	}
	return &harness{rw: rw, program: program, person: identity.NewPrincipal(identity.Spec{User: person})}
}

func (h *harness) visibleOf(t *catalog.Table) []policy.ColumnDecision {
	return h.rw.views.decide(h.program, h.person, []policy.Want{{Table: t}})[0].Columns
}

func sentFor(t *testing.T, h *harness, sql string) string {
	t.Helper()
	result, err := h.rewrite(sql)
	if err != nil {
		t.Fatal(err)
	}
	return result.Statements[0].SQL
}

// workOf runs the statement and counts the rows that the nodes of its plan made or threw away.
func workOf(t *testing.T, conn *pgconn.PgConn, sql string) int {
	t.Helper()
	results, err := conn.Exec(context.Background(), "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+sql).ReadAll()
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, sql)
	}
	var plans []struct{ Plan planned }
	if err := json.Unmarshal(results[0].Rows[0][0], &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan.work()
}

type planned struct {
	Rows     float64   `json:"Actual Rows"`
	Loops    float64   `json:"Actual Loops"`
	Filtered float64   `json:"Rows Removed by Filter"`
	Unjoined float64   `json:"Rows Removed by Join Filter"`
	Plans    []planned `json:"Plans"`
}

func (p planned) work() int {
	out := int((p.Rows + p.Filtered + p.Unjoined) * p.Loops)
	for _, below := range p.Plans {
		out += below.work()
	}
	return out
}
