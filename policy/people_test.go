package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// noon is when these tests begin.
func noon() time.Time { return time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC) }

func decideAt(t testing.TB, p *Program, who identity.Principal, table string, at time.Time) Decision {
	t.Helper()
	return p.Decide(BindPrincipal(who).At(at), []Want{{Table: tableOf(t, p.Snapshot(), table)}})[0]
}

func asked(wants *Approval) SubscriptionPolicy {
	return SubscriptionPolicy{Name: "asked", On: Selector{Tables: []string{"tpch.public.customer"}}, Access: AccessRead, Effect: SubscriptionGrant, Allow: Allow{Approval: wants}}
}

func TestApproval(t *testing.T) {
	one := &Approval{By: []string{"owners"}}
	stacked := &Approval{Parties: []Party{{By: []string{"owners"}}, {By: []string{"governors", "zed"}, Count: 2}}}
	owner := Approver{Name: "bob", Groups: []string{"owners"}}
	both := Approver{Name: "cyd", Groups: []string{"governors", "owners"}}
	governor := Approver{Name: "dee", Groups: []string{"governors"}}
	zed := Approver{Name: "zed"}
	tests := map[string]struct {
		wants *Approval
		by    []Approver
		want  bool
	}{
		"nobody":              {one, nil, false},
		"an owner":            {one, []Approver{owner}, true},
		"somebody else":       {one, []Approver{zed}, false},
		"twice the same":      {&Approval{By: []string{"owners"}, Count: 2}, []Approver{owner, owner}, false},
		"two owners":          {&Approval{By: []string{"owners"}, Count: 2}, []Approver{owner, both}, true},
		"by name":             {&Approval{By: []string{"zed"}}, []Approver{zed}, true},
		"for oneself":         {&Approval{By: []string{"owners"}}, []Approver{{Name: "ann", Groups: []string{"owners"}}}, false},
		"one party of two":    {stacked, []Approver{owner}, false},
		"nobody counts twice": {stacked, []Approver{both, zed}, false},
		"each party":          {stacked, []Approver{zed, owner, governor}, true},
		"whoever fits where":  {stacked, []Approver{both, zed, governor}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{asked(tt.wants)}, Approvals: []Approved{{Policy: "asked", User: "ann", By: tt.by}}}
			p := compile(t, in)
			if d := decide(t, p, person("ann"), "customer"); d.Allowed != tt.want {
				t.Errorf("allowed %t, because %v", d.Allowed, d.Because)
			}
			if decide(t, p, person("eve"), "customer").Allowed || decide(t, p, person("ann"), "orders").Allowed {
				t.Error("somebody else, or something else, is let in")
			}
		})
	}
}

// TestApprovalsEnd: what expires is not there from its instant on, without another program and whatever is cached, and the decision
// before says until when it holds.
func TestApprovalsEnd(t *testing.T) {
	in := Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{asked(&Approval{By: []string{"bob"}})},
		Approvals: []Approved{{Policy: "asked", User: "ann", By: []Approver{{Name: "bob"}}, Expires: noon().Add(time.Hour)}}}
	p := compile(t, in)
	before := decideAt(t, p, person("ann"), "customer", noon())
	if !before.Allowed || !before.ValidUntil.Equal(noon().Add(time.Hour)) {
		t.Errorf("before: %+v", before)
	}
	if d := decideAt(t, p, person("ann"), "customer", noon().Add(time.Hour-1)); !d.Allowed {
		t.Error("it ends too early")
	}
	for name, at := range map[string]time.Time{"at its end": noon().Add(time.Hour), "later": noon().Add(time.Hour * 2), "without a time": {}} {
		if d := decideAt(t, p, person("ann"), "customer", at); d.Allowed {
			t.Errorf("%s: still allowed", name)
		}
	}
	// Two approvals of one request: it ends with the one that it cannot do without.
	in.Approvals = append(in.Approvals, Approved{Policy: "asked", User: "ann", By: []Approver{{Name: "bob"}}})
	p = compile(t, in)
	if d := decideAt(t, p, person("ann"), "customer", noon().Add(2*time.Hour)); !d.Allowed || !d.ValidUntil.IsZero() {
		t.Errorf("a second approval without end: %+v", d)
	}
}

