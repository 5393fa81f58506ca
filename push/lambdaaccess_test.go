package push_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/lambda"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/secret"
)

// lambdaStore has the access document, and a key for every domain.
type lambdaStore struct{ document []byte }

func (s *lambdaStore) Secret(_ context.Context, name string) (secret.Value, error) {
	if name == "access" {
		return secret.NewValue(string(s.document)), nil
	}
	if !strings.HasPrefix(name, "postern/keys/") {
		return secret.Value{}, fmt.Errorf("no secret %s", name)
	}
	return secret.NewValue(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))), nil
}

// lambdaProgram has three sources: one hashed for most, one protected with another domain, and one sampled; and one that is nobody's.
func lambdaProgram(t *testing.T) *policy.Program {
	t.Helper()
	var tables []*catalog.Table
	for i, name := range []string{"hashed", "protected", "sampled", "plain", "closed"} {
		tables = append(tables, &catalog.Table{OID: uint32(i + 1), Schema: "s", Name: name, Kind: catalog.KindTable, Registered: true, Key: []string{"id"}, Tags: []string{"T." + name},
			Columns: []catalog.Column{{Name: "id", Type: "integer", Reviewed: true}, {Name: "v", Type: "character varying(200)", Reviewed: true}}})
	}
	snapshot, err := catalog.New(1, "dwh", tables)
	if err != nil {
		t.Fatal(err)
	}
	on := func(name string) policy.Selector { return policy.Selector{Tables: []string{"dwh.s." + name}} }
	grant := func(name, when, expires string) policy.SubscriptionPolicy {
		return policy.SubscriptionPolicy{Name: name, On: on(name), Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{When: when}, Expires: expires}
	}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{grant("hashed", "isInGroups('a')", ""), grant("protected", "isInGroups('b')", ""), grant("sampled", "isInGroups('a')", "2030-01-01T00:00:00Z"), grant("plain", "true", "")},
		Data: []policy.DataPolicy{
			{Name: "h", On: on("hashed"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"v"}, Hash: &policy.HashMask{Domain: "name"}}, ExceptFor: "isInGroups('raw')"}}},
			{Name: "p", On: on("protected"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"v"}, Reversible: &policy.ReversibleMask{}}}}},
			{Name: "r", On: on("sampled"), Rules: []policy.Rule{{Sample: &policy.Sample{Percent: "50", Domain: "sample"}}}},
			{Name: "c", On: on("closed"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"v"}, Hash: &policy.HashMask{Domain: "unused"}}}}},
		}})
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// TestLambdaAccess: the access document that follows from what is published is one that the Lambda function takes, and it computes for exactly those whose views call it.
func TestLambdaAccess(t *testing.T) {
	person := func(account string, exempt bool, groups ...string) push.Person {
		return push.Person{Account: account, Principal: identity.NewPrincipal(identity.Spec{User: "user of " + account, Groups: groups, Exempt: exempt})}
	}
	const cluster = "arn:aws:redshift:eu-central-1:123456789012:cluster:dwh"
	now := time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)
	in := push.LambdaInput{Version: 7, Program: lambdaProgram(t), Service: "postern", Domains: []string{"default", "next"}, Clusters: []string{cluster}, Keys: "postern/keys/", Now: now, People: []push.Person{
		person("ann", false, "a"), person("IAMR:bob", false, "b"), person("cyd", false), person("raw", false, "a", "raw"), person("exempt", true, "a", "b"),
		{Account: "boss", Principal: identity.NewPrincipal(identity.Spec{User: "boss"}), MayActAs: []string{"IAMR:bob"}}, person("twice", false, "a"), person("twice", false, "b"), person("", false, "a"),
	}}
	access, until, err := push.LambdaAccess(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC); !until.Equal(want) {
		t.Errorf("it holds until %s", until)
	}
	document, err := access.Document()
	if err != nil {
		t.Fatal(err)
	}
	store := &lambdaStore{document: document}
	clock := now
	handler, err := lambda.NewHandler(lambda.Config{Store: store, AccessName: "access", Now: func() time.Time { return clock }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(cluster, user, function, domain string) bool {
		payload, err := json.Marshal(map[string]any{"cluster": cluster, "user": user, "external_function": function, "num_records": 1, "arguments": [][]string{{domain, "x"}}})
		if err != nil {
			t.Fatal(err)
		}
		return handler.Invoke(t.Context(), payload).Success
	}
	allowed := map[string][]string{"name": {"ann", "raw", "postern"}, "default": {"IAMR:bob", "boss", "postern"}, "next": {"postern"}, "sample": {"ann", "raw", "postern"}, "unused": nil, "other": nil}
	asked := 0
	for domain, people := range allowed {
		for _, user := range []string{"ann", "IAMR:bob", "bob", "boss", "cyd", "raw", "exempt", "twice", "postern", "ann ", "ANN"} {
			for _, function := range []string{"keyed_hash", "keyed_draw", "protect", "reveal"} {
				asked++
				want := slices.Contains(people, user) && function != "reveal"
				if got := ask(cluster, user, function, domain); got != want {
					t.Errorf("%s as %s in %s: %t", function, user, domain, got)
				}
			}
			if ask("another", user, "keyed_hash", domain) {
				t.Errorf("%s from another cluster", user)
			}
		}
	}
	t.Logf("%d questions", asked)

	first, err := push.FirstLambdaAccess(in)
	if err != nil || len(first.Audiences) != 1 || len(first.Domains) != 2 || !slices.Equal(first.Audiences[first.Domains["next"].Mask[0]], []string{"postern"}) {
		t.Errorf("the first document: %+v, %v", first, err)
	}

	// Somebody who leaves is refused once the document is read again.
	in.People = slices.DeleteFunc(in.People, func(p push.Person) bool { return p.Account == "ann" })
	in.Version++
	if access, _, err = push.LambdaAccess(in); err != nil {
		t.Fatal(err)
	}
	if store.document, err = access.Document(); err != nil {
		t.Fatal(err)
	}
	if clock = clock.Add(6 * time.Second); ask(cluster, "ann", "keyed_hash", "name") || !ask(cluster, "raw", "keyed_hash", "name") {
		t.Error("who left may still, or who stays may no more")
	}
	for name, spoil := range map[string]func(*push.LambdaInput){
		"no version": func(in *push.LambdaInput) { in.Version = 0 }, "no cluster": func(in *push.LambdaInput) { in.Clusters = nil }, "nothing published": func(in *push.LambdaInput) { in.Program = nil },
	} {
		broken := in
		spoil(&broken)
		if got, _, err := push.LambdaAccess(broken); err == nil || got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestLambdaAccessOfMany: what does not fit into a secret is packed, and refused where that does not help.
func TestLambdaAccessOfMany(t *testing.T) {
	in := push.LambdaInput{Version: 1, Program: lambdaProgram(t), Clusters: []string{"c"}, Keys: "k/"}
	many := func(n int) ([]byte, error) {
		in.People = nil
		for i := range n {
			account := fmt.Sprintf("IAMR:person-of-the-company-%07d", i*7919%9_999_991)
			in.People = append(in.People, push.Person{Account: account, Principal: identity.NewPrincipal(identity.Spec{User: account, Groups: []string{"a"}})})
		}
		access, _, err := push.LambdaAccess(in)
		if err != nil {
			return nil, err
		}
		return access.Document()
	}
	for n, packed := range map[int]bool{10: false, 5_000: true} {
		document, err := many(n)
		if err != nil {
			t.Fatal(err)
		}
		again, err := many(n)
		if err != nil || !slices.Equal(document, again) || len(document) > lambda.MaxSecretBytes || (document[0] != '{') != packed {
			t.Errorf("%d people: %d bytes, %v", n, len(document), err)
		}
		if _, err := lambda.ParseAccess(document); err != nil {
			t.Error(err)
		}
	}
	if document, err := many(100_000); err == nil || document != nil {
		t.Errorf("%d bytes", len(document))
	}
}
