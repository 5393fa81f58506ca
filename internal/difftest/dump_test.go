package difftest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/difftest/sanitised"
	"github.com/posternsql/postern/internal/pgcluster"
)

// TestDump: pg_dump, which reads the catalogues as their owner and locks tables, gets one clear refusal and writes nothing of anybody's.
func TestDump(t *testing.T) {
	p := startPostern(t, damage{})
	host, port, err := net.SplitHostPort(p.address)
	if err != nil {
		t.Fatal(err)
	}
	programs, err := pgcluster.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]string{nil, {"--schema-only"}, {"--data-only", "--table=shop.customer"}, {"--inserts"}} {
		file := filepath.Join(t.TempDir(), "dump.sql")
		args := append([]string{"--no-password", "-h", host, "-p", port, "-U", "ann", "-d", connectionName, "-f", file}, options...)
		cmd := exec.CommandContext(t.Context(), filepath.Join(programs.Dir, "pg_dump"), args...)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+shared.password, "PGSSLMODE=disable")
		said, err := cmd.CombinedOutput()
		text := string(said)
		if err == nil {
			t.Errorf("%v: it was dumped", options)
		}
		if strings.Count(text, "error:") > 2 || !strings.Contains(text, "through Postern") || strings.Contains(text, "server closed the connection") {
			t.Errorf("%v: %s", options, text)
		}
		t.Logf("%v: %s", options, text)
		dumped, _ := os.ReadFile(file)
		for _, hidden := range []string{sanitised.Marker("ann"), "8675309"} {
			if strings.Contains(text+string(dumped), hidden) {
				t.Errorf("%v: %s is in what was dumped or said", options, hidden)
			}
		}
	}
}
