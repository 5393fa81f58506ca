package policy

import (
	"reflect"
	"slices"
)

// SameSource reports that two programs decide alike on a source, whoever asks and in whichever project, as far as that can be seen without deciding:
// false only says that they may differ. A source that neither knows is the same.
func (p *Program) SameSource(q *Program, schema, name string) bool {
	a, b := p.named(schema, name), q.named(schema, name)
	if a == nil || b == nil {
		return a == b
	}
	return reflect.DeepEqual(a.table, b.table) && slices.EqualFunc(a.grants, b.grants, sameSubscription) &&
		slices.EqualFunc(a.guardrails, b.guardrails, sameSubscription) && slices.EqualFunc(a.unloads, b.unloads, sameSubscription) && slices.EqualFunc(a.unloadGuards, b.unloadGuards, sameSubscription) && p.unload == q.unload &&
		slices.EqualFunc(a.rows, b.rows, sameRows) &&
		slices.EqualFunc(a.columns, b.columns, sameColumn)
}

// SameProject reports that acting in a project changes the same under both programs, with the same reservation.
func (p *Program) SameProject(q *Program, name string) bool {
	if p == nil || q == nil {
		return p == q
	}
	a, b := p.projects[name], q.projects[name]
	if a == nil || b == nil {
		return a == b
	}
	x, y := a.Project, b.Project
	x.Pos, y.Pos = Pos{}, Pos{}
	return reflect.DeepEqual(x, y) && slices.Equal(a.names(), b.names())
}

func (p *projectProgram) names() (out []string) {
	for t := range p.sources {
		out = append(out, t.QualifiedName())
	}
	slices.Sort(out)
	return out
}

func (p *Program) named(schema, name string) *tableProgram {
	if p == nil {
		return nil
	}
	t, ok := p.snapshot.Table(schema, name)
	if !ok {
		return nil
	}
	return p.tables[t]
}

func sameSubscription(a, b subscription) bool {
	return a.policy == b.policy && slices.Equal(a.privileges, b.privileges) && (a.privileges == nil) == (b.privileges == nil) && slices.Equal(a.unloads, b.unloads) && a.expires.Equal(b.expires) &&
		a.who.anyone == b.who.anyone && slices.Equal(a.who.users, b.who.users) && sameCondition(a.who.when, b.who.when) &&
		reflect.DeepEqual(a.who.approvals, b.who.approvals)
}

func sameRows(a, b rowRule) bool {
	return sameOrigin(a.origin, b.origin) && reflect.DeepEqual(a.filter, b.filter)
}

func sameColumn(a, b columnProgram) bool {
	return reflect.DeepEqual(a.column, b.column) && slices.EqualFunc(a.masks, b.masks, func(x, y maskRule) bool {
		return sameOrigin(x.origin, y.origin) && x.depth == y.depth && x.kind == y.kind && x.personal == y.personal &&
			reflect.DeepEqual(x.mask, y.mask) && reflect.DeepEqual(x.where, y.where)
	})
}

// sameOrigin leaves the position out: a rule that moved in its file is the same.
func sameOrigin(a, b origin) bool {
	return a.policy == b.policy && a.rule == b.rule && a.others == b.others && a.until.Equal(b.until) && sameCondition(a.except, b.except) && sameCondition(a.only, b.only)
}

// sameCondition compares the texts, which is all that a condition is made of.
func sameCondition(a, b *condition) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.text == b.text
}
