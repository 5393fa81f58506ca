package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/tokenize"
)

// fixed is a state of one connection, ann, and tokens by their text.
type fixed struct {
	program *policy.Program
	tokens  map[string]control.Token
}

func (f *fixed) Principal(login string) (identity.Principal, error) {
	if login == "care" || login == "filtered" {
		return identity.NewPrincipal(identity.Spec{User: login, Groups: []string{"analysts", login}}), nil
	}
	if login != "ann" {
		return identity.Principal{}, errors.New("nobody")
	}
	return identity.NewPrincipal(identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"4"}}}), nil
}
func (f *fixed) Program(name string) (*policy.Program, bool) { return f.program, name == "tpch" }
func (f *fixed) Token(digest [32]byte) (control.Token, bool) {
	for text, t := range f.tokens {
		if control.TokenDigest(text) == digest {
			return t, true
		}
	}
	return control.Token{}, false
}

func (f *fixed) Connections() []string { return []string{"tpch"} }
func (f *fixed) TokenDomain(name string) (*tokenize.Domain, error) {
	return tokenize.NewDomain(name, []byte(strings.Repeat("k", 32)))
}

// memory is an audit log that a test can break.
type memory struct {
	events []audit.Event
	broken bool
}

func (m *memory) Record(_ context.Context, events ...audit.Event) error {
	if m.broken {
		return errors.New("the disk is full")
	}
	for i := range events {
		if err := events[i].Validate(); err != nil {
			return err
		}
	}
	m.events = append(m.events, events...)
	return nil
}

const governor, dataOwner, expired, first = "governor-token", "owner-token", "expired-token", "first-token"

