package rewrite

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// redshiftTables are those of the case files in testdata/redshift: customer has a row filter and masks, orders a filter that looks rows up,
// nation neither, and secret is denied.
func redshiftTables() []testTable {
	us := eq(col("country", "character varying(2)"), expr.Literal{Type: "character varying(2)", Value: "US"})
	return []testTable{
		{schema: "sales", name: "customer", columns: []testColumn{
			{name: "id", typ: "bigint"}, {name: "name", typ: "character varying(50)"},
			{name: "phone", typ: "character varying(20)", mask: expr.Cast{Arg: text("***"), Type: "character varying(20)"}},
			{name: "country", typ: "character varying(2)"}, {name: "balance", typ: "numeric(10,2)", mask: expr.Literal{Type: "numeric(10,2)", Null: true}},
			{name: "seen", typ: "timestamp without time zone"}, {name: "born", typ: "date"}, {name: "k", typ: "integer"},
			{name: "ssn", typ: "character varying(11)", hidden: true},
		}, filter: us},
		{schema: "sales", name: "orders", columns: []testColumn{
			{name: "id", typ: "bigint"}, {name: "customer_id", typ: "bigint"}, {name: "total", typ: "numeric(12,2)"}, {name: "placed", typ: "date"},
			{name: "memo", typ: "character varying(100)"},
		}, filter: expr.InSelect{Arg: col("customer_id", "bigint"), Query: &expr.Select{
			Target: expr.Column{Relation: "c", Name: "id", Type: "bigint"},
			From:   []expr.Relation{{Table: expr.Name{Schema: "sales", Name: "customer"}, Alias: "c"}},
			Where:  eq(expr.Column{Relation: "c", Name: "country", Type: "character varying(2)"}, expr.Literal{Type: "character varying(2)", Value: "US"}),
		}}},
		{schema: "sales", name: "nation", columns: []testColumn{
			{name: "code", typ: "character varying(2)"}, {name: "title", typ: "character varying(40)"}, {name: "pop", typ: "bigint"},
			{name: "joined", typ: "timestamp without time zone"}, {name: "offset", typ: "integer"},
		}},
		{schema: "sales", name: "secret", denied: true, columns: []testColumn{{name: "s", typ: "character varying(20)"}, {name: "ssn", typ: "character varying(11)"}}},
		{schema: "part", name: "c_orders", columns: []testColumn{{name: "o_key", typ: "bigint"}}},
	}
}

func redshiftHarness(t testing.TB, broken damage) *harness {
	t.Helper()
	var tables []*catalog.Table
	decisions := map[*catalog.Table]policy.Decision{}
	for _, tt := range redshiftTables() {
		table, decision := tt.build(len(tables))
		tables = append(tables, table)
		if broken.decision != nil && decision.Allowed {
			broken.decision(&decision)
		}
		if decision.Allowed && tt.name != "c_orders" {
			decision.Privileges = []policy.Privilege{policy.PrivilegeInsert, policy.PrivilegeUpdate, policy.PrivilegeDelete, policy.PrivilegeTruncate, policy.PrivilegeMerge}
		}
		if decision.Allowed {
			decision.Unloads = redshiftUnloads(t, tt.name)
		}
		decisions[table] = decision
	}
	snapshot, err := catalog.New(1, "db", tables)
	if err != nil {
		t.Fatal(err)
	}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Unload: policy.UnloadSettings{Role: "arn:aws:iam::123456789012:role/unload"}})
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: sqlgen.Redshift()})
	if err != nil {
		t.Fatal(err)
	}
	rw.views.decide = func(_ *policy.Program, _ identity.Principal, wants []policy.Want) []policy.Decision {
		out := make([]policy.Decision, len(wants))
		for i, w := range wants {
			out[i] = decisions[w.Table]
		}
		return out
	}
	return &harness{rw: rw, program: program, person: identity.NewPrincipal(identity.Spec{User: person})}
}

// redshiftUnloads lets the person unload customers and nations, nations with what destroys files, orders nowhere and c_orders elsewhere.
func redshiftUnloads(t testing.TB, table string) []policy.Unloading {
	t.Helper()
	to := map[string]string{"customer": "s3://exports/sales", "nation": "s3://exports", "c_orders": "s3://other/parts"}[table]
	if to == "" {
		return nil
	}
	folder, err := policy.ParseS3Folder(to)
	if err != nil {
		t.Fatal(err)
	}
	return []policy.Unloading{{To: folder, Overwrite: table == "nation", Policy: "unloaders"}}
}

func (h *harness) onRedshift(sql string) (*Result, error) {
	return h.rw.Rewrite(context.Background(), Request{SQL: sql, Program: h.program, Principal: h.person, SearchPath: []string{"sales"}, Database: "db"})
}

var updateCases = flag.Bool("update-redshift", false, "write the answers into testdata/redshift; the difference is for a reviewer to read")

const redshiftCases = "testdata/redshift"

// TestRedshiftCases holds each case file: a statement, and what is sent for it or why it is refused. What the file says above its first
// section is the translation, which docs/redshift-sql.md states.
func TestRedshiftCases(t *testing.T) {
	h := redshiftHarness(t, damage{})
	paths, err := filepath.Glob(redshiftCases + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	sent, refused := 0, 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		if strings.TrimSpace(string(archive.Comment)) == "" {
			t.Errorf("%s does not say what is done", name)
		}
		var out []txtar.File
		for _, f := range archive.Files {
			if f.Name != "query" {
				continue
			}
			answer := h.answer(t, name, strings.TrimSuffix(string(f.Data), "\n"))
			if answer.Name == "sent" {
				sent++
			} else {
				refused++
			}
			out = append(out, f, answer)
		}
		got := txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: out})
		if *updateCases {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		} else if want := txtar.Format(archive); string(got) != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	t.Logf("%d case files: %d statements sent, %d refused", len(paths), sent, refused)
	atLeast(t, redshiftCases+"/MINIMUM", len(paths), sent, refused)
}

