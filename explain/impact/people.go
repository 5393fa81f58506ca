package impact

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Compare makes the report. It ends early with the context.
func Compare(ctx context.Context, c Config) (*Report, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c.MaxPairs = cmp.Or(c.MaxPairs, DefaultMaxPairs)
	c.MaxTexts = cmp.Or(c.MaxTexts, DefaultMaxTexts)
	r := &comparison{Config: c, report: &Report{Sources: []Source{}}}
	r.people()
	for _, connection := range union(c.Old.Connections(), c.New.Connections()) {
		if err := r.connection(ctx, connection); err != nil {
			return nil, err
		}
	}
	if c.Statements != nil {
		if err := r.statements(ctx); err != nil {
			return nil, err
		}
	}
	return r.report, nil
}

type comparison struct {
	Config
	report *Report
	// who are the people of either state, in order of names.
	who []pair
}

// pair is one person, before and after; nobody has a zero principal.
type pair struct {
	name     string
	old, new identity.Principal
	// same is set where nothing about the person changed.
	same bool
}

func (r *comparison) people() {
	for _, name := range union(r.Old.Users(), r.New.Users()) {
		p := pair{name: name, old: principal(r.Old, name), new: principal(r.New, name)}
		p.same = p.old.IsZero() == p.new.IsZero() && p.old.Key() == p.new.Key()
		change := ""
		switch {
		case p.old.IsZero() && p.new.IsZero():
			continue
		case p.old.IsZero():
			change = "may log in"
		case p.new.IsZero():
			change = "may not log in any more"
		}
		if p.old.Exempt() != p.new.Exempt() {
			change = strings.TrimPrefix(change+", is governed", ", ")
			if p.new.Exempt() {
				change = "is exempt: no policy applies to them"
			}
		}
		if change != "" {
			r.report.People = append(r.report.People, Person{name, change})
		}
		r.who = append(r.who, p)
	}
}

// principal is zero for somebody who may not log in.
func principal(s State, name string) identity.Principal {
	p, err := s.Principal(name)
	if err != nil {
		return identity.Principal{}
	}
	return p
}

func (r *comparison) connection(ctx context.Context, name string) error {
	before, _ := r.Old.Program(name)
	after, _ := r.New.Program(name)
	if r.DialectOf != nil {
		r.Dialect = r.DialectOf(name)
	}
	for _, table := range union(registered(before), registered(after)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		schema, relation, _ := strings.Cut(table, "\x00")
		found := &changes{}
		same := before != nil && after != nil && before.SameSource(after, schema, relation)
		for i := range r.who {
			p := &r.who[i]
			if p.old.Exempt() || p.new.Exempt() {
				continue // told with the people: no policy decides for them before or after
			}
			if same && p.same && (p.old.Project() == "" || before.SameProject(after, p.old.Project())) {
				r.report.Unchanged++
				continue
			}
			if r.report.Pairs >= r.MaxPairs {
				r.report.NotCompared++
				continue
			}
			r.report.Pairs++
			if err := r.decisions(found, p, r.decide(before, p.old, schema, relation), r.decide(after, p.new, schema, relation)); err != nil {
				return err
			}
		}
		if len(found.list) > 0 {
			r.report.Sources = append(r.report.Sources, Source{Name: name + "." + schema + "." + relation, Changes: found.sorted()})
		}
	}
	return nil
}

// registered lists the sources of a program as schema, a zero byte and name.
func registered(p *policy.Program) (out []string) {
	if p == nil {
		return nil
	}
	for _, t := range p.Snapshot().Tables() {
		if t.Registered {
			out = append(out, t.Schema+"\x00"+t.Name)
		}
	}
	return out
}

// decide is the zero Decision, which denies, where there is no such program or source.
func (r *comparison) decide(p *policy.Program, who identity.Principal, schema, name string) policy.Decision {
	if p == nil {
		return policy.Decision{}
	}
	t, ok := p.Snapshot().Table(schema, name)
	if !ok {
		return policy.Decision{}
	}
	return p.Decide(policy.BindPrincipal(who).At(r.Now()), []policy.Want{{Table: t}})[0]
}

// decisions notes what differs between two decisions for one person.
func (r *comparison) decisions(found *changes, p *pair, a, b policy.Decision) error {
	switch {
	case !a.Allowed && !b.Allowed:
		return nil
	case !a.Allowed:
		found.add(Change{Effect: Gains, What: "access"}, p.name)
		return nil
	case !b.Allowed:
		found.add(Change{Effect: Loses, What: "access"}, p.name)
		return nil
	}
	for _, w := range policy.Privileges() {
		if had, has := slices.Contains(a.Privileges, w), slices.Contains(b.Privileges, w); had != has {
			found.add(Change{Effect: effect(has), What: "write", To: string(w)}, p.name)
		}
	}
	unloads(found, p.name, a.Unloads, b.Unloads)
	if err := r.rows(found, p, a.Filter, b.Filter); err != nil {
		return err
	}
	return r.columns(found, p, &a, &b)
}

