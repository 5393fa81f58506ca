//go:build conformance

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/audit"
)

// conformanceDir is where scripts/conformance.sh installs the clients.
const conformanceDir = "../../bin/conformance"

// outsideClients are the clients that come from package registries, each with the command that runs it.
func outsideClients(t *testing.T) map[string][]string {
	t.Helper()
	dir, err := filepath.Abs(conformanceDir)
	if err != nil {
		t.Fatal(err)
	}
	in := shared.server
	out := map[string][]string{}
	for _, name := range []string{"psycopg3", "psycopg2", "asyncpg", "pg8000", "sqlalchemy", "pandas", "django", "peewee", "dbt"} {
		out[name] = []string{filepath.Join(dir, "venv/bin/python"), "testdata/conformance/clients.py", name, in.host, in.port, databaseName}
	}
	for _, name := range []string{"pg", "postgres", "sequelize", "knex", "typeorm", "kysely", "drizzle", "pgpromise"} {
		out[name] = []string{"node", "testdata/conformance/clients.js", name, in.host, in.port, databaseName}
	}
	jar := jdbcFromMaven(t)
	classes := filepath.Join(shared.dir, "conformance-java")
	compile := exec.Command("javac", "-cp", jar, "-d", classes, "testdata/Metadata.java", "testdata/Tour.java", "testdata/conformance/Clients.java")
	if text, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	url := fmt.Sprintf("jdbc:postgresql://%s:%s/%s", in.host, in.port, databaseName)
	for _, class := range []string{"Clients", "Metadata"} {
		out["pgjdbc "+class] = []string{"java", "-XX:TieredStopAtLevel=1", "-cp", classes + ":" + jar, class, url}
	}
	return out
}

// jdbcFromMaven is the one driver that scripts/conformance.sh has fetched.
func jdbcFromMaven(t *testing.T) string {
	t.Helper()
	jars, err := filepath.Glob(filepath.Join(conformanceAbs(t), "java", "postgresql-*.jar"))
	if err != nil || len(jars) != 1 {
		t.Fatalf("the JDBC driver from Maven: %v %v", jars, err)
	}
	return jars[0]
}

// TestConformance runs the clients that people use, at the versions of today, through Postern. None may be refused anything, and
// nothing of what they are shown is hidden. With POSTERN_CAPTURE set to a folder, what they sent is written there.
func TestConformance(t *testing.T) {
	noticeSources(t)
	makeHiddenThings(t)
	who := people()[0]
	clients := outsideClients(t)
	var names []string
	for name := range clients {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			before := len(records(t, shared.server, func(e audit.Event) bool { return e.Login == who.name }))
			command := append(slices.Clone(clients[name]), who.name)
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Env = append(os.Environ(), "PGPASSWORD="+who.password, "LC_ALL=C.UTF-8", "NODE_PATH="+filepath.Join(conformanceAbs(t), "node/node_modules"),
				"NO_COLOR=1", "DO_NOT_TRACK=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			namesNothingHidden(t, name, string(out))
			events := records(t, shared.server, func(e audit.Event) bool { return e.Login == who.name })[before:]
			statements := 0
			for _, e := range events {
				switch e.Kind {
				case audit.Refused:
					t.Errorf("refused: %s %s\n%s", e.SQLState, e.Error, e.SQL)
				case audit.Statement:
					statements++
				case audit.End:
					if e.SQLState != "" && e.SQLState != "22012" && e.SQLState != "57014" {
						t.Logf("the warehouse: %s %s", e.SQLState, e.Error)
					}
				default:
				}
			}
			t.Logf("%d statements", statements)
			if statements < 3 {
				t.Errorf("%d statements are on record", statements)
			}
			if folder := os.Getenv("POSTERN_CAPTURE"); folder != "" && !t.Failed() {
				writeCapture(t, folder, name, string(out), events)
			}
		})
	}
}

func conformanceAbs(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(conformanceDir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeCapture writes the texts that a client sent, each once and in order, for TestCorpus.
func writeCapture(t *testing.T, folder, name, out string, events []audit.Event) {
	t.Helper()
	version := regexp.MustCompile(`[0-9.]+[0-9]`).FindString(filepath.Base(jdbcFromMaven(t)))
	if found := regexp.MustCompile(`(?m)^OK \S+ (.*)$`).FindStringSubmatch(out); found != nil {
		version = found[1]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s %s, captured from the running client by `make capture`\n", name, version)
	seen := map[string]bool{}
	for _, e := range events {
		if e.Kind != audit.Statement || seen[e.SQL] || strings.Contains(e.SQL, corpusEnd) {
			continue
		}
		seen[e.SQL] = true
		b.WriteString(strings.TrimRight(e.SQL, " \n\t") + "\n" + corpusEnd + "\n")
	}
	file := strings.ReplaceAll(strings.ToLower(name), " ", "-") + ".sql"
	if err := os.WriteFile(filepath.Join(folder, file), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
