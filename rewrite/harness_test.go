package rewrite

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// marker stands in every value that the person of these tests may not see: in hidden rows, hidden columns, hidden tables and
// under masks. No byte that comes back may hold it.
const marker = "MARKER"

// person is who asks in these tests.
const person = "ann"

// testColumn is one column of the test warehouse: its name, its type, and its mask if it has one.
type testColumn struct {
	name, typ string
	mask      expr.Expr
	hidden    bool
}

func text(s string) expr.Expr { return expr.Literal{Type: "text", Value: s} }

func col(name, typ string) expr.Expr { return expr.Column{Name: name, Type: expr.Type(typ)} }

func eq(left, right expr.Expr) expr.Expr { return expr.Op{Name: "=", Left: left, Right: right} }

// testTable is one table with its decision for the person.
type testTable struct {
	schema, name string
	kind         catalog.Kind
	columns      []testColumn
	key          []string
	filter       expr.Expr
	denied       bool
}

// warehouse is what testdata/raw.sql creates. The filter of customer costs as much as a division: a cheap one would run first
// even without a fence, and hide that it is missing.
func warehouse() []testTable {
	return []testTable{
		{schema: "public", name: "customer", key: []string{"id"}, columns: []testColumn{
			{name: "id", typ: "integer"},
			{name: "name", typ: "text", mask: expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: "regexp_replace"},
				Args: []expr.Expr{col("name", "text"), text("MARKER|[0-9]"), text("*"), text("g")}, Type: "text"}},
			{name: "phone", typ: "text", mask: text("***")},
			{name: "country", typ: "text"},
			{name: "balance", typ: "numeric(10,2)", mask: expr.Literal{Type: "numeric(10,2)", Null: true}},
			{name: "k", typ: "integer"},
			{name: "note", typ: "character varying(20)", mask: expr.Cast{Arg: text("withheld"), Type: "character varying(20)"}},
			{name: "tags", typ: "text[]"},
			{name: "doc", typ: "jsonb"},
			{name: "created", typ: "timestamp with time zone"},
			{name: "kind", typ: "character(3)"},
			{name: "ssn", typ: "text", hidden: true},
			{name: "label", typ: "text"},
		}, filter: eq(expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: "lower"}, Args: []expr.Expr{col("country", "text")}}, text("us"))},
		{schema: "public", name: "orders", key: []string{"id"}, columns: []testColumn{
			{name: "id", typ: "integer"}, {name: "customer_id", typ: "integer"}, {name: "total", typ: "numeric(12,2)"},
			{name: "placed", typ: "date"}, {name: "memo", typ: "text"},
		}, filter: expr.InSelect{Arg: col("customer_id", "integer"), Query: &expr.Select{
			Target: expr.Column{Relation: "c", Name: "id", Type: "integer"},
			From:   []expr.Relation{{Table: expr.Name{Schema: "public", Name: "customer"}, Alias: "c"}},
			Where:  eq(expr.Column{Relation: "c", Name: "country", Type: "text"}, text("US")),
		}}},
		{schema: "public", name: "nation", key: []string{"code"}, columns: []testColumn{
			{name: "code", typ: "text"}, {name: "title", typ: "text"}, {name: "pop", typ: "bigint"},
		}},
		{schema: "public", name: "event", kind: catalog.KindPartitionedTable, columns: []testColumn{
			{name: "id", typ: "integer"}, {name: "day", typ: "date"}, {name: "what", typ: "text"},
		}, filter: expr.Not{Arg: expr.Op{Name: "~~", Left: col("what", "text"), Right: text("%MARKER%")}}},
		{schema: "public", name: "parent", columns: []testColumn{{name: "id", typ: "integer"}, {name: "v", typ: "text"}},
			filter: expr.Op{Name: ">", Left: col("id", "integer"), Right: expr.Literal{Type: "integer", Value: "10"}}},
		{schema: "public", name: "child", denied: true, columns: []testColumn{{name: "id", typ: "integer"}, {name: "v", typ: "text"}}},
		{schema: "public", name: "secret", denied: true, columns: []testColumn{{name: "s", typ: "text"}}},
		{schema: "public", name: "customer_view", kind: catalog.KindView, columns: []testColumn{{name: "id", typ: "integer"}, {name: "name", typ: "text"}}},
		{schema: "public", name: "blank", columns: []testColumn{{name: "b", typ: "text", hidden: true}, {name: "n", typ: "text", hidden: true}, {name: "code", typ: "text", hidden: true}}},
		// The hidden table of one name stands earlier in the path app, public.
		{schema: "app", name: "nation", denied: true, columns: []testColumn{{name: "code", typ: "text"}}},
		{schema: "app", name: "Odd Name", columns: []testColumn{{name: "A b", typ: "integer"}, {name: "select", typ: "text"}, {name: "ünï", typ: "text"}}},
		{schema: "app", name: "registry", columns: []testColumn{{name: "id", typ: "integer"}, {name: "about", typ: "regclass"}, {name: "abouts", typ: "regclass[]"}}},
		{schema: "app", name: "customer", columns: []testColumn{{name: "id", typ: "integer"}, {name: "extra", typ: "text"}}},
	}
}

