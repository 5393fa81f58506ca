package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestOpenAPI: the description is OpenAPI 3.1; each operation that it has is served, to tokens of the roles that it names and to no others; and each
// answer is of a status and has the form that it says.
func TestOpenAPI(t *testing.T) {
	base, _, _ := api(t)
	status, text := send(t, http.MethodGet, base+"/v1/openapi.json", "", "")
	var head struct{ OpenAPI string }
	if err := json.Unmarshal([]byte(text), &head); status != 200 || err != nil || !strings.HasPrefix(head.OpenAPI, "3.1.") {
		t.Fatalf("%d %+v %v", status, head, err)
	}
	described := describedOperations(t, text)
	if len(described) < minOperations {
		t.Errorf("%d operations are described, at least %d are wanted", len(described), minOperations)
	}
	checked := 0
	for _, op := range described {
		path := strings.NewReplacer("{name}", "ann", "{kind}", "User", "{id}", "1", "{connection}", "tpch").Replace(op.path)
		for token, role := range map[string]string{"": "", governor: "governor", dataOwner: "dataOwner", first: "admin"} {
			body := ""
			if op.hasBody {
				body = "{}"
			}
			status, answer := send(t, op.method, base+path, token, body)
			schema := op.answers[strconv.Itoa(status)]
			switch {
			case schema == nil:
				t.Errorf("%s %s as %q: %d is not described: %s", op.method, op.path, role, status, answer)
			case len(op.roles) > 0 && role == "" && status != 401, len(op.roles) > 0 && role != "" && !slices.Contains(op.roles, role) && status != 403:
				t.Errorf("%s %s as %q: %d", op.method, op.path, role, status)
			case len(op.roles) > 0 && slices.Contains(op.roles, role) && (status == 401 || status == 405):
				t.Errorf("%s %s as %q: %d", op.method, op.path, role, status)
			default:
				conforms(t, op, status, schema, answer)
				checked++
			}
		}
	}
	t.Logf("%d operations, %d answers", len(described), checked)
}

// minOperations is raised when there are more, so that none is lost in silence.
const minOperations = 28

type operation struct {
	method, path string
	roles        []string
	hasBody      bool
	answers      map[string]map[string]any
	schemas      map[string]any
}

// describedOperations reads the description as any other tool would: as JSON.
func describedOperations(t *testing.T, text string) (out []operation) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Security    []map[string][]string
			RequestBody map[string]any
			Responses   map[string]struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			op := operation{method: strings.ToUpper(method), path: path, hasBody: o.RequestBody != nil, answers: map[string]map[string]any{}, schemas: doc.Components.Schemas}
			for _, s := range o.Security {
				op.roles = append(op.roles, s["token"]...)
			}
			for status, r := range o.Responses {
				op.answers[status] = r.Content["application/json"].Schema
			}
			out = append(out, op)
		}
	}
	return out
}

// conforms holds an answer against its schema: every field is described, every required one is there, and types are as said.
func conforms(t *testing.T, op operation, status int, schema map[string]any, answer string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(answer), &value); err != nil {
		t.Errorf("%s %s: %d: no JSON: %v", op.method, op.path, status, err)
		return
	}
	if op.path == "/v1/openapi.json" && status == 200 {
		return // of any form
	}
	for _, wrong := range differences(op.schemas, schema, value, "answer") {
		t.Errorf("%s %s: %d: %s\n%s", op.method, op.path, status, wrong, answer)
	}
}

func differences(schemas, schema map[string]any, value any, at string) (out []string) {
	if ref, ok := schema["$ref"].(string); ok {
		named, ok := schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
		if !ok {
			return []string{at + ": " + ref + " leads nowhere"}
		}
		schema = named
	}
	if value == nil {
		if types, ok := schema["type"].([]any); !ok || !slices.Contains(types, any("null")) {
			return []string{at + ": null is not described"}
		}
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, inner := range v {
			p, ok := properties[name].(map[string]any)
			if !ok {
				if _, free := schema["additionalProperties"].(map[string]any); !free {
					out = append(out, at+"."+name+": not described")
				}
				continue
			}
			out = append(out, differences(schemas, p, inner, at+"."+name)...)
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				out = append(out, at+"."+name.(string)+": missing")
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, inner := range v {
			out = append(out, differences(schemas, items, inner, at+"[]")...)
		}
	}
	return out
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
