package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/posternsql/postern/explain"
)

func TestExplain(t *testing.T) {
	base, _, log := api(t)
	url := base + "/v1/explain"
	status, body := postTo(t, url, governor, `{"user":"ann","connection":"tpch","sql":"SELECT c_phone FROM customer"}`)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var report explain.Report
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	text := report.Text()
	for _, want := range []string{"public.customer: allowed", "isInGroups('analysts') is true (has: analysts)", "rows: c_nationkey IN (4)", "column c_phone: null", "SELECT c_phone FROM"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	last := log.events[len(log.events)-1]
	if last.Action != "explain.ask" || last.User != "ann" || len(last.Sources) != 1 || last.Sources[0].Name != "tpch.public.customer" {
		t.Errorf("on record is %+v", last)
	}
	if _, body = postTo(t, url, governor, `{"user":"ann","connection":"tpch","sql":"SELECT * FROM salaries"}`); !strings.Contains(body, "42P01") || !strings.Contains(body, "public.salaries") {
		t.Errorf("a denied table is explained by %s", body)
	}
	for name, c := range map[string]struct {
		token, body string
		status      int
	}{
		"nothing asked":          {governor, `{"user":"ann","connection":"tpch"}`, http.StatusBadRequest},
		"both asked":             {governor, `{"user":"ann","connection":"tpch","sql":"SELECT 1","tables":[{"schema":"public","table":"customer"}]}`, http.StatusBadRequest},
		"no such connection":     {governor, `{"user":"ann","connection":"x","sql":"SELECT 1"}`, http.StatusNotFound},
		"no such user":           {governor, `{"user":"x","connection":"tpch","sql":"SELECT 1"}`, http.StatusNotFound},
		"role without the right": {dataOwner, `{"user":"ann","connection":"tpch","sql":"SELECT 1"}`, http.StatusForbidden},
		"no token":               {"", `{}`, http.StatusUnauthorized},
		"unknown field":          {governor, `{"user":"ann","connection":"tpch","sql":"SELECT 1","x":1}`, http.StatusBadRequest},
	} {
		if status, body := postTo(t, url, c.token, c.body); status != c.status {
			t.Errorf("%s: %d %s, want %d", name, status, body, c.status)
		}
	}
	log.broken = true
	if status, body := postTo(t, url, governor, `{"user":"ann","connection":"tpch","sql":"SELECT 1"}`); status != http.StatusServiceUnavailable {
		t.Errorf("without an audit log: %d %s", status, body)
	}
}
