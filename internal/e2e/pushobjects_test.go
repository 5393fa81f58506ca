package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPushedObjects: who connects to the warehouse directly loses a source that is disabled, renamed or swapped, as who comes through Postern does, and gets it back with
// it; and what somebody changes behind Postern's back is told.
func TestPushedObjects(t *testing.T) {
	t.Setenv("HOOK_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	p := startPushStory(t)
	defer func() {
		if err := p.in.stop(); err != nil {
			t.Error(err)
		}
	}()
	var mu sync.Mutex
	var drift []string
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var event struct {
			Type string `json:"type"`
			Data struct{ Name, Detail string }
		}
		if err != nil || json.Unmarshal(body, &event) != nil {
			t.Errorf("%v %s", err, body)
		}
		mu.Lock()
		defer mu.Unlock()
		drift = append(drift, event.Type+" "+event.Data.Name+" "+event.Data.Detail)
	}))
	t.Cleanup(endpoint.Close)
	all := []string{"ann", "bob", "cid"}
	const customers, orders = "SELECT count(*) FROM customer", "SELECT count(*) FROM orders"
	both := func(what, sql, want string) {
		t.Helper()
		eventually(t, 30*time.Second, what, func() bool { return p.psql("bob", true, sql) == want && p.psql("bob", false, sql) == want })
	}
	both("at first", customers, "5")
	p.edit("kind: PushSettings\n", "kind: Webhook\nname: drift\nurl: "+endpoint.URL+"\nsecret: {env: HOOK_KEY}\nevents: [drift]\n---\nkind: PushSettings\n")()
	p.edit("password: {env: SHOP_PASSWORD}\nlog:", "password: {env: SHOP_PASSWORD}\nobjectSync: {interval: 1}\nlog:")()
	both("at first", customers, "5")
	both("at first", orders, "20")

	// One is read through a view, the other as it is.
	for _, table := range []struct{ name, sql, count string }{{"customer", customers, "5"}, {"orders", orders, "20"}} {
		source := "name: shop.public." + table.name + "\n"
		p.edit(source, source+"enabled: false\n")()
		both("disabled", table.sql, "(denied)")
		p.edit(source+"enabled: false\n", source)()
		both("enabled", table.sql, table.count)

		p.value("ALTER TABLE " + table.name + " RENAME TO moved; SELECT 1")
		both("renamed", table.sql, "(denied)")
		for _, sql := range []string{"SELECT count(*) FROM moved", "SELECT count(*) FROM governed_public." + table.name} {
			both("renamed", sql, "(denied)")
		}
		p.value("CREATE TABLE " + table.name + " (id int, name text, phone text, region text, customer_id int, total int); GRANT SELECT ON " + table.name + " TO shop_service; SELECT 1")
		time.Sleep(1500 * time.Millisecond)
		both("swapped", table.sql, "(denied)")
		p.value("DROP TABLE " + table.name + "; ALTER TABLE moved RENAME TO " + table.name + "; SELECT 1")
		both("named back", table.sql, table.count)
	}
	t.Logf("%d questions asked both ways", p.settled("after all", all...))

	p.value("GRANT SELECT ON governed_public.customer TO PUBLIC; SELECT 1")
	if err := p.in.reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "drift is told", func() bool {
		if err := p.in.reload(); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		return len(drift) > 0
	})
	mu.Lock()
	defer mu.Unlock()
	if !strings.HasPrefix(drift[0], "drift.found shop ") {
		t.Errorf("told %q", drift)
	}
}
