package sqlgen

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// docsTables are the tables that the examples of docs/policies.md are about.
const docsTables = `
CREATE TABLE public.region (r_regionkey int PRIMARY KEY, r_name char(25));
CREATE TABLE public.nation (n_nationkey int PRIMARY KEY, n_name char(25), n_regionkey int);
CREATE TABLE public.customer (c_custkey int PRIMARY KEY, c_name varchar(25), c_phone char(15), c_email text, c_card varchar(20), c_smoker boolean, c_weight numeric(5,1),
	c_zip char(5), c_born int, c_acctbal numeric(15,2), c_nationkey int, c_country char(2), c_comment varchar(117));
CREATE TABLE public.orders (o_orderkey bigint PRIMARY KEY, o_custkey int, o_orderdate date);
CREATE TABLE public.supplier (s_suppkey int PRIMARY KEY, s_name char(25), s_phone char(15));
INSERT INTO public.region VALUES (1, 'ASIA');
INSERT INTO public.nation VALUES (10, 'CHINA', 1);
INSERT INTO public.customer SELECT i, 'Customer ' || i, '13-345-678-90' || i, 'c' || i || '@example.com', '4111 1111 1111 111' || i, true, 70.5, '10115', 1980, 99.5, 10, 'US', 'good'
	FROM generate_series(1, 9) AS i;
INSERT INTO public.orders SELECT i, i, now() FROM generate_series(1, 9) AS i;`

const docsSources = `
name: public.customer
tags: [Sales]
columns:
  c_name: {tags: [PII.Name]}
  c_phone: {tags: [PII.Phone]}
  c_email: {tags: [PII.Email]}
  c_card: {tags: [PII.Card]}
  c_smoker: {tags: [Health.Smoker]}
  c_weight: {tags: [Health.Weight]}
  c_zip: {tags: [Quasi.Zip]}
  c_born: {tags: [Quasi]}
---
name: public.orders
tags: [Sales]
eventTime: o_orderdate
---
name: public.nation
---
name: public.supplier
columns:
  s_phone: {tags: [PII.Phone]}
`

const docsPeople = `
name: ann
groups: [analysts]
---
name: bob
groups: [analysts, support, contractors, global-analysts]
attributes: {region: [ASIA], clearance: [high]}
purposes: [support]
---
name: aud
groups: [auditors]
attributes: {region: [ASIA]}
`

// TestDocsExamples publishes every example of a data policy in docs/policies.md, alone and all together, and runs what comes of it for
// several people on a server.
func TestDocsExamples(t *testing.T) {
	text, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	grant := "kind: SubscriptionPolicy\nname: everyone\non: {tables: [tpch.public.*]}\naccess: read\neffect: grant\nallow: {anyone: true}\n"
	var examples []string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, doc := range documents(t, block[1]) {
			if strings.HasPrefix(strings.TrimSpace(doc), "kind: DataPolicy") && !strings.Contains(doc, "exceptUntil") {
				examples = append(examples, doc)
			}
		}
	}
	if len(examples) < 6 {
		t.Fatalf("%d examples of data policies", len(examples))
	}
	sets := append([]string{strings.Join(examples, "\n---\n")}, examples...)
	for i, set := range sets {
		t.Run(fmt.Sprint(i), func(t *testing.T) { runDocsExample(t, grant+"---\n"+set) })
	}
}

func runDocsExample(t *testing.T, policies string) {
	c := &caseFile{given: map[string]string{"setup.sql": docsTables, "sources.yaml": docsSources, "people.yaml": docsPeople, "policies.yaml": policies}}
	c.decode(t)
	conn := connect(t)
	got := c.run(t, conn)
	if got["refused"] != "" {
		t.Fatalf("%s\n%s", got["refused"], policies)
	}
	for _, p := range c.people {
		if !strings.Contains(got[p.Name+".decision"], "public.customer: allowed") {
			t.Errorf("%s: %s", p.Name, got[p.Name+".decision"])
		}
	}
}

// TestDocsSubscriptions decides by the examples on who may touch a source, all together.
func TestDocsSubscriptions(t *testing.T) {
	text, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Who may touch a source")
	section, _, _ = strings.Cut(section, "\n### Approval")
	var policies []string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(section, -1) {
		policies = append(policies, block[1])
	}
	c := &caseFile{now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), given: map[string]string{"setup.sql": docsTables, "sources.yaml": docsSources, "people.yaml": docsPeople, "policies.yaml": strings.Join(policies, "---\n")}}
	c.decode(t)
	if len(c.subs) != 9 {
		t.Fatalf("%d examples", len(c.subs))
	}
	got := c.run(t, connect(t))
	if got["refused"] != "" {
		t.Fatal(got["refused"])
	}
	for _, want := range []struct{ who, line string }{
		{"ann", "public.nation: allowed"}, {"ann", "public.customer: allowed"}, {"ann", "public.orders: allowed"}, {"ann", "public.supplier: denied"},
		{"bob", "public.nation: allowed"}, {"bob", "public.customer: denied\n  deny no-contractors"}, {"bob", "writes: [insert update]"}, {"bob", "deny nobody-deletes"},
		{"aud", "public.customer: allowed"}, {"aud", "until 2100-01-01T00:00:00Z"}, {"aud", "public.supplier: denied"},
	} {
		if !strings.Contains(got[want.who+".decision"], want.line) {
			t.Errorf("%s: %q is not in\n%s", want.who, want.line, got[want.who+".decision"])
		}
	}
	if strings.Contains(got["ann.decision"], "writes") {
		t.Errorf("ann: %s", got["ann.decision"])
	}
}

// TestDocsShowEveryFeature holds that each field of policies, each mask and each @function stands in an example of docs/policies.md.
func TestDocsShowEveryFeature(t *testing.T) {
	text, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		examples.WriteString(block[1])
	}
	features := []string{
		"tables:", "tags:", "columnTags:", "columns:", "access: read", "access: write", "effect: grant", "effect: guardrail", "anyone:", "users:", "when:", "approval:", "expires:", "privileges:", "staged:",
		"rows:", "window:", "newerThan", "sample:", "purposes:", "exceptFor:", "exceptUntil:", "onlyFor:", "otherwise:", "where:",
		"null:", "kAnonymity:", "constant:", "values:", "noise:", "hash:", "reversible:", "formatPreserving:", "regex:", "round:", "custom:", "domain:",
		"@attributeValuesContains", "@groupsContains", "@purposesContains", "@hasAttribute", "@isInGroups", "@isUsingPurpose", "@columnTagged", "@columnReference", "@username",
		"isInGroups(", "hasAttribute(", "isUsingPurpose(", "username()", "kind: Purpose", "within:", "acknowledgement:", "kind: Project", "equalize:", "maskedJoins:", "impersonate:", "kind: Approval", "kind: TokenDomain",
		"predicates: refused", "predicates: rawEquality",
	}
	for _, feature := range features {
		if !strings.Contains(examples.String(), feature) {
			t.Errorf("no example says %s", feature)
		}
	}
	t.Logf("%d features", len(features))
}
