package apicheck

import (
	"net/url"
	"strings"
	"testing"
)

const described = `{"openapi":"3.1.0","paths":{"/v1/a/{name}":{"post":{"operationId":"a","security":[{"token":["admin"]}],
"parameters":[{"name":"name","in":"path","required":true,"schema":{"type":"string"}},{"name":"q","in":"query","schema":{"type":"string"}}],
"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/In"}}}},
"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Out"}}}},"404":{"content":{"application/json":{"schema":{"type":"object"}}}}}}}},
"components":{"schemas":{"In":{"type":"object","additionalProperties":false,"properties":{"text":{"type":"string"}},"required":["text"]},
"Out":{"type":"object","additionalProperties":false,"required":["n"],"properties":{"n":{"type":"integer","format":"int64","minimum":0},"at":{"type":["string","null"],"format":"date-time"},
"list":{"type":"array","items":{"type":"boolean"}},"key":{"type":"string","contentEncoding":"base64"},"word":{"type":"string","enum":["x","y"]},
"map":{"type":"object","additionalProperties":{"type":"number"}},"lost":{"$ref":"#/components/schemas/None"}}}}}}`

// TestCheck: each kind of difference is found, and what is right is not.
func TestCheck(t *testing.T) {
	d, err := Parse([]byte(described))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url, request string
		status       int
		answer, says string
	}{
		{"/v1/a/b?q=1", `{"text":"t"}`, 200, `{"n":1,"at":null,"list":[true],"key":"AA==","word":"x","map":{"a":1.5}}`, ""},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"at":"2027-01-01T00:00:00.5Z"}`, ""},
		{"/v1/a/b%2Fc", `{}`, 404, `{}`, ""},
		{"/v1/b", `{}`, 200, `{}`, "POST /v1/b is not described"},
		{"/v1/a/b/c", `{}`, 200, `{}`, "is not described"},
		{"/v1/a/b", `{"text":"t"}`, 201, `{}`, "the status 201 is not described"},
		{"/v1/a/b?z=1", `{"text":"t"}`, 200, `{"n":1}`, `the parameter "z" was accepted`},
		{"/v1/a/b", `{}`, 200, `{"n":1}`, "request.text: missing"},
		{"/v1/a/b", `{"text":1}`, 200, `{"n":1}`, "request.text: integer where string is described"},
		{"/v1/a/b", `{"text":"t","more":1}`, 200, `{"n":1}`, "request.more: not described"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{`, "answer: no JSON"},
		{"/v1/a/b", `{"text":"t"}`, 200, `[]`, "answer: array where object"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{}`, "answer.n: missing"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":null}`, "answer.n: null where integer"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1.5}`, "answer.n: number where integer"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":-1}`, "answer.n: -1 is below 0"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":99999999999999999999}`, "is no int64"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"at":"yesterday"}`, "answer.at: parsing time"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"list":[1]}`, "answer.list[0]: integer where boolean"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"list":null}`, "answer.list: null where array"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"key":"!"}`, "answer.key: illegal base64"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"word":"z"}`, "is none of those described"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"map":{"a":"b"}}`, "answer.map.a: string where number"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"lost":1}`, "leads nowhere"},
		{"/v1/a/b", `{"text":"t"}`, 200, `{"n":1,"other":1}`, "answer.other: not described"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Check(Exchange{Method: "POST", URL: u, Request: []byte(c.request), Status: c.status, Type: "application/json", Answer: []byte(c.answer)})
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s %s %d %s: %v, want %q", c.url, c.request, c.status, c.answer, err, c.says)
		}
	}
	for _, text := range []string{"{", `{"openapi":"3.0.0"}`, strings.Replace(described, `"minimum":0`, `"maximum":0`, 1)} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("taken: %.60s", text)
		}
	}
}
