package control

import (
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// maxChecks bounds the decisions that are printed at one publication; what is beyond is printed at its first use, and
// refused then if it cannot be.
const maxChecks = 200_000

func dialectOf(e warehouse.Engine) (sqlgen.Dialect, error) {
	switch e {
	case warehouse.EnginePostgres:
		return sqlgen.Postgres(), nil
	case warehouse.EngineRedshift:
		return sqlgen.Dialect{}, fmt.Errorf("engine %s has no dialect yet", e)
	}
	return sqlgen.Dialect{}, fmt.Errorf("engine %q is not known", e)
}

// check prints every registered source for every person once, so that what a dialect cannot say is found here and not by
// the person.
func (b *builder) check(dialect sqlgen.Dialect, program *policy.Program, people map[string]person, c resource.Connection) {
	var wants []policy.Want
	for _, t := range program.Snapshot().Tables() {
		if t.Registered {
			wants = append(wants, policy.Want{Table: t})
		}
	}
	seen := map[string]bool{}
	left := maxChecks
	for _, name := range slices.Sorted(maps.Keys(people)) {
		if left -= len(wants); left < 0 {
			b.warn(c.Pos, "connection %s: not every person's views were printed", c.Name)
			return
		}
		decisions := program.Decide(policy.BindPrincipal(people[name].principal), wants)
		for i := range decisions {
			b.checkOne(dialect, &decisions[i], c, seen)
		}
	}
}

func (b *builder) checkOne(dialect sqlgen.Dialect, d *policy.Decision, c resource.Connection, seen map[string]bool) {
	if !d.Allowed {
		return
	}
	err := dialect.Check(d)
	if err == nil {
		return
	}
	message := fmt.Sprintf("%s cannot be printed for %s: %s", d.Table.QualifiedName(), dialect, err)
	if !seen[message] {
		seen[message] = true
		b.mistake(c.Pos, "Connection "+c.Name, "%s", message)
	}
}
