package difftest

import (
	"regexp"
	"strings"
	"testing"
)

// How many queries each mutation run asks.
const mutationQueries = 700

// selfCoalesce is what hides a column's statistics from the planner: COALESCE(c, c).
var selfCoalesce = regexp.MustCompile(`COALESCE\((postern_t\.[^,()]+), (postern_t\.[^,()]+)\)`)

// mutations are the damages that the oracle must see.
func mutations() map[string]damage {
	without := func(file string) func(name, text string) string {
		return func(name, text string) string {
			if name == file {
				return "# nothing\n"
			}
			return text
		}
	}
	return map[string]damage{
		"filter": {policies: without("rows.yaml")},
		"mask":   {policies: without("masks.yaml")},
		"review": {reviewed: true},
		"fence": {sent: func(sql string) string {
			return selfCoalesce.ReplaceAllString(strings.ReplaceAll(sql, " OFFSET 0", ""), "$1")
		}},
	}
}

// TestOracleSeesDamage: without filters, masks, reviews or fences the oracle turns red.
func TestOracleSeesDamage(t *testing.T) {
	for name, broken := range mutations() {
		t.Run(name, func(t *testing.T) {
			p := startPostern(t, broken)
			total, failures, _ := runGenerated(t, p, workload{count: mutationQueries})
			t.Logf("without the %s: %s", name, &total)
			cases, red := 0, 0
			o := newOracle(t, p, "ann")
			for _, s := range handCases(t) {
				if strings.HasPrefix(s.name, "session.sql") {
					continue
				}
				for _, c := range s.cases {
					cases++
					if _, problem := o.run(t, extended, c); problem != "" {
						red++
					}
				}
			}
			t.Logf("without the %s: %d of %d cases by hand turn red", name, red, cases)
			if len(failures) == 0 || red == 0 {
				t.Errorf("without the %s nothing turned red", name)
			}
			if len(failures) == total.cases || red == cases {
				t.Error("everything turned red: the oracle itself is broken")
			}
		})
	}
}
