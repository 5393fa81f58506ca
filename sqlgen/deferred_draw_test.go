package sqlgen

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// drawing draws policies, projects and people for TestDeferredEqualsBound, and counts what it drew.
type drawing struct {
	t     *rapid.T
	drawn map[string]int
}

func (d *drawing) note(feature string) { d.drawn[feature]++ }

func (d *drawing) chance(label string, oneOf int) bool {
	return rapid.IntRange(1, oneOf).Draw(d.t, label) == 1
}

func (d *drawing) one(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(d.t, label)
}

func (d *drawing) some(label string, from ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from), rapid.ID[string]).Draw(d.t, label)
}

// deferredNow is when decisions are made. What ends, ends long before or long after it and the server's clock.
func deferredNow() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }

func (d *drawing) ends(label string) string {
	return d.one(label, "2001-02-03T04:05:06Z", "2101-02-03T04:05:06.789+02:00")
}

func (d *drawing) condition(label string) string {
	return d.one(label, "isInGroups('g1')", "isInGroups('g1', 'g2')", "!isInGroups('g2')", "hasAttribute('level', 'high')", "username() == 'ann'",
		"isUsingPurpose('p')", "1 / 0 == 1", "!(1 / 0 == 1)", "true", "false")
}

func (d *drawing) rows() string {
	return d.one("rows", "@attributeValuesContains('region', region)", "@attributeValuesContains('region', region, 'a')", "NOT @attributeValuesContains('region', region)",
		"@attributeValuesContains('numbers', id)", "@attributeValuesContains('region', code)", "@groupsContains(region)", "@groupsContains(region, 'b')", "@purposesContains(region, 'b')", "NOT @purposesContains(region)",
		"@hasAttribute('level', 'high')", "NOT @hasAttribute('level', 'high')", "@isInGroups('g1', 'g2')", "NOT @isInGroups('g1')", "@isUsingPurpose('p', 'q')", "owner = @username", "owner <> @username OR owner IS NULL",
		"NOT (owner = @username)", "owner = 'ann' AND @isInGroups('g2')", "(@attributeValuesContains('region', region)) IS NOT TRUE", "id IN (SELECT x FROM public.look WHERE @attributeValuesContains('region', y))",
		"id NOT IN (SELECT x FROM public.look WHERE @attributeValuesContains('region', y))", "id IN (SELECT x FROM public.look WHERE y = @username)", "CASE WHEN @isInGroups('g1') THEN id > 1 ELSE id < 3 END")
}

// subscription draws a grant or guardrail, with the approvals that it asks for.
func (d *drawing) subscription(in *policy.Input, name string, effect policy.SubscriptionEffect) {
	s := policy.SubscriptionPolicy{Name: name, On: dataTable(), Access: policy.AccessRead, Effect: effect}
	if d.chance("write", 3) {
		d.note("write access")
		s.Access = policy.AccessWrite
		for _, p := range d.some("privileges", "insert", "update", "delete", "truncate", "merge") {
			s.Privileges = append(s.Privileges, policy.Privilege(p))
		}
	}
	if effect == policy.SubscriptionGrant && d.chance("expires", 4) {
		d.note("grants that end")
		s.Expires = d.ends("grant ends")
	}
	switch rapid.IntRange(0, 6).Draw(d.t, "allow") {
	case 0:
		s.Allow.Users = []string{"ann", "o'neil"}
	case 1, 2:
		s.Allow.When = d.condition("when")
	case 3:
		d.note("approvals")
		s.Allow.Approval = &policy.Approval{By: []string{"cid", "dee"}, Count: rapid.IntRange(1, 2).Draw(d.t, "approvers")}
		for i := range rapid.IntRange(1, 3).Draw(d.t, "approvals") {
			given := policy.Approved{Policy: name, User: d.one("approved", "ann", "bob"), By: []policy.Approver{{Name: []string{"cid", "dee", "cid"}[i]}}}
			if d.chance("approval ends", 2) {
				d.note("approvals that end")
				given.Expires, _ = time.Parse(time.RFC3339, d.ends("approval ends at"))
			}
			in.Approvals = append(in.Approvals, given)
		}
	default:
		s.Allow.Anyone = true
	}
	in.Subscriptions = append(in.Subscriptions, s)
}

