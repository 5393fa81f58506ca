package admin

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/store"
)

// stateOf is an empty state in a file.
func stateOf(t *testing.T, log *memory) (*control.Registry, *store.Store, *control.Publisher) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	kept, err := store.New(store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "s.db"), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	publisher, err := control.NewPublisher(control.Config{Log: quiet, Reviews: kept, Objects: kept, Record: log.Record})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := control.NewRegistry(control.RegistryConfig{Publisher: publisher, Store: kept, Record: log.Record, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return registry, kept, publisher
}

func applyBody(t *testing.T, text string, more string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"files":[{"name":"a.yaml","text":%s}]%s}`, quoted, more)
}

// TestApply: what is applied is stored, on record, and shown without verifiers; a mistake anywhere stores nothing; without a record nothing is stored.
func TestApply(t *testing.T) {
	base, _, log := api(t)
	const scram = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	status, body := send(t, http.MethodPost, base+"/v1/apply", first, applyBody(t, "kind: User\nname: ann\nscram: "+scram+"\n---\nkind: Tag\nname: PII\n", `,"set":"s"`))
	if status != 200 || !strings.Contains(body, `"revision":1`) || strings.Contains(body, "WG5d8o") {
		t.Fatalf("%d %s", status, body)
	}
	last := log.events[len(log.events)-1]
	if last.Action != "resource.apply" || last.Detail != "created User ann; created Tag PII" || last.Program != "1" || last.Target != "s" || last.Login != "first admin token" {
		t.Errorf("%+v", last)
	}
	status, body = send(t, http.MethodGet, base+"/v1/resources/User/ann", first, "")
	if status != 200 || strings.Contains(body, "WG5d8o") || !strings.Contains(body, `scram: '***'`) || !strings.Contains(body, `"salt":"W22ZaJ0SNY7soEsUEjb6gQ=="`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := send(t, http.MethodGet, base+"/v1/resources/User/ann?verifier=true", governor, ""); status != 403 {
		t.Errorf("a governor sees verifiers: %d %s", status, body)
	}
	if status, body := send(t, http.MethodGet, base+"/v1/resources/User/ann?verifier=true", first, ""); status != 200 || !strings.Contains(body, "WG5d8o") {
		t.Errorf("%d %s", status, body)
	}
	// *** keeps it.
	status, body = send(t, http.MethodPut, base+"/v1/resources/User/ann", first, `{"text":"kind: User\nname: ann\nscram: '***'\ngroups: [g]\n"}`)
	if status != 200 || !strings.Contains(body, `"action":"changed"`) {
		t.Errorf("%d %s", status, body)
	}
	if _, body := send(t, http.MethodGet, base+"/v1/resources/User/ann?verifier=true", first, ""); !strings.Contains(body, "WG5d8o") || !strings.Contains(body, "groups: [g]") {
		t.Error(body)
	}

	for name, c := range map[string]struct {
		text, more, says string
		status           int
	}{
		"a password":          {"kind: User\nname: bob\npassword: {env: X}\n", "", "a password is made a verifier", 422},
		"nothing to keep":     {"kind: User\nname: bob\nscram: '***'\n", "", "no verifier is stored", 422},
		"two mistakes":        {"kind: Tag\nname: 'a..b'\n---\nkind: Shoe\n", "", `"line":4`, 422},
		"not YAML":            {"kind: [", "", "not valid YAML", 422},
		"prune without a set": {"kind: Tag\nname: X\n", `,"prune":true`, "prune wants a set", 400},
		"another set":         {"kind: Tag\nname: PII\ndescription: d\n", `,"set":"other"`, "belongs to the set s", 409},
		"since":               {"kind: User\nname: ann\n", `,"ifRevision":1`, `"expected":0`, 409},
	} {
		before := len(log.events)
		status, body := send(t, http.MethodPost, base+"/v1/apply", first, applyBody(t, c.text, c.more))
		if status != c.status || !strings.Contains(body, c.says) || len(log.events) != before {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	log.broken = true
	status, body = send(t, http.MethodPost, base+"/v1/apply", first, applyBody(t, "kind: Tag\nname: New\n", ""))
	log.broken = false
	if status != 503 {
		t.Errorf("without a record: %d %s", status, body)
	}
	if status, body := send(t, http.MethodGet, base+"/v1/resources?kind=Tag", first, ""); status != 200 || strings.Contains(body, "New") || !strings.Contains(body, `"revision":2`) {
		t.Errorf("%d %s", status, body)
	}
}

// TestConflict: a write that is based on another version gets 409 with both.
func TestConflict(t *testing.T) {
	base, _, _ := api(t)
	put := func(match, description string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/v1/resources/Tag/PII", strings.NewReader(`{"text":"kind: Tag\nname: PII\ndescription: `+description+`\n"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+first)
		if match == "*" {
			r.Header.Set("If-None-Match", "*")
		} else if match != "" {
			r.Header.Set("If-Match", match)
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b strings.Builder
		if _, err := fmt.Fprint(&b, readAll(t, resp)); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, b.String()
	}
	for _, c := range []struct {
		match, description string
		status             int
	}{{"*", "one", 200}, {"*", "two", 409}, {`"1"`, "two", 200}, {`"1"`, "three", 409}, {"2", "three", 200}, {"x", "four", 400}} {
		status, body := put(c.match, c.description)
		if status != c.status {
			t.Errorf("%+v: %d %s", c, status, body)
		}
		if c.status == 409 && c.description == "three" {
			var p problem
			if err := json.Unmarshal([]byte(body), &p); err != nil || len(p.Conflicts) != 1 || p.Conflicts[0].Expected != 1 || p.Conflicts[0].Theirs.Version != 2 ||
				!strings.Contains(p.Conflicts[0].Theirs.Text, "description: two") || !strings.Contains(p.Conflicts[0].Yours, "description: three") {
				t.Errorf("%s %v", body, err)
			}
		}
	}
}
