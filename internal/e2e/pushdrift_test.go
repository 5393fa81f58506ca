package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/push"
)

// TestDriftIsTold: what somebody grants in the warehouse is told by the running server with who did it and when, and left; then it is undone, when
// the settings say so.
func TestDriftIsTold(t *testing.T) {
	p := startPushStory(t)
	defer func() {
		if err := p.in.stop(); err != nil {
			t.Error(err)
		}
	}()
	first := func() bool {
		all := p.pushes()
		return len(all) == 1 && all[0].Done && p.sees("ann", "SELECT count(*) FROM orders") == "20"
	}
	eventually(t, 30*time.Second, "the first sync", first)
	p.edit("createRoles: true", "createRoles: true\ninterval: 1\ndrift: report")()
	eventually(t, 30*time.Second, "the first sync of new settings", first)
	conn, err := pgconn.Connect(t.Context(), p.cluster.DSN("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	// bob is an administrator today.
	if _, err := conn.Exec(t.Context(), "ALTER ROLE bob SUPERUSER").ReadAll(); err != nil {
		t.Fatal(err)
	}
	from := time.Now().Add(-time.Second)
	if got := p.sees("bob", "GRANT SELECT ON governed_public.customer TO PUBLIC"); got != "" {
		t.Fatal(got)
	}
	// What a block of code does its text need not name.
	if got := p.sees("bob", "DO $$ BEGIN EXECUTE 'GRANT CREATE ON SCHEMA governed_' || 'public TO ' || 'PUBLIC'; END $$"); got != "" {
		t.Fatal(got)
	}
	var view, schema push.Finding
	defer func() {
		if t.Failed() {
			t.Logf("known is %+v", p.pushes())
		}
	}()
	eventually(t, 30*time.Second, "it is told, with who did it", func() bool {
		view, schema = push.Finding{}, push.Finding{}
		for _, s := range p.pushes() {
			for _, f := range s.Findings {
				switch {
				case f.Kind == push.Drifted && strings.HasPrefix(f.Object, "governed_public.customer"):
					view = f
				case f.Kind == push.Drifted && strings.HasPrefix(f.Object, "schema governed_public"):
					schema = f
				}
			}
		}
		return strings.Contains(view.Who, "account bob (bob) ran GRANT") && schema.Kind != ""
	})
	_, at, _ := strings.Cut(view.Who, " at ")
	at, _, _ = strings.Cut(at, " ")
	if when, err := time.Parse(time.RFC3339, at); err != nil || when.Before(from.Truncate(time.Second)) || when.After(time.Now()) || !view.Wider {
		t.Errorf("when: %s: %v; %+v", at, err, view)
	}
	if !strings.Contains(schema.Who, "not known") {
		t.Errorf("what is not known is told as %+v", schema)
	}
	t.Logf("%s\n%s", view, schema)
	const open = "SELECT has_table_privilege('public', 'governed_public.customer', 'SELECT')"
	if got := p.value(open); got != "t" {
		t.Errorf("it is not left: %s", got)
	}
	p.edit("drift: report", "drift: repair")()
	eventually(t, 30*time.Second, "it is undone", func() bool { return p.value(open) == "f" })
	told := strings.Count(p.auditText(), `"push.drift"`)
	if told < 2 {
		t.Errorf("%d are on record", told)
	}
}

// pushes asks the server's API what it knows of the warehouses.
func (p *pushStory) pushes() []push.Status {
	p.t.Helper()
	time.Sleep(200 * time.Millisecond) // the API bounds how often it is asked
	token, err := os.ReadFile(filepath.Join(filepath.Dir(p.in.audit), "postern.token"))
	if err != nil {
		p.t.Fatal(err)
	}
	status, text := askAPI(p.t, p.in, http.MethodGet, "/v1/push", strings.TrimSpace(string(token)), "")
	if status != http.StatusOK {
		p.t.Fatal(status, text)
	}
	var all struct {
		Warehouses []push.Status `json:"warehouses"`
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		p.t.Fatal(err)
	}
	return all.Warehouses
}

// auditText is all that is on record.
func (p *pushStory) auditText() string {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.in.audit, "*.jsonl"))
	if err != nil {
		p.t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			p.t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}