func dataTable() policy.Selector { return policy.Selector{Tables: []string{"tpch.public.data"}} }

// mask draws a mask of any kind, without its columns.
func (d *drawing) mask() (policy.Mask, []string) {
	stars, domain := "***", d.one("domain", "", "name")
	texts, all := []string{"region", "owner", "code"}, []string{"id", "region", "owner", "code", "amount", "seen"}
	switch rapid.IntRange(0, 11).Draw(d.t, "mask") {
	case 0:
		return policy.Mask{Null: true}, all
	case 1:
		return policy.Mask{Constant: &stars}, all
	case 2:
		return policy.Mask{Regex: &policy.RegexMask{Pattern: "[a-z]", Replace: "*"}}, all
	case 3:
		return policy.Mask{Round: &policy.RoundMask{To: d.one("round", "10", "month")}}, all
	case 4, 5:
		d.note("hash masks")
		return policy.Mask{Hash: &policy.HashMask{Domain: domain}}, texts
	case 6:
		d.note("reversible masks")
		return policy.Mask{Reversible: &policy.ReversibleMask{Domain: domain}}, texts
	case 7:
		d.note("format-preserving masks")
		return policy.Mask{FormatPreserving: &policy.FormatPreservingMask{Domain: domain, Alphabet: "lowerAlphanumeric"}}, texts
	case 8:
		d.note("k-anonymity")
		return policy.Mask{KAnonymity: &policy.KAnonymityMask{K: 2}}, all
	case 9:
		d.note("randomized choices")
		return policy.Mask{Randomized: &policy.RandomizedMask{Values: []string{"a", "b"}, Percent: 50, Domain: domain}}, texts
	case 10:
		d.note("randomized noise")
		return policy.Mask{Randomized: &policy.RandomizedMask{Noise: "5", Domain: domain}}, []string{"id", "amount"}
	}
	d.note("custom masks")
	return policy.Mask{Custom: d.one("custom", "left(@value, 1)", "CASE WHEN @isInGroups('g1') THEN @value ELSE @username END")}, []string{"region"}
}

func (d *drawing) maskRule(r *policy.Rule) {
	m, columns := d.mask()
	m.Columns = []string{rapid.SampledFrom(columns).Draw(d.t, "column")}
	if m.KAnonymity != nil {
		m.Columns = []string{"region", "code"}
	}
	if d.chance("where", 3) {
		d.note("masks of some rows")
		m.Where = d.one("where sql", "id > 1", "region = 'a'", "@isInGroups('g1')", "owner = @username")
	}
	r.Mask = &m
	if r.OnlyFor != "" && d.chance("otherwise", 2) {
		d.note("otherwise")
		r.Otherwise = &policy.Otherwise{Mask: &policy.Mask{Null: true}}
	}
}

func (d *drawing) rowRule(r *policy.Rule) {
	switch rapid.IntRange(0, 7).Draw(d.t, "row rule") {
	case 0:
		d.note("time windows")
		r.Window = &policy.Window{NewerThan: d.one("newer", "3y", "900w")}
	case 1:
		d.note("samples")
		r.Sample = &policy.Sample{Percent: d.one("percent", "50", "80.5")}
	case 2:
		d.note("purposes")
		r.Purposes = rapid.SampledFrom([]*policy.PurposeLimit{{Any: []string{"p", "q"}}, {All: []string{"p", "b"}}, {AnyPurpose: true}}).Draw(d.t, "purposes")
		return
	default:
		r.Rows = d.rows()
	}
	if r.OnlyFor != "" && d.chance("otherwise", 2) {
		d.note("otherwise")
		r.Otherwise = rapid.SampledFrom([]*policy.Otherwise{{Sample: &policy.Sample{Percent: "60"}}, {Window: &policy.Window{OlderThan: "2y"}}, {Rows: "id > 2"}}).Draw(d.t, "others")
	}
}