// api serves the API of a small warehouse.
func api(t *testing.T) (base string, state *fixed, log *memory) {
	t.Helper()
	column := func(name, typ string, oid uint32, category byte, tags ...string) catalog.Column {
		return catalog.Column{Name: name, Type: typ, TypeOID: oid, Category: category, Reviewed: true, Tags: tags}
	}
	hidden := column("c_new", "text", 25, 'S')
	hidden.Reviewed = false
	snapshot, err := catalog.New(1, "tpch", []*catalog.Table{
		{OID: 1, Schema: "public", Name: "customer", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{
			column("c_custkey", "integer", 23, 'N'), column("c_phone", "text", 25, 'S', "PII"), column("c_nationkey", "integer", 23, 'N'), column("c_name", "text", 25, 'S'), column("c_secret", "text", 25, 'S'), column("c_shared", "text", 25, 'S'), hidden}},
		{OID: 2, Schema: "public", Name: "salaries", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("amount", "integer", 23, 'N')}},
	})
	if err != nil {
		t.Fatal(err)
	}
	customer := policy.Selector{Tables: []string{"tpch.public.customer"}}
	program, _, err := policy.Compile(policy.Input{Version: 7, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "analysts", On: customer, Access: policy.AccessRead, Effect: policy.SubscriptionGrant,
			Allow: policy.Allow{When: "isInGroups('analysts')"}, Expires: "2030-01-01T00:00:00Z"}},
		Data: []policy.DataPolicy{{Name: "care", On: customer, Rules: []policy.Rule{
			{Mask: &policy.Mask{ColumnTags: []string{"PII"}, Null: true}}, {Rows: "@attributeValuesContains('region', c_nationkey)", ExceptFor: "isInGroups('care')"},
			{Mask: &policy.Mask{Columns: []string{"c_name"}, Reversible: &policy.ReversibleMask{Domain: "names"}}, ExceptFor: "isInGroups('care') || isInGroups('filtered')"},
			{Mask: &policy.Mask{Columns: []string{"c_shared"}, Reversible: &policy.ReversibleMask{Domain: "shared"}}, ExceptFor: "isInGroups('care')"},
			{Mask: &policy.Mask{Columns: []string{"c_secret"}, Reversible: &policy.ReversibleMask{Domain: "shared"}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	state = &fixed{program: program, tokens: map[string]control.Token{
		governor: {Name: "gov", Role: "governor"}, dataOwner: {Name: "own", Role: "dataOwner"},
		expired: {Name: "old", Role: "admin", Expires: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	}}
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	log = &memory{}
	resources, kept, publisher := stateOf(t, log)
	desk, err := control.NewDesk(control.DeskConfig{Registry: resources, Store: kept, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	base = serve(t, Config{
		Checks: []Check{{Name: "always", Probe: func(context.Context) error { return nil }}}, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		API: &API{Current: func() (State, error) { return state, nil }, Rewriter: rewriter, Audit: log, Dialect: sqlgen.Postgres(), Resources: resources, Objects: publisher, ObjectHistory: kept, History: kept, Desk: desk, Pushes: &onePush{}, Limits: Limits{Failed: Rate{200, 50}},
			FirstToken: control.TokenDigest(first), Now: func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }},
	})
	return checking(t, base), state, log
}

// post asks and returns the status and the answer.
func post(t *testing.T, base, token, body string) (int, string) {
	t.Helper()
	return postTo(t, base+"/v1/decisions", token, body)
}

func postTo(t *testing.T, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
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

const wholeAnswer = `{"user":"ann","connection":"tpch","program":7,"allowed":true,"validUntil":"2030-01-01T00:00:00Z","tables":[` +
	`{"schema":"public","table":"customer","allowed":true,"filter":"(postern_t.c_nationkey IN (4))","columns":[` +
	`{"name":"c_custkey","mask":null},{"name":"c_phone","mask":"NULL::text","kind":"null","policy":"care"}],` +
	`"because":[{"policy":"analysts","rule":0,"effect":"allow","detail":"isInGroups('analysts')"},{"policy":"care","rule":1,"effect":"filter"},` +
	`{"policy":"care","rule":0,"effect":"mask","detail":"c_phone"},{"policy":"care","rule":2,"effect":"mask","detail":"c_name"},` +
	`{"policy":"care","rule":4,"effect":"mask","detail":"c_secret"},{"policy":"care","rule":3,"effect":"mask","detail":"c_shared"}],"validUntil":"2030-01-01T00:00:00Z"}]}`

func TestDecisions(t *testing.T) {
	base, _, log := api(t)
	for name, body := range map[string]string{
		"tables": `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"customer","columns":["c_custkey","c_phone"]}]}`,
		"sql":    `{"user":"ann","connection":"tpch","sql":"SELECT c_phone FROM customer a WHERE c_custkey = 1"}`,
	} {
		status, got := post(t, base, governor, body)
		if status != 200 || strings.TrimSpace(got) != wholeAnswer {
			t.Errorf("%s: %d %s\nwant %s", name, status, got, wholeAnswer)
		}
	}
	if len(log.events) != 2 || log.events[0].Action != "decision.ask" || log.events[0].Login != "gov" || log.events[0].User != "ann" ||
		log.events[0].Sources[0].Name != "tpch.public.customer" {
		t.Errorf("%+v", log.events)
	}
	_, denied := post(t, base, first, `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"salaries"}]}`)
	_, absent := post(t, base, first, `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"nothing"}]}`)
	if denied != strings.Replace(absent, "nothing", "salaries", 1) || !strings.Contains(denied, `"allowed":false`) {
		t.Errorf("denied %s, not there %s", denied, absent)
	}
	if _, got := post(t, base, first, `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"customer","columns":["c_new","c_none"]}]}`); !strings.Contains(got, `"allowed":false`) || !strings.Contains(got, `"hidden":["c_new","c_none"]`) {
		t.Error(got)
	}
}

func TestDecisionsRefused(t *testing.T) {
	base, _, log := api(t)
	ask := `{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"customer"}]}`
	tests := []struct {
		name, token, body string
		status            int
	}{
		{"no token", "", ask, 401}, {"unknown token", "what", ask, 401}, {"expired token", expired, ask, 401}, {"another role", dataOwner, ask, 403},
		{"user", governor, strings.Replace(ask, "ann", "bob", 1), 404}, {"connection", governor, strings.Replace(ask, "tpch", "other", 1), 404},
		{"nothing asked", governor, `{"user":"ann","connection":"tpch"}`, 400}, {"unknown field", governor, `{"usr":"ann"}`, 400},
		{"two objects", governor, ask + ask, 400}, {"no JSON", governor, "user=ann", 400}, {"too large", governor, `{"user":"` + strings.Repeat("x", maxBody) + `"}`, 413},
		{"not there", governor, `{"user":"ann","connection":"tpch","sql":"SELECT * FROM salaries"}`, 422}, {"no SQL", governor, `{"user":"ann","connection":"tpch","sql":"SELEC"}`, 422},
		{"a function", governor, `{"user":"ann","connection":"tpch","sql":"SELECT pg_sleep(1)"}`, 422},
	}
	for _, tt := range tests {
		before := len(log.events)
		status, body := post(t, base, tt.token, tt.body)
		var answer struct{ Error, SQLState string }
		if err := json.Unmarshal([]byte(body), &answer); status != tt.status || err != nil || answer.Error == "" {
			t.Errorf("%s: %d %s", tt.name, status, body)
		}
		if refused := status == 401 || status == 403; refused && (len(log.events) != before+1 || log.events[before].Action != "api.refused") {
			t.Errorf("%s: the refusal is not on record", tt.name)
		}
	}
	log.broken = true
	if status, body := post(t, base, governor, ask); status != 503 || strings.Contains(body, "filter") {
		t.Errorf("answered without a record: %d %s", status, body)
	}
}
