package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestEveryTopicReachesAWebhook: a real endpoint is told, signed and in order, of what becomes of sources, policies, people and approvals, and of drift that
// push finds in the warehouse, whether it is only reported or repaired.
func TestEveryTopicReachesAWebhook(t *testing.T) {
	hook := newReceiver(t) // its key has to be there before the server
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
	p.edit("kind: Purpose\n", hook.document("source, policy, person, approval, drift")+"---\nkind: Purpose\n")()
	eventually(t, 30*time.Second, "the first sync of new settings", first)
	time.Sleep(2 * time.Second) // it is told of what happens once the server has taken it up

	p.edit("kind: Source\nname: shop.public.orders\n", "kind: Source\nname: shop.public.orders\ntags: [Sales]\n")()
	hook.first("source.changed Source shop.public.orders")
	p.edit("kind: Purpose\n", "kind: Tag\nname: Sales\n---\nkind: Tag\nname: Phone\n---\nkind: Purpose\n")()
	hook.first("policy.created Tag Sales")
	p.edit("attributes: {region: [US]}", "attributes: {region: [US, CA]}")()
	if e := hook.first("person.changed User cid"); strings.Contains(e.body, "CA") || strings.Contains(e.body, "region") {
		t.Errorf("an event tells what a person is: %s", e.body)
	}
	status, text := askAPI(t, p.in, http.MethodPost, "/v1/requests", os.Getenv("ANN_TOKEN"), `{"source": "shop.public.report", "reason": "to read"}`)
	if status != http.StatusOK {
		t.Fatal(status, text)
	}
	if e := hook.first("approval.requested Request 1"); e.Data.Author != "ann" || e.Data.Detail != "ann shop.public.report" {
		t.Errorf("%s", e.body)
	}
	if status, text := askAPI(t, p.in, http.MethodPost, "/v1/requests/1/deny", firstTokenOf(t, p.in), "{}"); status != http.StatusOK {
		t.Fatal(status, text)
	}
	hook.first("approval.denied Request 1")

	const view = "governed_public.customer"
	open := func() string { return p.value("SELECT has_table_privilege('public', '" + view + "', 'SELECT')") }
	p.value("GRANT SELECT ON " + view + " TO PUBLIC; SELECT 1")
	if e := hook.first("drift.found Connection shop"); !strings.Contains(e.Data.Detail, view) || e.Data.Author != "push" {
		t.Errorf("%s", e.body)
	}
	if got := open(); got != "t" {
		t.Errorf("what is only to be reported was changed: %s", got)
	}
	p.edit("drift: report", "drift: repair")()
	eventually(t, 30*time.Second, "it is repaired", func() bool { return open() == "f" })
	eventually(t, 30*time.Second, "nothing is apart", func() bool { return len(p.pushes()[0].Findings) == 0 })
	before := hook.count("drift.found")
	p.value("GRANT SELECT ON " + view + " TO PUBLIC; SELECT 1")
	eventually(t, time.Minute, "what is repaired is told, too", func() bool { return hook.count("drift.found") > before })
	eventually(t, 30*time.Second, "and repaired", func() bool { return open() == "f" })
	hook.inOrder()
}

// inOrder wants the events numbered upwards.
func (r *receiver) inOrder() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 1; i < len(r.events); i++ {
		if r.events[i].Data.Sequence <= r.events[i-1].Data.Sequence {
			r.t.Errorf("%s after %s", r.events[i].body, r.events[i-1].body)
		}
	}
}

// count is how many events of a type came.
func (r *receiver) count(event string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Type == event {
			n++
		}
	}
	return n
}