func (d *drawing) data(in *policy.Input) {
	for i := range rapid.IntRange(1, 7).Draw(d.t, "policies") {
		r := policy.Rule{}
		if d.chance("excepts", 2) {
			d.note("exceptFor")
			r.ExceptFor = d.condition("exceptFor")
			if d.chance("except ends", 3) {
				d.note("exceptions that end")
				r.ExceptUntil = d.ends("exceptUntil")
			}
		}
		if d.chance("only", 3) {
			d.note("onlyFor")
			r.OnlyFor = d.condition("onlyFor")
		}
		if d.chance("a row rule", 2) {
			d.rowRule(&r)
		} else {
			d.maskRule(&r)
		}
		in.Data = append(in.Data, policy.DataPolicy{Name: fmt.Sprint("data", i), On: dataTable(), Rules: []policy.Rule{r}})
	}
}

// input draws a set of policies, and the people that are asked for.
func (d *drawing) input(snapshot *catalog.Snapshot) (policy.Input, []identity.Principal) {
	in := policy.Input{Version: 1, Snapshot: snapshot}
	for i := range rapid.IntRange(1, 3).Draw(d.t, "grants") {
		d.subscription(&in, fmt.Sprint("grant", i), policy.SubscriptionGrant)
	}
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(d.t, "guardrails") {
		d.note("guardrails")
		d.subscription(&in, fmt.Sprint("guardrail", i), policy.SubscriptionGuardrail)
	}
	d.data(&in)
	var names []string
	for i := range rapid.IntRange(0, 3).Draw(d.t, "projects") {
		p := policy.Project{Name: fmt.Sprint("project", i), Sources: rapid.SampledFrom([]policy.Selector{dataTable(), {Tables: []string{"tpch.public.*"}}, {Tables: []string{"tpch.public.look"}}}).Draw(d.t, "sources")}
		if d.chance("equalize", 2) {
			d.note("equalized projects")
			p.Equalize = true
		}
		if d.chance("masked joins", 2) {
			d.note("masked joins")
			p.Domain = "project"
		}
		in.Projects, names = append(in.Projects, p), append(names, p.Name)
	}
	var people []identity.Principal
	for i := range rapid.IntRange(2, 5).Draw(d.t, "people") {
		people = append(people, d.person(i, names))
	}
	for i := range in.Projects {
		for _, who := range people {
			if who.Project() == in.Projects[i].Name {
				in.Projects[i].Members = append(in.Projects[i].Members, who)
			}
		}
	}
	return in, people
}

// person draws somebody of their own name.
func (d *drawing) person(i int, projects []string) identity.Principal {
	spec := identity.Spec{User: []string{"ann", "bob", "o'neil", "eve", "cid"}[i], Groups: d.some("groups", "g1", "g2", "a"), Purposes: d.some("purposes of their project", "p", "b"), Attributes: map[string][]string{}}
	if d.chance("attributes", 2) {
		spec.Attributes = map[string][]string{"region": d.some("regions", "a", "b", "ann", "", "x"), "level": d.some("level", "high", "low"), "numbers": d.some("numbers", "1", "02", "5")}
	}
	if len(projects) > 0 && !d.chance("no project", 4) {
		spec.Project = rapid.SampledFrom(projects).Draw(d.t, "project")
	}
	if d.chance("from outside", 6) {
		d.note("people from outside")
		spec.AsOf = deferredNow().Add(-rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(d.t, "age"))
	}
	return identity.NewPrincipal(spec)
}

// names lists what was drawn, sorted.
func (d *drawing) names() (out []string) {
	for name := range d.drawn {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
