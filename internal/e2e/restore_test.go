package e2e

import (
	"os"
	"path/filepath"
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
