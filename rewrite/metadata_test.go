package rewrite

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	crawl "github.com/posternsql/postern/warehouse"
)

const metadataFolder = "../testdata/metadata"

// hiddenWord is in the name or the text of everything that testdata/metadata.sql hides.
const hiddenWord = "marker"

// metadataWarehouse loads testdata/metadata.sql, crawls it, and lets the person see what is not called "marker".
func metadataWarehouse(t testing.TB) (*harness, *pgconn.PgConn, *[]string) {
	t.Helper()
	var notices []string
	conn := connect(t, load(t, "metadata.sql"), true, func(text string) { notices = append(notices, text) })
	tables, err := crawl.Crawl(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = !strings.Contains(table.Name, "unregistered")
		for i := range table.Columns {
			table.Columns[i].Reviewed = true
		}
	}
	program, rw := compiledFor(t, tables, policy.Input{}, sqlgen.Postgres())
	rw.views.decide = func(_ *policy.Program, _ identity.Principal, wants []policy.Want) []policy.Decision {
		out := make([]policy.Decision, len(wants))
		for i, w := range wants {
			out[i] = policy.Decision{Table: w.Table}
			for _, c := range w.Table.Columns {
				if !strings.Contains(c.Name, hiddenWord) {
					out[i].Columns = append(out[i].Columns, policy.ColumnDecision{Column: c})
				}
			}
			out[i].Allowed = !strings.Contains(w.Table.QualifiedName(), hiddenWord)
		}
		return out
	}
	h := &harness{rw: rw, program: program, person: identity.NewPrincipal(identity.Spec{User: person})}
	return h, conn, &notices
}

// metadataQueries reads the corpus: by file, the statements between semicolons at the ends of lines.
func metadataQueries(t testing.TB) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(metadataFolder + "/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(f), ".sql")
		for _, q := range strings.Split(string(text)+"\n", ";\n") {
			if q = strings.TrimSpace(q); q != "" {
				out[name] = append(out[name], q)
			}
		}
	}
	return out
}

// TestMetadata runs what real tools ask of the catalogues, and counts what is answered. What is refused must be refused by the
// rewriter, not by the warehouse, and nothing that is hidden may show.
func TestMetadata(t *testing.T) {
	h, conn, notices := metadataWarehouse(t)
	promised := metadataMinimum(t)
	queries := metadataQueries(t)
	for name, minimum := range promised {
		answered, refused := 0, 0
		for _, sql := range queries[name] {
			sql = withOIDs(t, h, sql)
			req := h.request(sql)
			req.SearchPath = []string{"public", "smoke"}
			result, err := h.rw.Rewrite(context.Background(), req)
			if err != nil {
				refused++
				if !refusedOnPurpose(t, name, sql) {
					t.Errorf("%s: refused: %v\n%s", name, err, sql)
				}
				t.Logf("%s: %v: %.200s", name, err, sql)
				// A refusal may name only what the client named.
				if strings.Contains(strings.ToLower(err.Error()), hiddenWord) && !strings.Contains(strings.ToLower(sql), hiddenWord) {
					t.Errorf("the refusal tells: %v\n%s", err, sql)
				}
				continue
			}
			answered++
			*notices = nil
			for _, st := range result.Statements {
				if st.Kind == KindEmpty {
					continue
				}
				got := ask(conn, st.SQL, true)
				if got.code != "" {
					t.Errorf("%s: the warehouse says %s\n%s\n%s\n%.3000s", name, got.code, got.bytes, sql, st.SQL)
				}
				seen := strings.ToLower(got.bytes + strings.Join(*notices, ""))
				if at := strings.Index(seen, hiddenWord); at >= 0 {
					t.Errorf("%s: it shows …%s…\n%s", name, seen[max(0, at-100):min(len(seen), at+60)], sql)
				}
				if st.Kind == KindSelect && conn.TxStatus() == 'E' {
					_ = ask(conn, "ROLLBACK", true)
				}
			}
		}
		_ = ask(conn, "ROLLBACK", true)
		t.Logf("%s: %d answered, %d refused", name, answered, refused)
		if answered < minimum {
			t.Errorf("%s: %d are answered, %d are promised", name, answered, minimum)
		}
	}
	for name := range queries {
		if _, ok := promised[name]; !ok {
			t.Errorf("%s is not in MINIMUM", name)
		}
	}
}

// refusedOnPurpose looks a statement up in the list of those that shall be refused.
func refusedOnPurpose(t testing.TB, file, sql string) bool {
	t.Helper()
	text, err := os.ReadFile(metadataFolder + "/REFUSED")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(line, "|")
		if len(fields) == 3 && strings.TrimSpace(fields[0]) == file && strings.Contains(sql, strings.TrimSpace(fields[1])) {
			return true
		}
	}
	return false
}

// withOIDs puts the oid of a relation in the place of its name between "@": captured queries name relations so.
func withOIDs(t testing.TB, h *harness, sql string) string {
	return regexp.MustCompile(`@([a-z0-9_]+)\.([a-z0-9_]+)@`).ReplaceAllStringFunc(sql, func(found string) string {
		schema, name, _ := strings.Cut(strings.Trim(found, "@"), ".")
		if table, ok := h.program.Snapshot().Table(schema, name); ok {
			return strconv.FormatUint(uint64(table.OID), 10)
		}
		return "1"
	})
}

// TestMetadataSeesDamage proves that the suite sees what shows if decisions are not asked.
func TestMetadataSeesDamage(t *testing.T) {
	h, conn, _ := metadataWarehouse(t)
	for _, tables := range []bool{true, false} {
		h.rw.views.known.Purge()
		h.rw.views.cache.Purge()
		h.rw.views.decide = func(_ *policy.Program, _ identity.Principal, wants []policy.Want) []policy.Decision {
			out := make([]policy.Decision, len(wants))
			for i, w := range wants {
				out[i] = policy.Decision{Table: w.Table, Allowed: tables || !strings.Contains(w.Table.QualifiedName(), hiddenWord)}
				for _, c := range w.Table.Columns {
					out[i].Columns = append(out[i].Columns, policy.ColumnDecision{Column: c})
				}
			}
			return out
		}
		for _, name := range []string{"pg_class", "pg_attribute", "information_schema.columns", "pg_constraint", "pg_description"} {
			result, err := h.rewrite("SELECT * FROM " + name + " WHERE 1 = 1")
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(conn, result.Statements[0].SQL, true); !strings.Contains(got.bytes, hiddenWord) {
				t.Errorf("%s shows nothing of what decisions let through: %s", name, got.code)
			}
		}
	}
}

func metadataMinimum(t testing.TB) map[string]int {
	t.Helper()
	text, err := os.ReadFile(metadataFolder + "/MINIMUM")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[0] == "#" {
			continue
		}
		if out[fields[0]], err = strconv.Atoi(fields[1]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestEveryCatalogRelation reads each relation of the virtual catalogue whole.
func TestEveryCatalogRelation(t *testing.T) {
	h, conn, _ := metadataWarehouse(t)
	var names []string
	for name := range builtinTexts() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		result, err := h.rewrite("SELECT * FROM " + name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ask(conn, result.Statements[0].SQL, true)
		if got.code != "" {
			t.Errorf("%s: %s %s", name, got.code, got.bytes)
		}
		seen := strings.ToLower(got.bytes)
		if at := strings.Index(seen, hiddenWord); at >= 0 {
			t.Errorf("%s shows …%s…", name, seen[max(0, at-200):min(len(seen), at+60)])
		}
		t.Logf("%s: %d rows", name, len(got.rows))
	}
}
