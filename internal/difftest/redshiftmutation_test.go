package difftest

import (
	"fmt"
	"testing"

	"github.com/posternsql/postern/internal/difftest/evaluator"
)

// TestRedshiftPushedDamageShows: what is pushed wrongly into a Redshift turns the comparison red, directly and only there.
func TestRedshiftPushedDamageShows(t *testing.T) {
	l := newRedshiftLaboratory(t)
	damages := map[string]func(evaluator.Set) evaluator.Set{"profile": nil, "entitlements": nil, "twice": nil}
	for name, d := range pushDamages() {
		if d.pushed != nil {
			damages[name] = d.pushed
		}
	}
	behind := map[string]string{
		"profile": fmt.Sprintf("UPDATE postern_system.profile SET flags = (SELECT max(flags) FROM postern_system.profile WHERE account = '%s'), attributes = '', groups = '%%vg1%%e0%%;'", l.accounts["ann"]),
		// A right that is somebody else's.
		"entitlements": fmt.Sprintf("INSERT INTO postern_system.entitlement SELECT '%s', kind, name, value FROM postern_system.entitlement WHERE account = '%s'", l.accounts["dora"], l.accounts["eve"]),
		// Two profiles of one person show nothing, rather than what both are let see.
		"twice": "INSERT INTO postern_system.profile SELECT * FROM postern_system.profile",
	}
	for name, pushed := range damages {
		t.Run(name, func(t *testing.T) {
			l.t = t
			var total tripleTally
			first := uint64(1)
			if name == "entitlements" {
				first = 13 // of those before, none shows it
			}
			for seed := first; seed < first+pushDamageSets && len(total.failures) == 0; seed++ {
				s := evaluator.Generate(seed)
				if !l.sayable(s) {
					continue
				}
				wrong := s
				if pushed != nil {
					wrong = pushed(evaluator.Generate(seed))
				}
				l.force(s, wrong)
				if sql := behind[name]; sql != "" {
					l.exec(sql)
				}
				l.ask(fmt.Sprintf("set %d", seed), redshiftQueries(seed), &total)
			}
			total.redDirectly(t)
		})
	}
}
