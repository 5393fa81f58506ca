package redshift_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// sections are the texts of one name in the case files of a folder.
func sections(t testing.TB, pattern string, wanted func(name string) bool) (out []string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal(err, pattern)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if wanted(f.Name) {
				out = append(out, strings.TrimSuffix(string(f.Data), "\n"))
			}
		}
	}
	return out
}

func clientTexts(t testing.TB) []string {
	return sections(t, "../testdata/redshift/*.txtar", func(name string) bool { return name == "query" })
}

// TestConforms holds every text that the case files send against a checker that shares no code with the printer, and prints each of them again: it must
// come out as it went in. The Views that sqlgen prints for a Redshift must go through the same way.
func TestConforms(t *testing.T) {
	queries, others, views := 0, 0, 0
	for _, text := range sections(t, "../testdata/redshift/*.txtar", func(name string) bool { return name == "sent" }) {
		for sql := range strings.Lines(text) {
			sql = strings.TrimSuffix(sql, "\n")
			if sql == "" {
				continue
			}
			if err := lex.Same(sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
			if !strings.HasPrefix(sql, "SELECT") && !strings.HasPrefix(sql, "WITH") {
				others++
				continue
			}
			queries++
			if err := rsconform.Check(sql); err != nil {
				t.Errorf("%v in\n%s", err, sql)
			}
			if again := printed(t, sql); again != sql {
				t.Errorf("printed again it is\n%s\nnot\n%s", again, sql)
			}
		}
	}
	for _, text := range sections(t, "../../testdata/cases/*.txtar", func(name string) bool { return strings.HasSuffix(name, ".redshift.sql") }) {
		for sql := range strings.Lines(text) {
			views++
			if err := rsconform.Check(printed(t, strings.TrimSuffix(sql, "\n"))); err != nil {
				t.Errorf("%v in the View\n%s", err, sql)
			}
		}
	}
	t.Logf("%d queries and %d other statements of the case files conform, and %d Views of sqlgen's go through the parser and the printer", queries, others, views)
	atLeast(t, "testdata/CONFORMS", queries, others, views)
}

func printed(t *testing.T, sql string) string {
	t.Helper()
	n, err := redshift.Parse(sql)
	if err != nil || n == nil {
		t.Errorf("%s: %v", sql, err)
		return ""
	}
	out, err := redshift.Print(n)
	if err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	return out
}

// atLeast holds counts against those of a file.
func atLeast(t *testing.T, path string, counts ...int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, field := range strings.Fields(string(text)) {
		if least, err := strconv.Atoi(field); err != nil || i >= len(counts) || counts[i] < least {
			t.Errorf("count %d of %v is below the %s of %s", i+1, counts, field, path)
		}
	}
}

// TestLimits holds the bounds: the size of what is printed, the number of parameters, nesting, and clauses that look for their query.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct{ sql, code string }{
		"16 MB":           {"SELECT '" + strings.Repeat("a", 15<<20) + "', '" + strings.Repeat("''", 1<<20) + "'", "42601"},
		"parameters":      {"SELECT $32768", "54000"},
		"many TOP":        {strings.Repeat("SELECT TOP 1 (", 300) + "SELECT 1" + strings.Repeat(")", 300), "0A000"},
		"brackets":        {strings.Repeat("(", 100_000), "42601"},
		"not UTF-8":       {"SELECT '\xff'", "22021"},
		"a zero byte":     {"SELECT '\x00'", "22021"},
		"a name of ours":  {"SELECT postern_rs_sysdate()", "0A000"},
		"quoted":          {`SELECT "postern_rs_having"(1, 2)`, "0A000"},
		"backslashes":     {"SELECT '" + strings.Repeat(`\\\\`, 100_000) + "'", "0A000"},
		"a scale":         {"SELECT CAST(1 AS numeric(1, 2))", "0A000"},
		"unclosed":        {"SELECT 'a", "42601"},
		"quote at an end": {`SELECT 'a\`, "42601"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := printOf(c.sql)
			var e *pgerror.Error
			switch {
			case errors.As(err, &e) && e.Code == c.code:
			case err != nil && !errors.As(err, &e) && c.code == "42601": // the parser's own
			default:
				t.Errorf("answered %.200v, want %s", err, c.code)
			}
		})
	}
}

// printOf is what a text becomes without a judge.
func printOf(sql string) (string, error) {
	n, err := redshift.Parse(sql)
	if err != nil {
		return "", err
	}
	if n == nil {
		return "", &pgerror.Error{Code: "42601", Message: "not one statement"}
	}
	return redshift.Print(n)
}

// TestFunctionsTable checks the list: fields, flags, and that no row stands twice.
func TestFunctionsTable(t *testing.T) {
	text, err := os.ReadFile("functions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows, before := 0, ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 4 || strings.Trim(fields[3], "fawltv") != "" || line <= before {
			t.Errorf("%q", line)
			continue
		}
		least, errLeast := strconv.Atoi(fields[1])
		most, errMost := strconv.Atoi(fields[2])
		if errLeast != nil || errMost != nil || most >= 0 && most < least {
			t.Errorf("%q", line)
		}
		if !redshift.Known(fields[0]) {
			t.Errorf("%s is not known", fields[0])
		}
		rows, before = rows+1, line
	}
	if rows < 190 {
		t.Errorf("the list has %d rows", rows)
	}
	for _, name := range []string{"set_config", "current_setting", "pg_sleep", "has_table_privilege", "pg_read_file", "generate_series", "pg_terminate_backend",
		"user_is_member_of", "explain_model", "query_to_xml", "dblink", "lo_get", "pg_get_viewdef", "pg_get_cols", "pg_last_copy_id", "role_is_member_of"} {
		if redshift.Known(name) {
			t.Errorf("%s may be called", name)
		}
	}
}
