package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"go.yaml.in/yaml/v3"
)

// TestExportApplies: what is exported makes an empty server the same, passwords included where their verifiers were asked for; and what commands print as
// JSON and as YAML is the same.
func TestExportApplies(t *testing.T) {
	noticeSources(t)
	o := newOperator(t, startStored(t, "", ""))
	ann := people()[0]
	o.must(exitOK, "revision 1", "apply", "-f", ".", "--set", "tpch")
	all := o.must(exitOK, "SCRAM-SHA-256$", "export", "--verifiers")
	if o.recordsOf("resource.verifier") != len(people()) {
		t.Error("that verifiers were exported is not on record")
	}
	if out := o.must(exitOK, "scram: '***'", "export", "--set", "tpch"); strings.Contains(out, "SCRAM-SHA-256$") {
		t.Errorf("a verifier is exported that nobody asked for:\n%s", out)
	}

	fresh := newOperator(t, startStored(t, "", ""))
	fresh.file("all.yaml.off", all)
	fresh.must(exitOK, "revision 1 is in force", "apply", "-f", "all.yaml.off")
	fresh.everywhere(ann, "SELECT count(*) FROM customer", "608", "")
	if again := fresh.must(exitOK, "", "export", "--verifiers"); again != all {
		t.Errorf("what is exported again is something else: -want +got\n%s", cmp.Diff(all, again))
	}

	for _, command := range []string{"get -o", "get users -o", "history -o", "history User ann -o", "request -o", "apply -f users.yaml --dry-run -o", "diff -f users.yaml -o", "objects -o"} {
		var fromJSON, fromYAML any
		if err := json.Unmarshal([]byte(o.printed(append(strings.Fields(command), "json")...)), &fromJSON); err != nil {
			t.Errorf("%s json: %v", command, err)
		}
		text := o.printed(append(strings.Fields(command), "yaml")...)
		if strings.HasPrefix(command, "get") {
			if !documentsOf(t, text) { // documents, as apply takes them
				t.Errorf("%s yaml:\n%s", command, text)
			}
			continue
		}
		if err := yaml.Unmarshal([]byte(text), &fromYAML); err != nil {
			t.Errorf("%s yaml: %v", command, err)
		}
		text2, err := json.Marshal(fromYAML)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text2, &fromYAML); err != nil || !reflect.DeepEqual(fromJSON, fromYAML) {
			t.Errorf("%s: JSON and YAML differ (%v)", command, err)
		}
		o.must(exitOK, "", append(strings.Fields(command), "table")...)
	}
}

// printed is what a command prints on standard output: warnings go elsewhere.
func (o *operator) printed(args ...string) string {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), shared.binary, args...)
	cmd.Dir, cmd.Env = o.folder, append(os.Environ(), "POSTERN_SERVER="+o.address(o.servers[0]), "POSTERN_TOKEN="+firstTokenOf(o.t, o.servers[0]))
	out, err := cmd.Output()
	if err != nil {
		o.t.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// documentsOf reports that a text is resources in YAML.
func documentsOf(t *testing.T, text string) bool {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	for n := 0; ; n++ {
		var doc struct{ Kind, Name string }
		switch err := d.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return n > 0
		case err != nil || doc.Kind == "" || doc.Name == "":
			return false
		}
	}
}

// TestSecretsAreResolvedAtUse: a connection's password is read when somebody connects, so that a new one needs no change of what is stored; while it cannot be
// read `/readyz` fails with the connection's name, and nobody is let through.
func TestSecretsAreResolvedAtUse(t *testing.T) {
	noticeSources(t)
	const role = "rotating_service"
	if err := shared.cluster.Exec(t.Context(), databaseName, "CREATE ROLE "+role+" LOGIN PASSWORD 'first' IN ROLE "+serviceRole); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.cluster.Exec(t.Context(), databaseName, "DROP ROLE "+role); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	file := filepath.Join(t.TempDir(), "password")
	put := func(password string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	in := startStored(t, "", "")
	o := newOperator(t, in)
	o.replace("connection.yaml", "{env: TPCH_PASSWORD}", "{file: "+file+"}")
	o.replace("connection.yaml", "user: "+serviceRole, "user: "+role)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	ann := people()[0]
	const sql = "SELECT count(*) FROM customer"
	o.everywhere(ann, sql, "608", "")
	if err := shared.cluster.Exec(t.Context(), databaseName, "ALTER ROLE "+role+" PASSWORD 'second'"); err != nil {
		t.Fatal(err)
	}
	put("second")
	o.everywhere(ann, sql, "608", "")

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "the connection is named", func() bool {
		status, body := readyz(t, in)
		return status == 503 && strings.Contains(body, "connections: tpch: reading secret from file "+file)
	})
	conn, err := pgconn.Connect(t.Context(), dsn(in, ann, "sslmode=disable"))
	if err == nil {
		_, err = conn.Exec(t.Context(), sql).ReadAll()
	}
	if err == nil {
		t.Error("somebody was let through without a password")
	}
	put("second")
	eventually(t, 5*time.Second, "all is well again", func() bool { status, _ := readyz(t, in); return status == 200 })
	o.everywhere(ann, sql, "608", "")
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	if kept := kept(t, filepath.Dir(in.audit)) + in.logText() + o.must(exitOK, "{file: "+file+"}", "export"); strings.Contains(kept, "second") || !strings.Contains(kept, "{file: "+file+"}") {
		t.Error("the password is kept, or where it is, is not")
	}
}
