package policy

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// TestTraceAgreesWithTheDecision rebuilds each decision from its trace: what a person is told is what holds.
func TestTraceAgreesWithTheDecision(t *testing.T) {
	snapshot := shop(t)
	traced := 0
	rapid.Check(t, func(t *rapid.T) {
		in, who := genInput(t, snapshot), genPerson(t)
		p, _, err := Compile(in)
		if err != nil {
			return
		}
		for _, table := range snapshot.Tables() {
			trace := p.Trace(BindPrincipal(who), Want{Table: table})
			if want := p.Decide(BindPrincipal(who), []Want{{Table: table}})[0]; !reflect.DeepEqual(trace.Decision, want) {
				t.Fatalf("the trace decides otherwise: %+v, not %+v", trace.Decision, want)
			}
			rebuilt(t, trace)
			traced++
		}
	})
	if traced < 100 {
		t.Errorf("only %d decisions were traced", traced)
	}
	t.Logf("%d decisions traced", traced)
}

func rebuilt(t *rapid.T, trace Trace) {
	open, granted := true, false
	var filters []expr.Expr
	masks := map[string]Step{}
	for _, s := range trace.Steps {
		switch s.Kind {
		case StepGuardrail:
			open = open && (s.Outcome == OutcomeHolds || s.Privileges != nil)
		case StepGrant:
			granted = granted || s.Outcome == OutcomeHolds
		case StepRows:
			if s.Outcome == OutcomeApplies {
				filters = append(filters, s.Filter)
			}
		case StepMask:
			if _, have := masks[s.Column]; s.Outcome == OutcomeApplies && !have {
				masks[s.Column] = s
			}
		case StepProject, StepIdentity:
			t.Fatalf("nobody acts in a project here: %+v", s)
		}
	}
	d := trace.Decision
	if allowed := open && granted; allowed != d.Allowed {
		t.Fatalf("by its steps allowed is %t: %+v", allowed, trace)
	}
	if !d.Allowed {
		return
	}
	filter := expr.Simplify(expr.And{Args: filters})
	if expr.IsTrue(filter) {
		filter = nil
	}
	if !reflect.DeepEqual(filter, d.Filter) {
		t.Fatalf("the filters of the steps are %v, and the decision's is %v", filter, d.Filter)
	}
	for _, c := range d.Columns {
		if s := masks[c.Column.Name]; s.Mask != c.Kind || s.Policy != c.Policy {
			t.Fatalf("column %s: the step is %+v, and the decision %s of %s", c.Column.Name, s, c.Kind, c.Policy)
		}
	}
}

func TestTraceOfConditions(t *testing.T) {
	who := identity.NewPrincipal(identity.Spec{User: "ann", Groups: []string{"a"}, Attributes: map[string][]string{"level": {"low"}}, Purposes: []string{"p"}})
	conditions, err := newConditions()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"isInGroups('a', 'b')", []string{"isInGroups('a', 'b') is false (has: a)"}},
		{"hasAttribute('level', 'high') || isUsingPurpose('p')", []string{"hasAttribute('level', 'high') is false (has: low)", "isUsingPurpose('p') is true (has: p)"}},
		{"!(isInGroups('a') && !isInGroups('a'))", []string{"isInGroups('a') is true (has: a)"}},
		{"username() == 'ann'", []string{"username() is true (has: ann)"}},
		{"hasAttribute('gone', 'it''s')", nil},
		{`hasAttribute("gone", "it's")`, []string{"hasAttribute('gone', 'it's') is false (has: nothing)"}},
	} {
		compiled, err := conditions.compile(c.text)
		if err != nil {
			if c.want != nil {
				t.Error(err)
			}
			continue
		}
		var got []string
		for _, a := range newConditionTracer(who).trace("when", compiled).Atoms {
			got = append(got, a.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.text, diff)
		}
	}
}
