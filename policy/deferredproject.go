package policy

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// equalizedPart is what an equalized project shows of a source to each of its members.
type equalizedPart struct {
	flag     expr.ConditionFlag
	decision Decision
}

// rows is true for what a member sees while acting in the project.
func (e equalizedPart) rows() expr.Expr {
	if e.decision.Filter == nil {
		return e.flag
	}
	return expr.And{Args: []expr.Expr{e.flag, e.decision.Filter}}
}

// equalizedParts decides for the members of each equalized project that has the source and shows it.
func (p *Program) equalizedParts(t *tableProgram, at time.Time, d *Decision) (out []equalizedPart) {
	for _, name := range slices.Sorted(maps.Keys(p.projects)) {
		project := p.projects[name]
		if !project.sources[t.table] || !project.Equalize {
			continue
		}
		together := p.equalized(project, t, at)
		d.ValidUntil = sooner(d.ValidUntil, together.ValidUntil)
		if !together.Allowed {
			continue
		}
		if project.Domain != "" {
			together.shareDomain(project.Domain)
		}
		d.because(project.label(), 0, EffectFilter, "for who acts in it, what all members may see")
		out = append(out, equalizedPart{projectFlag(name, t.tolerance()), together})
	}
	return out
}

// sharedDomain is a project that gives hash masks its token domain.
type sharedDomain struct {
	flag   expr.ConditionFlag
	domain string
}

// sharedDomains are the projects that have the source and a domain of their own, and are not equalized.
func (p *Program) sharedDomains(t *tableProgram) (out []sharedDomain) {
	for _, name := range slices.Sorted(maps.Keys(p.projects)) {
		if project := p.projects[name]; project.sources[t.table] && !project.Equalize && project.Domain != "" {
			out = append(out, sharedDomain{projectFlag(name, t.tolerance()), project.Domain})
		}
	}
	return out
}

// shared is a mask whose hashes are of the domain of the project in which the person acts.
func shared(mask expr.Expr, domains []sharedDomain) expr.Expr {
	var choice expr.Case
	for _, s := range domains {
		if in, hashes := inDomain(mask, s.domain); hashes {
			choice.Whens = append(choice.Whens, expr.When{Cond: s.flag, Result: in})
		}
	}
	if len(choice.Whens) == 0 {
		return mask
	}
	choice.Else = mask
	return choice
}

// inProject is true for who acts in no project, or in one of which the source is. Equalized projects show what all members see, and
// are a part of their own.
func (p *Program) inProject(t *tableProgram) expr.Expr {
	any := expr.Or{Args: []expr.Expr{projectFlag("", t.tolerance())}}
	for _, name := range slices.Sorted(maps.Keys(p.projects)) {
		if project := p.projects[name]; project.sources[t.table] && !project.Equalize {
			any.Args = append(any.Args, projectFlag(name, t.tolerance()))
		}
	}
	return any
}

// masksOf are the arms of a column's CASE for the equalized projects; none where all of them show it raw and nothing else masks it.
func masksOf(c catalog.Column, parts []equalizedPart, out *ColumnDecision) (arms []expr.When) {
	for _, part := range parts {
		arm := expr.When{Cond: part.flag, Result: sourceColumn(c)}
		together, ok := part.decision.Column(c.Name)
		switch {
		case !ok:
			arm.Result = typeOf(c).null(c) // hidden from a member
		case together.Mask != nil:
			arm.Result = together.Mask
			if out.Kind == MaskNone {
				out.Kind, out.Policy = together.Kind, together.Policy
			}
		}
		arms = append(arms, arm)
	}
	return arms
}

// writes says for whom each way of writing is: who may read, has a grant of it, and is stopped by no guardrail on it.
func (t *tableProgram) writes(access expr.Expr, parts []equalizedPart, at time.Time, d *Decision) (out []Write) {
	for _, privilege := range Privileges() {
		var gives expr.Or
		all := []expr.Expr{access}
		for _, g := range t.grants {
			if slices.Contains(g.privileges, privilege) {
				gives.Args = append(gives.Args, g.deferred(at, d))
			}
		}
		for _, g := range t.guardrails {
			if slices.Contains(g.privileges, privilege) {
				d.because(g.policy, 0, EffectDeny, "unless it holds for the person")
				all = append(all, g.who.deferred(at, d))
			}
		}
		any := expr.Or{Args: []expr.Expr{expr.And{Args: append(all, gives)}}}
		for _, part := range parts {
			if slices.Contains(part.decision.Privileges, privilege) {
				any.Args = append(any.Args, part.flag)
			}
		}
		if when := expr.Simplify(expr.And{Args: []expr.Expr{expr.KnownPerson{}, any}}); !expr.IsFalse(when) {
			out = append(out, Write{Privilege: privilege, When: when})
		}
	}
	return out
}

// Deferrable reports what a decision whose person is left open cannot say, as the mistakes of a set that is to be pushed: nil if
// all can be said.
func (p *Program) Deferrable() error {
	var mistakes Errors
	for _, table := range p.snapshot.Tables() {
		t, ok := p.tables[table]
		if !ok {
			continue
		}
		for i := range t.columns {
			c := &t.columns[i]
			if what := c.undeferrable(); what != "" {
				m := c.masks[0]
				mistakes = append(mistakes, Problem{Pos: m.pos, Policy: m.policy, Rule: m.rule, Message: fmt.Sprintf(
					"mask: %s.%s has %s, which a view that is stored in the warehouse cannot enforce", table.QualifiedName(), c.column.Name, what)})
			}
		}
	}
	if mistakes == nil {
		return nil
	}
	return mistakes
}

// undeferrable says what of a column a stored view, which has the same columns for everybody, cannot say; "" if it can say all.
func (c *columnProgram) undeferrable() string {
	switch {
	case len(c.masks) == 0 || c.hidden():
		return ""
	case c.hides():
		return "hide for some people and not for others"
	case c.column.RawEquality:
		return "predicates: rawEquality"
	case c.column.PredicatesRefused:
		return "predicates: refused"
	}
	return ""
}