// unloads notes the places to which a person may unload, or no longer may.
func unloads(found *changes, source string, a, b []policy.Unloading) {
	places := func(list []policy.Unloading) map[string]bool {
		out := map[string]bool{}
		for _, u := range list {
			out[u.To.String()] = true
			if u.Overwrite {
				out[u.To.String()+" (overwriting)"] = true
			}
		}
		return out
	}
	had, has := places(a), places(b)
	for _, to := range slices.Sorted(maps.Keys(had)) {
		if !has[to] {
			found.add(Change{Effect: Loses, What: "unload", To: to}, source)
		}
	}
	for _, to := range slices.Sorted(maps.Keys(has)) {
		if !had[to] {
			found.add(Change{Effect: Gains, What: "unload", To: to}, source)
		}
	}
}

func effect(gains bool) Effect {
	if gains {
		return Gains
	}
	return Loses
}

func (r *comparison) rows(found *changes, p *pair, a, b expr.Expr) error {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	from, err := r.print(a)
	if err != nil {
		return err
	}
	to, err := r.print(b)
	if err != nil {
		return err
	}
	c := Change{Effect: Changes, What: "rows", From: from, To: to}
	switch {
	case a == nil || expr.IsFalse(b) || b != nil && listed(b, a):
		c.Effect = Loses
	case b == nil || expr.IsFalse(a) || listed(a, b):
		c.Effect = Gains
	}
	found.add(c, p.name)
	return nil
}

// listed reports two lists of values for the same expression, of which the first has only values of the second.
func listed(a, b expr.Expr) bool {
	x, ok := a.(expr.In)
	y, both := b.(expr.In)
	return ok && both && reflect.DeepEqual(x.Arg, y.Arg) && !slices.ContainsFunc(x.List, func(e expr.Expr) bool {
		return !slices.ContainsFunc(y.List, func(have expr.Expr) bool { return reflect.DeepEqual(have, e) })
	})
}

// print is "all" for no filter.
func (r *comparison) print(e expr.Expr) (string, error) {
	if e == nil {
		return "all", nil
	}
	return r.Dialect.Expr(e)
}

func (r *comparison) columns(found *changes, p *pair, a, b *policy.Decision) error {
	names := func(d *policy.Decision) (out []string) {
		for _, c := range d.Columns {
			out = append(out, c.Column.Name)
		}
		return out
	}
	for _, name := range union(names(a), names(b)) {
		x, had := a.Column(name)
		y, has := b.Column(name)
		if had == has && reflect.DeepEqual(x.Mask, y.Mask) {
			continue
		}
		c := Change{Effect: Changes, What: "column", Column: name, From: reads(x, had), To: reads(y, has)}
		switch {
		case !had || has && y.Mask == nil:
			c.Effect = Gains
		case !has || x.Mask == nil:
			c.Effect = Loses
		case y.Kind == policy.MaskNull && x.Kind != policy.MaskNull:
			c.Effect = Loses
		case x.Kind == policy.MaskNull && y.Kind != policy.MaskNull:
			c.Effect = Gains
		}
		if c.From == c.To {
			c.To += " of " + y.Policy
			c.From += " of " + x.Policy
		}
		found.add(c, p.name)
	}
	return nil
}

// reads says how a column reads in a word.
func reads(c policy.ColumnDecision, visible bool) string {
	switch {
	case !visible:
		return "hidden"
	case c.Mask == nil:
		return "raw"
	}
	return c.Kind.String()
}

// changes gathers what changes on one source; the people of one change together.
type changes struct {
	list []Change
	at   map[string]int
}

func (c *changes) add(change Change, user string) {
	key := fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s", change.Effect, change.What, change.Column, change.From, change.To)
	i, have := c.at[key]
	if !have {
		if c.at == nil {
			c.at = map[string]int{}
		}
		i = len(c.list)
		c.at[key] = i
		c.list = append(c.list, change)
	}
	c.list[i].Users = append(c.list[i].Users, user)
}

// sorted puts access first, then writing, rows and columns.
func (c *changes) sorted() []Change {
	order := map[string]int{"access": 0, "write": 1, "unload": 2, "rows": 3, "column": 4}
	slices.SortStableFunc(c.list, func(a, b Change) int {
		return cmp.Or(cmp.Compare(order[a.What], order[b.What]), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Effect, b.Effect), cmp.Compare(a.To, b.To), cmp.Compare(a.From, b.From))
	})
	return c.list
}

// union is what is in either list, sorted, each once.
func union(a, b []string) []string {
	set := map[string]bool{}
	for _, s := range slices.Concat(a, b) {
		set[s] = true
	}
	return slices.Sorted(maps.Keys(set))
}