// harness is a rewriter over the test warehouse. broken, where it is set, damages each decision before it is printed: that is how
// mutation runs show that the suites see a missing filter, mask or fence.
type harness struct {
	rw      *Rewriter
	program *policy.Program
	person  identity.Principal
}

type damage struct {
	decision func(*policy.Decision)
	view     func(string) string
	// translucent hides from the rewriter that a View is filtered, so that it exports plain columns.
	translucent bool
	// unfenced has the rewriter take every fence off.
	unfenced bool
}

func newHarness(t testing.TB, broken damage) *harness {
	t.Helper()
	return harnessOf(t, warehouse(), broken)
}

// harnessOf is a rewriter over other tables.
func harnessOf(t testing.TB, all []testTable, broken damage) *harness {
	t.Helper()
	var tables []*catalog.Table
	decisions := map[*catalog.Table]policy.Decision{}
	for _, tt := range all {
		table, decision := tt.build(len(tables))
		tables = append(tables, table)
		if broken.decision != nil && decision.Allowed {
			broken.decision(&decision)
		}
		decisions[table] = decision
	}
	program, rw := compiledFor(t, tables, policy.Input{}, sqlgen.Postgres())
	rw.unfenced = broken.unfenced
	shown := func(d policy.Decision) policy.Decision {
		if broken.translucent {
			d.Filter = nil
		}
		return d
	}
	rw.views.decide = func(_ *policy.Program, _ identity.Principal, wants []policy.Want) []policy.Decision {
		out := make([]policy.Decision, len(wants))
		for i, w := range wants {
			out[i] = shown(decisions[w.Table])
		}
		return out
	}
	rw.views.print = func(d *policy.Decision) (sqlgen.View, error) {
		full := decisions[d.Table]
		v, err := sqlgen.Postgres().View(&full)
		if broken.view != nil {
			v.SQL = broken.view(v.SQL)
		}
		return v, err
	}
	return &harness{rw: rw, program: program, person: identity.NewPrincipal(identity.Spec{User: person})}
}

// compiledHarness is a rewriter over what a crawl found, with compiled policies.
func compiledHarness(t testing.TB, tables []*catalog.Table, in policy.Input, dialect sqlgen.Dialect, broken damage) *harness {
	t.Helper()
	program, rw := compiledFor(t, tables, in, dialect)
	rw.unfenced = broken.unfenced
	decide := rw.views.decide
	rw.views.decide = func(p *policy.Program, who identity.Principal, wants []policy.Want) []policy.Decision {
		out := slices.Clone(decide(p, who, wants))
		for i := range out {
			if broken.decision != nil && out[i].Allowed {
				broken.decision(&out[i])
			}
		}
		return out
	}
	rw.views.print = func(d *policy.Decision) (sqlgen.View, error) {
		v, err := dialect.View(d)
		if broken.view != nil {
			v.SQL = broken.view(v.SQL)
		}
		return v, err
	}
	return &harness{rw: rw, program: program, person: identity.NewPrincipal(identity.Spec{User: person})}
}

