package control

import (
	"fmt"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

func dialectOf(e warehouse.Engine) (sqlgen.Dialect, error) {
	switch e {
	case warehouse.EnginePostgres:
		return sqlgen.Postgres(), nil
	case warehouse.EngineRedshift:
		return sqlgen.Dialect{}, fmt.Errorf("engine %s has no dialect yet", e)
	}
	return sqlgen.Dialect{}, fmt.Errorf("engine %q is not known", e)
}

// printed prints every filter and mask once, so that what a dialect cannot say is found here and not by a person.
func (b *builder) printed(dialect sqlgen.Dialect, samples []policy.Decision, c resource.Connection) {
	for i := range samples {
		if err := dialect.Check(&samples[i]); err != nil {
			b.mistake(c.Pos, "Connection "+c.Name, "%s cannot be printed for %s: %s", samples[i].Table.QualifiedName(), dialect, err)
		}
	}
}

// keyed refuses masks for which the warehouse has no key: what they mask would read as NULL.
func (b *builder) keyed(samples []policy.Decision, present []string, c resource.Connection) {
	missing := map[string]bool{}
	look := func(e expr.Expr) {
		if k, ok := e.(expr.Keyed); ok && !slices.Contains(present, k.Domain) {
			missing[k.Domain] = true
		}
	}
	for _, s := range samples {
		expr.Walk(s.Filter, look)
		for _, column := range s.Columns {
			expr.Walk(column.Mask, look)
		}
	}
	for _, p := range b.set.Projects {
		if domain := ProjectDomain(p.Name); p.MaskedJoins && !slices.Contains(present, domain) {
			b.mistake(p.Pos, "Project "+p.Name, "connection %s has no key for the project's token domain %q: run `postern register`", c.Name, domain)
		}
	}
	for _, d := range domainsOf(b.set) {
		if missing[d.name] {
			delete(missing, d.name)
			b.mistake(d.pos, "DataPolicy "+d.policy, "connection %s has no key for token domain %q: run `postern register`", c.Name, d.name)
		}
	}
	for name := range missing {
		b.mistake(c.Pos, "Connection "+c.Name, "there is no key for token domain %q: run `postern register`", name)
	}
}
