package difftest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/difftest/evaluator"
)

// pushDamage is a way in which what is pushed can be wrong: another set than the one in force, or statements run behind Postern's back.
type pushDamage struct {
	pushed func(evaluator.Set) evaluator.Set
	sql    func(l *laboratory) string
}

// withoutRules leaves out the data policies' rules for which f holds.
func withoutRules(f func(evaluator.Rule) bool) func(evaluator.Set) evaluator.Set {
	return func(s evaluator.Set) evaluator.Set {
		out := evaluator.Set{Subscriptions: s.Subscriptions}
		for _, d := range s.Data {
			d.Rules = slices.DeleteFunc(slices.Clone(d.Rules), f)
			if len(d.Rules) > 0 {
				out.Data = append(out.Data, d)
			}
		}
		return out
	}
}

func pushDamages() map[string]pushDamage {
	return map[string]pushDamage{
		"filter": {pushed: withoutRules(func(r evaluator.Rule) bool { return r.Rows != nil })},
		"mask":   {pushed: withoutRules(func(r evaluator.Rule) bool { return r.Rows == nil })},
		"exceptions": {pushed: func(s evaluator.Set) evaluator.Set {
			for i := range s.Data {
				s.Data[i].Rules = slices.Clone(s.Data[i].Rules)
				for j := range s.Data[i].Rules {
					s.Data[i].Rules[j].Except = evaluator.Always{Yes: true}
				}
			}
			return s
		}},
		"guardrail": {pushed: func(s evaluator.Set) evaluator.Set {
			s.Subscriptions = slices.DeleteFunc(slices.Clone(s.Subscriptions), func(p evaluator.Subscription) bool { return p.Guardrail })
			return s
		}},
		"members": {sql: func(l *laboratory) string {
			return `DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'postern\_%\_read' LOOP
				EXECUTE format('GRANT %I TO ann, bob, cyd, dora, eve GRANTED BY ` + systemRole + `', r); END LOOP; END $$` // so that it can be taken back: from 16 on only the grantor can
		}},
		"profile": {sql: func(*laboratory) string {
			return "UPDATE postern_system.profile SET flags = (SELECT flags FROM postern_system.profile WHERE account = 'ann'), attributes = '{}', groups = '{g1}'"
		}},
		"null masks": {pushed: func(s evaluator.Set) evaluator.Set {
			return withoutRules(func(r evaluator.Rule) bool { return r.Rows == nil && r.Mask == evaluator.MaskNull })(s)
		}},
	}
}

// pushDamageSets bounds the sets in which a damage has to show.
const pushDamageSets = 12

// TestPushedDamageShows: what is pushed wrongly turns the comparison red, directly and only there.
func TestPushedDamageShows(t *testing.T) {
	l := newLaboratory(t)
	for name, broken := range pushDamages() {
		t.Run(name, func(t *testing.T) {
			l.t = t
			var total tripleTally
			for seed := uint64(1); seed <= pushDamageSets && len(total.failures) == 0; seed++ {
				s := evaluator.Generate(seed)
				wrong := s
				if broken.pushed != nil {
					wrong = broken.pushed(evaluator.Generate(seed))
				}
				l.force(s, wrong)
				if broken.sql != nil {
					l.exec(broken.sql(l))
				}
				l.ask(fmt.Sprintf("set %d", seed), policyQueries(seed), &total)
			}
			total.redDirectly(t)
		})
	}
}

// TestRefusedForPush: what a stored view cannot enforce is refused when it is published, with the mistake named, and nothing changes.
func TestRefusedForPush(t *testing.T) {
	l := newLaboratory(t)
	refused := 0
	for seed := uint64(1); seed <= 10; seed++ {
		s := evaluator.Generate(seed)
		s.Data = append(s.Data, evaluator.DataPolicy{Name: "extra", Table: "a", Rules: []evaluator.Rule{{Mask: evaluator.MaskNull, Column: evaluator.Column{Name: "code"}}}})
		for what, one := range map[string]struct{ more, mistake string }{
			"raw equality": {"---\nkind: Source\nname: wh.g.a\ncolumns: {code: {predicates: rawEquality}}\n", "g.a.code has predicates: rawEquality, which a view"},
			"predicates":   {"---\nkind: Source\nname: wh.g.a\ncolumns: {code: {predicates: refused}}\n", "g.a.code has predicates: refused, which a view"},
		} {
			before := l.publisher.Current()
			_, err := l.publisher.Publish(t.Context(), l.load(s, one.more))
			if err == nil || !strings.Contains(err.Error(), one.mistake) {
				t.Errorf("set %d, %s: %v", seed, what, err)
				continue
			}
			if l.publisher.Current() != before {
				t.Errorf("set %d, %s: something was published", seed, what)
			}
			refused++
		}
	}
	t.Logf("%d refused when they were published", refused)
	if refused < 20 {
		t.Error("20 have to be")
	}
}