func TestGrantsAndExceptionsEnd(t *testing.T) {
	ends := noon().Add(time.Hour)
	all := grant("all", "true", "tpch.public.*")
	all.Expires = ends.Format(time.RFC3339)
	in := Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{all}, Data: []DataPolicy{{Name: "phones", On: Selector{ColumnTags: []string{"PII"}}, Rules: []Rule{
		{Mask: &Mask{ColumnTags: []string{"PII.Phone"}, Null: true}, ExceptFor: "username() == 'ann'", ExceptUntil: noon().Add(time.Minute).Format(time.RFC3339)}}}}}
	p := compile(t, in)
	for _, tt := range []struct {
		after   time.Duration
		allowed bool
		kind    MaskKind
		until   time.Time
	}{{0, true, MaskNone, noon().Add(time.Minute)}, {time.Minute, true, MaskNull, ends}, {time.Hour, false, MaskNone, time.Time{}}} {
		d := decideAt(t, p, person("ann"), "customer", noon().Add(tt.after))
		c, _ := d.Column("c_phone")
		if d.Allowed != tt.allowed || c.Kind != tt.kind || !d.ValidUntil.Equal(tt.until) {
			t.Errorf("after %v: allowed %t, mask %d, until %v", tt.after, d.Allowed, c.Kind, d.ValidUntil)
		}
	}
	if decide(t, p, person("ann"), "customer").Allowed {
		t.Error("without a time, what expires is still there")
	}
}

func TestPrivileges(t *testing.T) {
	on := Selector{Tables: []string{"tpch.public.customer"}}
	everyone := Allow{Anyone: true}
	read := SubscriptionPolicy{Name: "read", On: on, Access: AccessRead, Effect: SubscriptionGrant, Allow: everyone}
	write := SubscriptionPolicy{Name: "write", On: on, Access: AccessWrite, Effect: SubscriptionGrant, Allow: everyone}
	some := write
	some.Name, some.Privileges = "some", []Privilege{PrivilegeUpdate, PrivilegeInsert}
	guard := SubscriptionPolicy{Name: "guard", On: on, Access: AccessWrite, Privileges: []Privilege{PrivilegeInsert}, Effect: SubscriptionGuardrail, Allow: Allow{Users: []string{"root"}}}
	noWrites := guard
	noWrites.Name, noWrites.Privileges = "no-writes", nil
	for name, tt := range map[string]struct {
		policies []SubscriptionPolicy
		want     []Privilege
	}{
		"read only":                {[]SubscriptionPolicy{read}, nil},
		"write is all of them":     {[]SubscriptionPolicy{write}, Privileges()},
		"narrowed, in their order": {[]SubscriptionPolicy{some}, []Privilege{PrivilegeInsert, PrivilegeUpdate}},
		"a guardrail takes away":   {[]SubscriptionPolicy{some, read, guard}, []Privilege{PrivilegeUpdate}},
		"a guardrail on all":       {[]SubscriptionPolicy{write, noWrites}, nil},
	} {
		d := decide(t, compile(t, Input{Snapshot: shop(t), Subscriptions: tt.policies}), person("ann"), "customer")
		if !d.Allowed || !slices.Equal(d.Privileges, tt.want) {
			t.Errorf("%s: allowed %t, %v", name, d.Allowed, d.Privileges)
		}
	}
}

func TestSubscriptionMistakes(t *testing.T) {
	guard := grant("g", "true", "tpch.public.customer")
	guard.Effect, guard.Expires = SubscriptionGuardrail, "2027-01-31T12:00:00Z"
	soon := grant("s", "true", "tpch.public.customer")
	soon.Expires = "tomorrow"
	readers := grant("r", "true", "tpch.public.customer")
	readers.Privileges = []Privilege{PrivilegeInsert}
	writers := grant("w", "true", "tpch.public.customer")
	writers.Access, writers.Privileges = AccessWrite, []Privilege{"drop"}
	for want, s := range map[string]SubscriptionPolicy{
		"a guardrail does not expire": guard, `expires: "tomorrow" is not an instant`: soon, "privileges narrow access: write": readers,
		`privilege "drop" is given twice or is not one of`: writers, "say either `by` or `parties`": asked(&Approval{}),
		"`by` names who can approve":       asked(&Approval{Parties: []Party{{}}}),
		"count 21 is not between 1 and 20": asked(&Approval{By: []string{"a"}, Count: 21}),
		"more than 20 approvals":           asked(&Approval{Parties: []Party{{By: []string{"a"}, Count: 20}, {By: []string{"b"}}}}),
	} {
		s.Pos = Pos{"p.yaml", 7}
		if _, _, err := Compile(Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{s}}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "p.yaml:7: ") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	data := DataPolicy{Name: "d", On: Selector{Tables: []string{"tpch.public.customer"}}, Rules: []Rule{{Rows: "true", ExceptUntil: "2027-01-31T12:00:00Z"}}}
	if _, _, err := Compile(Input{Snapshot: shop(t), Data: []DataPolicy{data}}); err == nil || !strings.Contains(err.Error(), "there is no exceptFor") {
		t.Errorf("got %v", err)
	}
}

