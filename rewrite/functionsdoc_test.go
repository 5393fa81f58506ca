package rewrite

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

var update = flag.Bool("update", false, "write docs/functions.md; the difference is for a reviewer to read")

const functionsPage = "../docs/functions.md"

// signaturesOf lists the functions of pg_catalog: name, number of arguments, signature, kind, set, and whether it may be anything
// but not called by SQL (pseudo-types of internal use).
const signaturesOf = `SELECT p.proname, p.pronargs, p.provariadic <> 0, p.pronargdefaults, p.prokind, p.proretset,
	pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid)
	FROM pg_proc p WHERE p.pronamespace = 11 AND p.prokind <> 'p' ORDER BY p.proname COLLATE "C", p.oid`

// TestFunctionsPage holds docs/functions.md against the allow-list. On PostgreSQL 15, which the page was made with, it must be the
// same word for word; elsewhere each name on it must be let in with that many arguments.
func TestFunctionsPage(t *testing.T) {
	conn := connect(t, pgtest.Database(t), true, nil)
	version := ask(conn, "SELECT current_setting('server_version_num')::int / 10000", true)
	results := ask(conn, signaturesOf, true)
	if results.code != "" || len(results.rows) < 2000 {
		t.Fatal(results.code, len(results.rows))
	}
	page := functionsText(results.rows)
	if *update {
		if err := os.WriteFile(functionsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(functionsPage)
	if err != nil {
		t.Fatal(err)
	}
	if version.rows[0] == `|"15"` && string(written) != page {
		t.Errorf("%s is not what the code says: run this test with -update", functionsPage)
	}
	listed := 0
	for line := range strings.Lines(string(written)) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- `"), "`")
		if !strings.HasPrefix(line, "- `") || !ok {
			continue
		}
		listed++
		if strings.HasPrefix(rest, ": ") && !slices.ContainsFunc([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, func(n int) bool { return catalog.SafeFunction(name, n) }) {
			t.Errorf("the page has %s, the code does not", name)
		}
	}
	if listed < 1000 {
		t.Errorf("the page lists %d functions", listed)
	}
	t.Logf("%d functions on the page", listed)
}

// functionsText prints the page.
func functionsText(rows []string) string {
	kinds := []struct{ title, letters string }{
		{"Functions", "f"}, {"Functions that return rows", "set"}, {"Aggregates", "a"}, {"Window functions", "w"},
	}
	safe := map[string]map[string][]string{}
	answered := map[string]bool{}
	all, allowed := 0, 0
	for _, row := range rows {
		f := unquotedRow(row)
		name, variadic := f[0], f[2] == "t"
		nargs, _ := strconv.Atoi(f[1])
		defaults, _ := strconv.Atoi(f[3])
		all++
		kind := f[4]
		if kind == "f" && f[5] == "t" {
			kind = "set"
		}
		for n := nargs - defaults; n <= nargs; n++ {
			if catalogTemplate(name, n) != "" || strings.HasPrefix(name, "has_") && strings.HasSuffix(name, "_privilege") || name == "to_regclass" {
				answered[fmt.Sprintf("%s(%d)", name, n)] = true
			}
		}
		if !catalog.SafeFunction(name, nargs) || variadic && !catalog.SafeFunction(name, max(1, nargs)) {
			continue
		}
		allowed++
		if safe[kind] == nil {
			safe[kind] = map[string][]string{}
		}
		safe[kind][name] = append(safe[kind][name], "("+f[6]+") → "+f[7])
	}
	var b strings.Builder
	b.WriteString("# The functions that a query may call\n\n" +
		"This page is written by `go test ./rewrite -run TestFunctionsPage -update` from the allow-list in `catalog/functions.tsv` and the catalogues of PostgreSQL 15. " +
		"Everything that is not on it is refused with `0A000`: functions that run SQL given as text, read tables, files, large objects, statistics, other " +
		"sessions or settings, or change anything; and all functions of users. A name is let in for a number of arguments only if every overload that such a " +
		"call could mean is a function of its arguments, or of harmless session state (the time, `DateStyle`, `version()`). [statements.md](statements.md#functions-operators-types) has the rest of the rules.\n\n")
	fmt.Fprintf(&b, "%d of the %d functions of `pg_catalog` are let in as they are.\n", allowed, all)
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n", k.title)
		names := []string{}
		for name := range safe[k.letters] {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&b, "- `%s`: %s\n", name, strings.Join(safe[k.letters][name], "; "))
		}
	}
	b.WriteString("\n## Answered by Postern\n\nThese ask about objects, people or the session. Postern puts expressions over the virtual catalogue in their place, which say nothing of " +
		"what the person may not see. In parentheses stands the number of arguments.\n\n")
	for _, name := range []string{"current_catalog", "current_database()", "current_role", "current_schema", "current_schemas(1)", "current_setting(1)",
		"current_setting(2)", "current_user", "session_user", "user"} {
		answered[name] = true
	}
	list := []string{}
	for name := range answered {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, name := range list {
		fmt.Fprintf(&b, "- `%s`\n", name)
	}
	return b.String()
}

// unquotedRow takes a row of ask apart.
func unquotedRow(row string) []string {
	var out []string
	for _, f := range strings.Split(strings.TrimPrefix(row, "|"), "|") {
		if text, err := strconv.Unquote(f); err == nil {
			f = text
		}
		out = append(out, f)
	}
	return out
}
