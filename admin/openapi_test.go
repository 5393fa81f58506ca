package admin

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/internal/apicheck"
)

// TestOpenAPI: the description is OpenAPI 3.1; each operation that it has is served, to tokens of the roles that it names and to no others; and each
// answer, of this test and of all others here, is of a status and has the form that it says.
func TestOpenAPI(t *testing.T) {
	base, _, _ := api(t)
	_, text := send(t, http.MethodGet, base+"/v1/openapi.json", "", "")
	described, err := apicheck.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(described.Operations); n < minOperations {
		t.Errorf("%d operations are described, at least %d are wanted", n, minOperations)
	}
	checked := 0
	for _, op := range described.Operations {
		path := strings.NewReplacer("{name}", "ann", "{kind}", "User", "{id}", "1", "{connection}", "tpch").Replace(op.Path)
		for token, role := range map[string]string{"": "", governor: "governor", dataOwner: "dataOwner", first: "admin"} {
			body := ""
			if op.HasBody {
				body = "{}"
			}
			status, _ := send(t, op.Method, base+path, token, body) // the relay in between judges the answer
			switch {
			case len(op.Roles) > 0 && role == "" && status != 401, len(op.Roles) > 0 && role != "" && !slices.Contains(op.Roles, role) && status != 403:
				t.Errorf("%s %s as %q: %d", op.Method, op.Path, role, status)
			case (len(op.Roles) == 0 || slices.Contains(op.Roles, role)) && (status == 401 || status == 405):
				t.Errorf("%s %s as %q: %d", op.Method, op.Path, role, status)
			}
			checked++
		}
	}
	t.Logf("%d operations, %d answers", len(described.Operations), checked)
}

// validBodies are accepted, of the operations that this small warehouse can answer.
func validBodies() map[string]string {
	return map[string]string{
		"decide":         `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"customer"}]}`,
		"explain":        `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"customer"}]}`,
		"reveal":         `{"user":"care","connection":"tpch","schema":"public","table":"customer","column":"c_name","tokens":["x"],"reason":"r"}`,
		"apply":          `{"files":[{"name":"a","text":"kind: Tag\nname: T\n"}],"set":"s","dryRun":true}`,
		"put-resource":   `{"text":"kind: User\nname: ann\n"}`,
		"rollback":       `{"kind":"User","name":"ann","version":1,"dryRun":true}`,
		"request-access": `{"source":"tpch.public.customer","reason":"r","seconds":60}`,
	}
}

// TestOpenAPIBodies: what a body has to have by the description it has to have. Each valid body is sent whole, then without each of its fields in turn,
// and with one more: the relay in between reports what is accepted and is not as described.
func TestOpenAPIBodies(t *testing.T) {
	base, state, _ := api(t)
	state.tokens[dataOwner] = control.Token{Name: "own", Role: "dataOwner", User: "ann"}
	_, text := send(t, http.MethodGet, base+"/v1/openapi.json", "", "")
	described, err := apicheck.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	send(t, http.MethodPut, base+"/v1/resources/User/ann", first, validBodies()["put-resource"]) // what is rolled back
	sent := 0
	for _, op := range described.Operations {
		whole, ok := validBodies()[op.ID]
		if !ok {
			continue
		}
		token := first
		if op.ID == "request-access" {
			token = dataOwner
		}
		url := base + strings.NewReplacer("{name}", "ann", "{kind}", "User").Replace(op.Path)
		if status, answer := send(t, op.Method, url, token, whole); status != 200 {
			t.Errorf("%s: %d %s", op.ID, status, answer)
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(whole), &fields); err != nil {
			t.Fatal(err)
		}
		for name := range fields {
			less := maps.Clone(fields)
			delete(less, name)
			send(t, op.Method, url, token, marshalled(t, less))
			sent++
		}
		more := maps.Clone(fields)
		more["undescribed"] = 1
		if status, answer := send(t, op.Method, url, token, marshalled(t, more)); status != 400 {
			t.Errorf("%s with a field too many: %d %s", op.ID, status, answer)
		}
	}
	if sent < 20 {
		t.Errorf("%d bodies were sent without one field", sent)
	}
}

func marshalled(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// minOperations is raised when there are more, so that none is lost in silence.
const minOperations = 33

// checking puts a relay before an API that holds all that passes against the description.
func checking(t *testing.T, base string) string {
	t.Helper()
	relay := httptest.NewServer(&apicheck.Relay{Server: base, Report: func(err error) { t.Error(err) }})
	t.Cleanup(relay.Close)
	return relay.URL
}

// send asks with any method.
func send(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
