package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupAndRestore: what was stored when the backup was made is in force on the server that is started from it, history included.
func TestBackupAndRestore(t *testing.T) {
	noticeSources(t)
	in := startStored(t, "", "")
	o := newOperator(t, in)
	ann := people()[0]
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	state := filepath.Join(filepath.Dir(in.audit), "postern.db")
	o.must(exitOK, "The state is in backup.db", "state", "backup", state, "backup.db")
	o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
	o.must(exitOK, "revision 2", "apply", "-f", ".")
	o.everywhere(ann, "SELECT count(*) FROM customer", "", "42P01")
	o.must(1, "is there: move it away first", "state", "restore", "backup.db", state)
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(state + suffix); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	o.must(exitOK, "The state is in", "state", "restore", "backup.db", state)
	o.servers[0] = restarted(t, in)
	o.everywhere(ann, "SELECT count(*) FROM customer", "608", "")
	o.must(exitOK, "resource.apply", "history")
}

// documented takes the commands for a state in PostgreSQL from the table of the documentation, with an address and a file in their place.
func documented(t *testing.T, url, file string) (backup, restore string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/control-plane.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.TrimSpace(cells[1]) == "PostgreSQL" {
			fill := strings.NewReplacer("`", "", "URL", "'"+url+"'", "FILE", "'"+file+"'")
			return fill.Replace(cells[2]), fill.Replace(cells[3])
		}
	}
	t.Fatal("docs/control-plane.md says of no state in PostgreSQL how it is backed up")
	return "", ""
}

// TestBackupAndRestoreInPostgres: the documented commands back up a state that servers are using, and bring it back, over what is there and into an empty
// database; what was in force is in force again on every server, with its history, and can be changed.
func TestBackupAndRestoreInPostgres(t *testing.T) {
	noticeSources(t)
	state, more := stateDatabase(t)
	o := newOperator(t, startStored(t, state, more), startStored(t, state, more))
	ann := people()[0]
	const sql = "SELECT count(*) FROM customer"
	run := func(line string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+os.Getenv("STATE_PASSWORD"))
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	stop := func() {
		t.Helper()
		for _, in := range o.servers {
			if err := in.stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	file := filepath.Join(o.folder, "backup.dump")
	backup, restore := documented(t, state, file)
	run(backup)
	o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
	o.must(exitOK, "revision 2", "apply", "-f", ".")
	o.everywhere(ann, sql, "", "42P01")

	stop()
	run(restore)
	for i, in := range o.servers {
		o.servers[i] = restarted(t, in)
	}
	o.everywhere(ann, sql, "608", "")
	if out := o.must(exitOK, "resource.apply", "history"); strings.Contains(out, "\n2 ") {
		t.Errorf("what was done after the backup is still there:\n%s", out)
	}
	o.must(exitOK, "revision 2 is in force", "apply", "-f", ".")
	o.everywhere(ann, sql, "", "42P01")

	stop()
	empty, more := stateDatabase(t)
	_, restore = documented(t, empty, file)
	run(restore)
	o.servers = []*instance{startStored(t, empty, more), startStored(t, empty, more)}
	o.everywhere(ann, sql, "608", "")
	o.must(exitOK, "groups: [analysts]", "get", "User", "ann", "--version", "1")
}
