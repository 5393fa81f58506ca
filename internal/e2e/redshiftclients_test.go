//go:build conformance

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternsql/postern/audit"
)

// TestRedshiftClients runs the drivers of Amazon Redshift through Postern in front of the stand-in. For a person who sees a part they print what
// is in testdata/conformance; an exempt user's batch of writes goes through too.
func TestRedshiftClients(t *testing.T) {
	noticeSources(t)
	_, in, certificate := startRedshift(t)
	dir := conformanceAbs(t)
	jars, err := filepath.Glob(filepath.Join(dir, "java-redshift", "redshift-jdbc42-*.jar"))
	if err != nil || len(jars) != 1 {
		t.Fatalf("the JDBC driver of Redshift: %v %v", jars, err)
	}
	classes := filepath.Join(shared.dir, "redshift-java")
	if text, err := exec.CommandContext(t.Context(), "javac", "-cp", jars[0], "-d", classes, "testdata/conformance/Redshift.java").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	ran := 0
	for name, command := range map[string]func(user string) []string{
		"redshift_connector": func(user string) []string {
			return []string{filepath.Join(dir, "venv-redshift/bin/python"), "testdata/conformance/redshift.py", in.host, in.port, "lake", user}
		},
		"redshift-jdbc": func(user string) []string {
			return []string{"java", "-XX:TieredStopAtLevel=1", "-cp", classes + ":" + jars[0], "Redshift", "jdbc:redshift://" + in.host + ":" + in.port + "/lake", user, certificate}
		},
		"psqlodbc": func(user string) []string { return odbc(t, in, dir, user) },
	} {
		for _, user := range []string{"ann", "root", "token"} {
			if user == "token" && name != "redshift_connector" || user == "root" && name == "psqlodbc" {
				continue // the JDBC driver's plugin wants AWS's libraries beside it; isql prints what it is asked, and writes no batch
			}
			t.Run(name+"/"+user, func(t *testing.T) {
				args := command(user)
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Env = append(os.Environ(), "PGPASSWORD="+redshiftPeople, "SSL_CERT_FILE="+certificate, "LC_ALL=C.UTF-8")
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				text := string(out)
				if user == "ann" || user == "token" {
					namesNothingHidden(t, name, text)
					want, err := os.ReadFile("testdata/conformance/" + name + ".txt")
					if err != nil {
						t.Fatal(err)
					}
					if got := beforeVersion(text); got != string(want) {
						t.Errorf("got\n%s\nwant\n%s", got, want)
					}
				} else if !strings.Contains(text, "batch of writes") || !strings.Contains(text, "50|r9") {
					t.Errorf("got\n%s", text)
				}
				ran++
			})
		}
	}
	for _, e := range records(t, in, func(e audit.Event) bool { return e.Kind == audit.Refused && e.Login == "ann" }) {
		if !strings.Contains(e.SQL, "sales.hidden") {
			t.Errorf("refused: %s %s\n%s", e.SQLState, e.Error, e.SQL)
		}
	}
	t.Logf("%d runs", ran)
	if ran < 6 {
		t.Error("fewer than 6 runs")
	}
}

// odbc is isql over psqlODBC, as scripts/conformance.sh unpacks them: it lists tables, describes one, queries, and asks for what is hidden.
func odbc(t *testing.T, in *instance, dir, user string) []string {
	t.Helper()
	drivers, err := filepath.Glob(filepath.Join(dir, "odbc/usr/lib/*/odbc/psqlodbcw.so"))
	if err != nil || len(drivers) != 1 {
		t.Fatalf("psqlODBC: %v %v", drivers, err)
	}
	connect := "DRIVER=" + drivers[0] + ";SERVER=" + in.host + ";PORT=" + in.port + ";DATABASE=lake;UID=" + user + ";PWD=" + redshiftPeople + ";SSLmode=require;UseServerSidePrepare=0"
	statements := []string{"help", "help customer", "SELECT TOP 2 id, name, phone FROM sales.customer ORDER BY id", "SELECT country, count(*) FROM sales.customer GROUP BY ALL",
		"SELECT * FROM sales.hidden", "SELECT 'done' AS ok"}
	return []string{"env", "LD_LIBRARY_PATH=" + filepath.Dir(filepath.Dir(drivers[0])), "bash", "-c", `printf '%s\n' "${@:2}" | "$0" -v -b -d'|' -k "$1" 2>&1 | sed -E 's/[|]1[0-9]{4}[|]0[|]/|OID|0|/'`,
		filepath.Join(dir, "odbc/usr/bin/isql"), connect, statements[0], statements[1], statements[2], statements[3], statements[4], statements[5]}
}

// beforeVersion leaves out the last line, which names the driver's version.
func beforeVersion(text string) string {
	before, _, _ := strings.Cut(text, "OK ")
	return before
}
