package admin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/tokenize"
)

// TestReveal: who sees a column raw in all rows gets the values behind its tokens, on record with the reason; everybody else
// gets one refusal, on record too.
func TestReveal(t *testing.T) {
	base, _, log := api(t)
	domain, err := tokenize.NewDomain("names", []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	token, err := domain.Protect("Ann O'Neil")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(user, column, bearer string) (int, string) {
		return postTo(t, base+"/v1/reveal", bearer, fmt.Sprintf(`{"user":%q,"connection":"tpch","schema":"public","table":"customer","column":%q,"tokens":[%q,"nonsense"],"reason":"ticket 7"}`, user, column, token))
	}
	if status, body := ask("care", "c_name", governor); status != 200 || strings.TrimSpace(body) != `{"values":["Ann O'Neil",null]}` {
		t.Errorf("%d %s", status, body)
	}
	last := log.events[len(log.events)-1]
	if last.Action != "reveal" || last.Login != "gov" || last.User != "care" || last.Target != "tpch.public.customer.c_name" || last.Detail != "1 of 2 tokens; reason: ticket 7" {
		t.Errorf("%+v", last)
	}
	for name, q := range map[string][2]string{"masked": {"ann", "c_name"}, "rows hidden": {"filtered", "c_name"}, "no reversible mask": {"care", "c_custkey"},
		"hidden column": {"care", "c_new"}, "no column": {"care", "nothing"}, "nobody": {"zed", "c_name"}, "a domain shared with what is masked": {"care", "c_shared"}} {
		before := len(log.events)
		status, body := ask(q[0], q[1], governor)
		if status != 403 || strings.Contains(body, "Neil") || len(log.events) != before+1 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _ := ask("care", "c_name", dataOwner); status != 403 {
		t.Error("another role:", status)
	}
	if status, _ := postTo(t, base+"/v1/reveal", governor, `{"user":"care","connection":"tpch","schema":"public","table":"customer","column":"c_name","tokens":["x"]}`); status != 400 {
		t.Error("without a reason:", status)
	}
	log.broken = true
	if status, body := ask("care", "c_name", governor); status != 503 || strings.Contains(body, "Neil") {
		t.Errorf("revealed without a record: %d %s", status, body)
	}
}