func inProject(who identity.Principal, project string, purposes ...string) identity.Principal {
	spec := identity.Spec{User: who.User(), Groups: who.Groups(), Project: project, Purposes: purposes, Attributes: map[string][]string{}}
	for _, name := range who.AttributeNames() {
		spec.Attributes[name] = who.Attribute(name)
	}
	return identity.NewPrincipal(spec)
}

func TestProjectNarrows(t *testing.T) {
	p := compile(t, Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{grant("all", "true", "tpch.public.*")},
		Projects: []Project{{Name: "orders", Sources: Selector{Tags: []string{"Sales.Orders"}}}, {Name: "empty"}}})
	for project, want := range map[string][2]bool{"": {true, true}, "orders": {false, true}, "empty": {}, "unknown": {}} {
		who := inProject(person("ann"), project)
		if got := [2]bool{decide(t, p, who, "customer").Allowed, decide(t, p, who, "orders").Allowed}; got != want {
			t.Errorf("%q: %v", project, got)
		}
	}
}

func TestMaskedJoins(t *testing.T) {
	in := Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{grant("all", "true", "tpch.public.*")}, Data: []DataPolicy{{Name: "names", On: Selector{ColumnTags: []string{"PII"}},
		Rules: []Rule{{Mask: &Mask{ColumnTags: []string{"PII.Name"}, Hash: &HashMask{Domain: "name"}}}}}}, Projects: []Project{{Name: "p", Sources: Selector{Tags: []string{"Sales"}}, Domain: "project.p"}}}
	p := compile(t, in)
	mask := func(who identity.Principal) string {
		d := decide(t, p, who, "customer")
		c, _ := d.Column("c_name")
		return fmt.Sprintf("%+v", c.Mask)
	}
	if got := mask(person("ann")); !strings.Contains(got, "name") || strings.Contains(got, "project.p") {
		t.Errorf("outside: %s", got)
	}
	if got := mask(inProject(person("ann"), "p")); !strings.Contains(got, "project.p") {
		t.Errorf("inside: %s", got)
	}
}

// TestEqualizeBound: more members than are decided for are a mistake.
func TestEqualizeBound(t *testing.T) {
	many := Project{Pos: Pos{"p.yaml", 3}, Name: "p", Sources: Selector{Tags: []string{"Sales"}}, Equalize: true, Members: make([]identity.Principal, MaxEqualized+1)}
	if _, _, err := Compile(Input{Snapshot: shop(t), Projects: []Project{many}}); err == nil || !strings.Contains(err.Error(), "at most 200 members, and there are 201") {
		t.Errorf("got %v", err)
	}
}

// genProject makes a project of some people and puts them into it.
func genProject(t *rapid.T) (Project, []identity.Principal) {
	p := Project{Name: "p", Sources: genSelector(t), Equalize: true}
	if rapid.Bool().Draw(t, "masked joins") {
		p.Domain = "project.p"
	}
	for range rapid.IntRange(1, 4).Draw(t, "members") {
		p.Members = append(p.Members, inProject(genPerson(t), "p", "p"))
	}
	return p, p.Members
}

// TestEqualizedShowsNoMore: what any member of an equalized project sees, every member alone would see.
func TestEqualizedShowsNoMore(t *testing.T) {
	shown, masked := 0, 0
	property(t, func(t *rapid.T, in Input, _ identity.Principal) {
		project, members := genProject(t)
		in.Projects = []Project{project}
		alone := in
		alone.Projects = []Project{{Name: "p", Sources: project.Sources, Domain: project.Domain}}
		asker := rapid.SampledFrom(members).Draw(t, "asker")
		got, ok := decideAll(in, asker)
		if !ok {
			return
		}
		for _, member := range members {
			own, _ := decideAll(alone, member)
			for i := range got {
				shown, masked = checkNoMore(t, got[i], own[i], shown, masked)
			}
		}
		for _, other := range members {
			same, _ := decideAll(in, other)
			for i := range got {
				if got[i].Allowed != same[i].Allowed || !reflect.DeepEqual(got[i].Privileges, same[i].Privileges) {
					t.Fatal("two members do not see the same")
				}
				for j := range got[i].Columns {
					if !reflect.DeepEqual(got[i].Columns[j].Mask, same[i].Columns[j].Mask) {
						t.Fatalf("two members do not see the same %s", got[i].Columns[j].Column.Name)
					}
				}
			}
		}
	})
	if shown == 0 || masked == 0 {
		t.Errorf("%d columns shown and %d masked in all runs: the property was hardly put to the test", shown, masked)
	}
}