// adoptOIDs gives the tables the oids that they have in this database, for the virtual catalogue.
func (h *harness) adoptOIDs(t testing.TB, conn *pgconn.PgConn) {
	t.Helper()
	for _, table := range h.program.Snapshot().Tables() {
		sql := "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = '" + table.Schema +
			"' AND relname = '" + table.Name + "'"
		results, err := conn.Exec(context.Background(), sql).ReadAll()
		if err != nil || len(results[0].Rows) != 1 {
			t.Fatalf("%s: %v", table.QualifiedName(), err)
		}
		oid, err := strconv.ParseUint(string(results[0].Rows[0][0]), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		table.OID = uint32(oid)
		if table.Kind == catalog.KindView {
			continue
		}
		results, err = conn.Exec(context.Background(), "SELECT inhrelid FROM pg_inherits WHERE inhparent = "+strconv.FormatUint(oid, 10)+" ORDER BY 1").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range results[0].Rows {
			below, err := strconv.ParseUint(string(row[0]), 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			table.Children = append(table.Children, uint32(below))
		}
	}
}

func (tt testTable) build(n int) (*catalog.Table, policy.Decision) {
	table := &catalog.Table{OID: uint32(20000 + n), Schema: tt.schema, Name: tt.name, Kind: tt.kind, PrimaryKey: tt.key, Registered: true}
	if tt.kind == 0 {
		table.Kind = catalog.KindTable
	}
	decision := policy.Decision{Table: table}
	for i, c := range tt.columns {
		column := catalog.Column{Name: c.name, Number: int16(i + 1), Type: c.typ, Reviewed: true}
		table.Columns = append(table.Columns, column)
		if c.hidden || tt.denied {
			continue
		}
		cd := policy.ColumnDecision{Column: column, Mask: c.mask}
		if c.mask != nil {
			cd.Kind = policy.MaskCustom
		}
		decision.Columns = append(decision.Columns, cd)
	}
	if !tt.denied {
		decision.Allowed, decision.Filter = true, tt.filter
	}
	return table, decision
}

func (h *harness) request(sql string) Request {
	return Request{SQL: sql, Program: h.program, Principal: h.person, SearchPath: []string{"app", "public"}, Database: "db"}
}

func (h *harness) rewrite(sql string) (*Result, error) {
	return h.rw.Rewrite(context.Background(), h.request(sql))
}

// connect opens a session as the proxy does: the search_path is pinned and notices are kept.
func connect(t testing.TB, dsn string, pinned bool, notice func(string)) *pgconn.PgConn {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = "app, public"
	if pinned {
		config.RuntimeParams["search_path"] = "pg_catalog, pg_temp"
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if notice != nil {
			notice(n.Message + n.Detail + n.Hint + n.Where + n.InternalQuery)
		}
	}
	conn, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// load creates a database from files in testdata.
func load(t testing.TB, files ...string) string {
	t.Helper()
	dsn := pgtest.Database(t)
	conn := connect(t, dsn, false, nil)
	for _, f := range files {
		sql, err := os.ReadFile("testdata/" + f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(context.Background(), string(sql)).ReadAll(); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	return dsn
}

// compiledFor is the program of policies over tables, and a Rewriter that asks it.
func compiledFor(t testing.TB, tables []*catalog.Table, in policy.Input, dialect sqlgen.Dialect) (*policy.Program, *Rewriter) {
	t.Helper()
	var err error
	if in.Snapshot, err = catalog.New(1, "db", tables); err != nil {
		t.Fatal(err)
	}
	in.Version = 1
	program, _, err := policy.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: dialect})
	if err != nil {
		t.Fatal(err)
	}
	return program, rw
}
