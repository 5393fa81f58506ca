package rewrite

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

const (
	redshiftPage          = "../docs/redshift-sql.md"
	redshiftFunctionsPage = "../docs/redshift-functions.md"
)

const redshiftPageHead = `# What a client of a Redshift may write

This page is written by ` + "`go test ./rewrite -run TestRedshiftPages -update-redshift`" + ` from the case files in ` + "`rewrite/testdata/redshift`" + `, which hold what is sent for each statement. No cluster
was at hand: what is said of Redshift rests on the Database Developer Guide.

A client's text is read by Redshift's own rules (` + "`lex`" + `): backslashes are escapes, quoted names are folded. What PostgreSQL's grammar does not have is turned into something that it
has, or refused by name; the tree is judged as on PostgreSQL; and the judged tree is printed in Redshift's words, every name in quotes. What is sent must be split into the same tokens by
the rules of both engines, and must read back as the tree that was judged. Nothing of the client's own text is ever sent. Statements have at most 16 MB and 32,767 parameters once they are
guarded. The functions are those of [redshift-functions.md](redshift-functions.md); what keeps conditions from hidden rows is in [redshift-dialect.md](redshift-dialect.md#the-fence).

`

// redshiftPageText lists each case file: its translation, what is let in, and what is refused and why.
func redshiftPageText(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob(redshiftCases + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(redshiftPageHead)
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(path), ".txtar"), "-", " ")
		fmt.Fprintf(&b, "## %s%s\n\n%s\n", strings.ToUpper(name[:1]), name[1:], strings.TrimSpace(string(archive.Comment)))
		for i := 0; i+1 < len(archive.Files); i += 2 {
			answer, query := archive.Files[i+1], strings.Join(strings.Fields(string(archive.Files[i].Data)), " ")
			if len(query) > 160 {
				query = query[:strings.LastIndexByte(query[:160], ' ')] + " …"
			}
			line := "let in"
			if answer.Name == "refused" {
				line = "**refused**: " + strings.TrimSpace(string(answer.Data))
			}
			if i == 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "- `` %s `` %s\n", query, line)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// redshiftFunctionsText is the list of functions as a page.
func redshiftFunctionsText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("redshift/functions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	kinds := []struct{ letter, title string }{{"f", "Functions"}, {"a", "Aggregates"}, {"w", "Window functions"}, {"l", "On the leader node alone, so not beside tables"},
		{"t", "That give no error for any value: a condition of these, comparisons of one family of types, AND, OR, NOT, IN, BETWEEN and LIKE needs no guard"}}
	lists := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(fields) != 4 {
			continue
		}
		arguments := fields[1]
		switch least, _ := strconv.Atoi(fields[1]); {
		case fields[2] == "-1":
			arguments += " or more"
		case fields[2] != fields[1] && strconv.Itoa(least+1) == fields[2]:
			arguments += " or " + fields[2]
		case fields[2] != fields[1]:
			arguments += " to " + fields[2]
		}
		for _, k := range kinds {
			if strings.Contains(fields[3], k.letter) {
				lists[k.letter] = append(lists[k.letter], "`"+fields[0]+"` ("+arguments+")")
			}
		}
	}
	var b strings.Builder
	b.WriteString("# The functions that a query to a Redshift may call\n\nThis page is written by `go test ./rewrite -run TestRedshiftPages -update-redshift` from `rewrite/redshift/functions.tsv`. In brackets is the number of " +
		"arguments. Everything else is refused with `0A000`: functions of users, and those that read settings, tables, files or other sessions, run SQL given as text, or change anything. " +
		"`current_user`, `session_user`, `current_database()` and `current_schema()` are answered by Postern.\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", k.title, strings.Join(lists[k.letter], ", "))
	}
	return b.String()
}

// TestRedshiftPages holds the two pages against the case files and the list.
func TestRedshiftPages(t *testing.T) {
	for path, want := range map[string]string{redshiftPage: redshiftPageText(t), redshiftFunctionsPage: redshiftFunctionsText(t)} {
		if *updateCases {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the code says (%v): run this test with -update-redshift", path, err)
		}
	}
}