// TestRedshiftExplainPolicy holds that EXPLAIN (POLICY) is answered by lines of constants, with the statement as it would be sent among what is told.
func TestRedshiftExplainPolicy(t *testing.T) {
	h := redshiftHarness(t, damage{})
	h.rw.config.ExplainPolicy = func(q PolicyQuestion) ([]string, error) {
		return []string{"first", `it's C:\ of ` + q.Database, q.Statement.SQL}, nil
	}
	result, err := h.onRedshift("EXPLAIN (POLICY) SELECT TOP 1 phone FROM customer")
	if err != nil {
		t.Fatal(err)
	}
	st := result.Statements[0]
	if err := lex.Same(st.SQL); err != nil || st.Kind != KindSelect || st.Tag != "EXPLAIN" || !strings.Contains(st.SQL, "it''s C:") || !strings.Contains(st.SQL, "LIMIT 1") ||
		!strings.HasSuffix(st.SQL, `ORDER BY "ordinal_position"`) {
		t.Errorf("%v %+v", err, st)
	}
}

// TestRedshiftHintsAtNames: a name or an alias that Redshift takes and PostgreSQL's grammar does not is a syntax error that says what to write, and that works.
func TestRedshiftHintsAtNames(t *testing.T) {
	h := redshiftHarness(t, damage{})
	for sql, instead := range map[string]string{"SELECT offset FROM nation": `SELECT "offset" FROM nation`, "SELECT code year FROM nation": "SELECT code AS year FROM nation"} {
		_, err := h.onRedshift(sql)
		if e, ok := errors.AsType[*pgerror.Error](err); !ok || e.Code != pgerror.CodeSyntaxError || !strings.Contains(e.Hint, "offset") || !strings.Contains(e.Hint, "year") {
			t.Errorf("%s: %v", sql, err)
		}
		if _, err := h.onRedshift(instead); err != nil {
			t.Errorf("%s: %v", instead, err)
		}
	}
}

// answer is what becomes of one text.
func (h *harness) answer(t *testing.T, name, sql string) txtar.File {
	t.Helper()
	result, err := h.onRedshift(sql)
	var e *pgerror.Error
	switch {
	case errors.As(err, &e):
		line := e.Code + " " + e.Message
		if e.Position > 0 {
			line += " (at character " + strconv.Itoa(e.Position) + ")"
		}
		return txtar.File{Name: "refused", Data: []byte(line + "\n")}
	case err != nil:
		t.Fatalf("%s: %v", name, err)
	}
	var out strings.Builder
	for _, st := range result.Statements {
		if err := lex.Same(st.SQL); err != nil {
			t.Errorf("%s: the gate refuses what is sent: %v\n%s", name, err, st.SQL)
		}
		if st.Kind == KindUnload {
			if _, err := rsconform.Unload(st.SQL); err != nil {
				t.Errorf("%s: the checker refuses what is sent: %v\n%s", name, err, st.SQL)
			}
		}
		out.WriteString(st.SQL + "\n")
	}
	return txtar.File{Name: "sent", Data: []byte(out.String())}
}

// atLeast holds counts against those of a file, one a line.
func atLeast(t *testing.T, path string, counts ...int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, field := range strings.Fields(string(text)) {
		least, err := strconv.Atoi(field)
		if err != nil || i >= len(counts) {
			t.Fatalf("%s: %q", path, field)
		}
		if counts[i] < least {
			t.Errorf("count %d is %d, fewer than the %d of %s", i+1, counts[i], least, path)
		}
	}
}

// TestRedshiftTableWithoutColumns: a table of which somebody sees no column is refused by name, wherever it stands.
func TestRedshiftTableWithoutColumns(t *testing.T) {
	h := redshiftHarness(t, damage{decision: func(d *policy.Decision) {
		if d.Table.Name == "nation" {
			d.Columns = nil
		}
	}})
	for _, sql := range []string{"SELECT * FROM nation", "SELECT count(*) FROM nation", "SELECT 1 FROM customer, nation AS n", "DELETE FROM nation", "INSERT INTO nation VALUES (1)", "UPDATE customer SET c_name = c_name FROM nation"} {
		result, err := h.onRedshift(sql)
		var e *pgerror.Error
		if !errors.As(err, &e) || e.Code != pgerror.CodeFeatureNotSupported && e.Code != pgerror.CodeInsufficientPrivilege {
			t.Errorf("%s: %v %v", sql, result, err)
			continue
		}
		t.Log(sql, e)
	}
}

// TestRedshiftInsertsOfNothing: where nothing that is inserted is named, nothing can be held against a filter, even one that reads no column.
func TestRedshiftInsertsOfNothing(t *testing.T) {
	h := redshiftHarness(t, damage{decision: func(d *policy.Decision) { d.Filter = expr.Literal{Type: "boolean", Value: "false"} }})
	for _, sql := range []string{"INSERT INTO nation DEFAULT VALUES", "INSERT INTO nation SELECT FROM nation"} {
		result, err := h.onRedshift(sql)
		var e *pgerror.Error
		if !errors.As(err, &e) || e.Code != pgerror.CodeFeatureNotSupported && e.Code != pgerror.CodeSyntaxError {
			t.Errorf("%s: %v %v", sql, result, err)
		}
	}
}