func checkNoMore(t *rapid.T, got, own Decision, shown, masked int) (int, int) {
	if !got.Allowed {
		return shown, masked
	}
	if !own.Allowed {
		t.Fatal("a source that one member may not see is open")
	}
	for _, w := range got.Privileges {
		if !slices.Contains(own.Privileges, w) {
			t.Fatalf("%s for all, not for one", w)
		}
	}
	if own.Filter != nil {
		if got.Filter == nil {
			t.Fatal("one member's rows are filtered, the project's are not")
		}
		for _, e := range conjuncts(own.Filter) {
			if !slices.ContainsFunc(conjuncts(got.Filter), func(have expr.Expr) bool { return reflect.DeepEqual(have, e) }) && !expr.IsFalse(got.Filter) {
				t.Fatalf("a row filter of one member is not among all: %v", e)
			}
		}
	}
	for _, c := range got.Columns {
		mine, ok := own.Column(c.Column.Name)
		switch {
		case !ok:
			t.Fatal("a hidden column is shown")
		case mine.Mask != nil && !reflect.DeepEqual(c.Mask, mine.Mask) && !showsNothing(c.Mask):
			t.Fatalf("%s shows %v where one member sees %v", c.Column.Name, c.Mask, mine.Mask)
		case c.Mask == nil:
			shown++
		default:
			masked++
		}
	}
	return shown, masked
}

func TestRemovingAnApprovalNeverWidens(t *testing.T) {
	property(t, func(t *rapid.T, in Input, who identity.Principal) {
		in.Subscriptions = append(in.Subscriptions, genSubscription(t, "asked", rapid.SampledFrom([]SubscriptionEffect{SubscriptionGrant, SubscriptionGuardrail}).Draw(t, "effect")))
		in.Subscriptions[len(in.Subscriptions)-1].Allow = Allow{Approval: &Approval{By: []string{"x", "y"}, Count: rapid.IntRange(1, 2).Draw(t, "count")}}
		for range 3 {
			in.Approvals = append(in.Approvals, Approved{Policy: "asked", User: rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "whom"),
				By: []Approver{{Name: rapid.SampledFrom([]string{"x", "y", "ann"}).Draw(t, "by")}}})
		}
		before, ok := decideAll(in, who)
		in.Approvals = in.Approvals[:2]
		if after, ok2 := decideAll(in, who); ok && ok2 {
			notWider(t, before, after)
		}
	})
}

// TestTimeNeverWidens: later is never wider, and until ValidUntil it is the same.
func TestTimeNeverWidens(t *testing.T) {
	snapshot := shop(t)
	rapid.Check(t, func(t *rapid.T) {
		in, who := genInput(t, snapshot), genPerson(t)
		end := func(label string) string {
			return noon().Add(time.Duration(rapid.IntRange(-2, 4).Draw(t, label)) * time.Hour).Format(time.RFC3339)
		}
		for i := range in.Subscriptions {
			if in.Subscriptions[i].Effect == SubscriptionGrant && rapid.Bool().Draw(t, "grant ends") {
				in.Subscriptions[i].Expires = end("expires")
			}
		}
		for _, d := range in.Data {
			for i := range d.Rules {
				if d.Rules[i].ExceptFor != "" && rapid.Bool().Draw(t, "exception ends") {
					d.Rules[i].ExceptUntil = end("until")
				}
			}
		}
		p, _, err := Compile(in)
		if err != nil {
			return
		}
		var wants []Want
		for _, table := range snapshot.Tables() {
			wants = append(wants, Want{Table: table})
		}
		later := noon().Add(time.Duration(rapid.IntRange(0, 5*60).Draw(t, "later")) * time.Minute)
		before := p.Decide(BindPrincipal(who).At(noon()), wants)
		after := p.Decide(BindPrincipal(who).At(later), wants)
		notWider(t, before, after)
		for i, d := range before {
			if (d.ValidUntil.IsZero() || later.Before(d.ValidUntil)) && !reflect.DeepEqual(d, after[i]) {
				t.Fatalf("changed before its time:\n%+v\n%+v", d, after[i])
			}
		}
		notWider(t, after, p.Decide(BindPrincipal(who), wants))
	})
}
