package control

import (
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/tokenize"
	"github.com/posternsql/postern/warehouse"
)

// DialectOf is the SQL of a connection's warehouse.
func DialectOf(c warehouse.Config) (sqlgen.Dialect, error) {
	switch c.Engine {
	case warehouse.EnginePostgres:
		return sqlgen.Postgres(), nil
	case warehouse.EngineRedshift:
		if c.BuiltinMasks {
			return sqlgen.RedshiftBuiltin(), nil
		}
		return sqlgen.Redshift(), nil
	}
	return sqlgen.Dialect{}, fmt.Errorf("engine %q is not known", c.Engine)
}

// printed prints every filter and mask once, so that what a dialect cannot say is found here and not by a person.
func (b *builder) printed(dialect sqlgen.Dialect, program *policy.Program, samples []policy.Decision, c resource.Connection) {
	var failed []string
	for i := range samples {
		if err := dialect.Check(&samples[i]); err != nil {
			failed = append(failed, fmt.Sprintf("%s cannot be printed for %s: %s", samples[i].Table.QualifiedName(), dialect, err))
		}
	}
	if len(failed) == 0 {
		return
	}
	// Which rule it is: by themselves.
	found, said := false, map[string]bool{}
	pieces := program.Pieces()
	for i := range pieces {
		t := &pieces[i]
		err := dialect.Check(&t.Bound)
		if err == nil {
			continue
		}
		found = true
		if message := fmt.Sprintf("%s: connection %s: %s", t.Kind, c.Name, err); !said[fmt.Sprint(t.Pos, message)] {
			said[fmt.Sprint(t.Pos, message)] = true
			b.mistake(t.Pos, trialLabel(t), "%s", message)
		}
	}
	if !found {
		for _, message := range failed {
			b.mistake(c.Pos, "Connection "+c.Name, "%s", message)
		}
	}
}

// keyed refuses what the warehouse has no key or no function for: what is masked so would read as NULL, and what is sampled so would be empty.
func (b *builder) keyed(samples []policy.Decision, present map[string]warehouse.DomainState, c resource.Connection) {
	uses := map[string]map[string]bool{}
	look := func(e expr.Expr) {
		if k, ok := e.(expr.Keyed); ok {
			if uses[k.Domain] == nil {
				uses[k.Domain] = map[string]bool{}
			}
			uses[k.Domain][keyedFunction(k.Func)] = true
		}
	}
	for _, s := range samples {
		expr.Walk(s.Filter, look)
		for _, column := range s.Columns {
			expr.Walk(column.Mask, look)
		}
	}
	for _, p := range b.set.Projects {
		if domain := ProjectDomain(p.Name); p.MaskedJoins && present[domain].Version == 0 {
			b.mistake(p.Pos, "Project "+p.Name, "connection %s has no key for the project's token domain %q: run `postern register`", c.Name, domain)
		}
	}
	named := domainsOf(b.set)
	for _, domain := range slices.Sorted(maps.Keys(uses)) {
		at, label := c.Pos, "Connection "+c.Name
		if i := slices.IndexFunc(named, func(d tokenDomain) bool { return d.name == domain }); i >= 0 {
			at, label = named[i].pos, "DataPolicy "+named[i].policy
		}
		state := present[domain]
		if state.Version == 0 {
			b.mistake(at, label, "connection %s has no key for token domain %q: run `postern register`", c.Name, domain)
			continue
		}
		for _, f := range slices.Sorted(maps.Keys(uses[domain])) {
			if !slices.Contains(state.Functions, f) {
				b.mistake(at, label, "connection %s has no function %s for token domain %q: run `postern register`", c.Name, f, domain)
			}
		}
	}
	b.revealable(uses, named, c)
	for _, d := range b.set.TokenDomains {
		b.rotated(d, present[d.Name], len(uses[d.Name]) > 0, c)
	}
}

// revealable warns of masks that are there to be turned back, in a domain whose key was drawn in the warehouse: only the owner of the
// database could do it there, and `postern reveal` cannot.
func (b *builder) revealable(uses map[string]map[string]bool, named []tokenDomain, c resource.Connection) {
	given := map[string]bool{}
	for _, d := range b.set.TokenDomains {
		given[d.Name] = !d.Key.IsZero()
	}
	for _, domain := range slices.Sorted(maps.Keys(uses)) {
		reversible := uses[domain][keyedFunction(expr.KeyedProtect)] || uses[domain][keyedFunction(expr.KeyedFormatPreserving)]
		if !reversible || given[domain] {
			continue
		}
		at := c.Pos
		if i := slices.IndexFunc(named, func(d tokenDomain) bool { return d.name == domain }); i >= 0 {
			at = named[i].pos
		}
		b.warn(at, "token domain %q has no key in a TokenDomain: connection %s drew its own, so that only the owner of that database can turn reversible and "+
			"format-preserving values back, and `postern reveal` cannot", domain, c.Name)
	}
}

// rotated refuses a warehouse that has another key than the TokenDomain says, if a policy uses the domain there.
func (b *builder) rotated(d resource.TokenDomain, state warehouse.DomainState, used bool, c resource.Connection) {
	if !used || state.Version == 0 {
		return
	}
	label := "TokenDomain " + d.Name
	if state.Version < d.Version {
		b.mistake(d.Pos, label, "connection %s has version %d of its key, and version %d is wanted: run `postern register`", c.Name, state.Version, d.Version)
		return
	}
	if d.Key.IsZero() {
		return
	}
	key, err := domainKey(d)
	if err != nil {
		b.mistake(d.Pos, label, "the key cannot be had: %s", err)
		return
	}
	probe, err := probeOf(c, key, d.Name)
	if err != nil || probe != state.Probe {
		b.mistake(d.Pos, label, "connection %s has another key: run `postern register`", c.Name)
	}
}

// probeOf is the hash of nothing, by what the connection hashes with.
func probeOf(c resource.Connection, key secret.Value, domain string) (string, error) {
	if !c.BuiltinMasks() {
		return tokenize.Hash([]byte(key.Reveal()), domain, "")
	}
	keys, err := tokenize.NewSQLKeys([]byte(key.Reveal()), domain)
	if err != nil {
		return "", err
	}
	return keys.Hash(domain, ""), nil
}

// keyedFunction is the name of the function that registration installs.
func keyedFunction(f expr.KeyedFunc) string {
	switch f {
	case expr.KeyedHash:
		return "keyed_hash"
	case expr.KeyedDraw:
		return "keyed_draw"
	case expr.KeyedProtect:
		return "protect"
	case expr.KeyedFormatPreserving:
		return "format_preserving"
	}
	return fmt.Sprintf("number %d", f)
}
