package policy

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// MaxEqualized bounds the members of a project that shows all of them the same: a decision in it decides for each of them.
const MaxEqualized = 200

// Project is what acting in a project changes.
type Project struct {
	Pos  Pos
	Name string
	// Sources are those that a member sees while acting in it.
	Sources Selector
	// Equalize shows every member what all of Members may see.
	Equalize bool
	// Members are all who may act in it, each as they are while they do. It is needed where Equalize is set.
	Members []identity.Principal
	// Domain is the token domain that the hash masks of its sources share; "" leaves each mask its own.
	Domain string
}

// label names the project in messages and explanations.
func (p Project) label() string { return "project " + p.Name }

// projectProgram is a compiled project.
type projectProgram struct {
	Project
	sources map[*catalog.Table]bool
}

// projects checks the projects and finds their sources in this catalog.
func (c *compiler) projects() map[string]*projectProgram {
	out := map[string]*projectProgram{}
	for _, p := range c.in.Projects {
		report := Problem{Pos: p.Pos, Policy: p.label(), Rule: -1}
		if p.Equalize && len(p.Members) > MaxEqualized {
			report.Message = fmt.Sprintf("equalize decides for each of at most %d members, and there are %d", MaxEqualized, len(p.Members))
			c.problem(report)
		}
		program := &projectProgram{Project: p, sources: map[*catalog.Table]bool{}}
		if len(p.Sources.Tables)+len(p.Sources.Tags)+len(p.Sources.ColumnTags) == 0 {
			report.Message = "the project has no sources: who acts in it sees nothing"
			c.warn(report)
		} else {
			for _, t := range c.sources(p.Sources, report) {
				program.sources[t.table] = true
			}
		}
		out[p.Name] = program
	}
	return out
}

// decideProject makes the decision for a person in the project in which they act. A project that is not known, and a source that is
// not the project's, are denied.
func (p *Program) decideProject(t *tableProgram, who identity.Principal, at time.Time) Decision {
	if who.Project() == "" {
		return t.decide(who, at)
	}
	project, known := p.projects[who.Project()]
	if !known || !project.sources[t.table] && !t.reached {
		d := Decision{Table: t.table}
		d.because(Project{Name: who.Project()}.label(), 0, EffectDeny, "not a source of the project")
		return d
	}
	d := t.decide(who, at)
	if project.Equalize {
		// The person's own decision takes part even if they are no member any more.
		d = project.combine(d, p.equalized(project, t, at))
	}
	if project.Domain != "" {
		d.shareDomain(project.Domain)
	}
	return d
}

// equalized is what all members may see. It is the same for each of them and cached once.
func (p *Program) equalized(project *projectProgram, t *tableProgram, at time.Time) Decision {
	// No principal's key has a zero byte in it.
	key := decisionKey{"\x00" + project.Name, t.table, at.IsZero(), t.reached}
	if d, ok := p.recall(key, at); ok {
		return *d
	}
	if len(project.Members) == 0 {
		return Decision{Table: t.table}
	}
	d := t.decide(project.Members[0], at)
	for _, member := range project.Members[1:] {
		d = project.combine(d, t.decide(member, at))
	}
	p.remember(key, &d, at)
	return d
}

// combine is what both decisions show: a source if both allow it, a row if both do, a raw value if both do.
func (p *projectProgram) combine(a, b Decision) Decision {
	out := Decision{Table: a.Table, ValidUntil: sooner(a.ValidUntil, b.ValidUntil), Because: slices.Clone(a.Because)}
	if !a.Allowed || !b.Allowed {
		out.Stale = (a.Allowed || a.Stale) && (b.Allowed || b.Stale)
		if a.Allowed {
			out.because(p.label(), 0, EffectDeny, "not every member may see the source")
		}
		return out
	}
	out.Allowed = true
	out.Privileges = slices.DeleteFunc(slices.Clone(a.Privileges), func(w Privilege) bool { return !slices.Contains(b.Privileges, w) })
	if len(out.Privileges) == 0 {
		out.Privileges = nil
	}
	out.Unloads, out.UnloadBarred = bothUnload(a.Unloads, b.Unloads), a.UnloadBarred || b.UnloadBarred
	out.Filter = both(a.Filter, b.Filter)
	if !reflect.DeepEqual(out.Filter, a.Filter) {
		out.because(p.label(), 0, EffectFilter, "equalized")
	}
	for _, c := range a.Columns {
		other, found := b.Column(c.Column.Name)
		if !found {
			out.because(p.label(), 0, EffectHide, c.Column.Name)
			continue
		}
		column := p.stricter(c, other)
		if !reflect.DeepEqual(column.Mask, c.Mask) {
			out.because(p.label(), 0, EffectMask, c.Column.Name)
		}
		out.Columns = append(out.Columns, column)
	}
	return out
}

// both is true where both filters are. Conditions that stand in both are said once.
func both(a, b expr.Expr) expr.Expr {
	if a == nil || b == nil {
		return cmpOr(a, b)
	}
	all := slices.Clone(conjuncts(a))
	for _, e := range conjuncts(b) {
		if !slices.ContainsFunc(all, func(have expr.Expr) bool { return reflect.DeepEqual(have, e) }) {
			all = append(all, e)
		}
	}
	return expr.Simplify(expr.And{Args: all})
}

func cmpOr(a, b expr.Expr) expr.Expr {
	if a == nil {
		return b
	}
	return a
}

func conjuncts(e expr.Expr) []expr.Expr {
	if and, ok := e.(expr.And); ok {
		return and.Args
	}
	return []expr.Expr{e}
}

// stricter is the mask that shows nothing that either of the two would not. Raw gives way to a mask, and every mask to one that shows nothing of the
// value. Two masks that differ and both show something cannot be compared: the column reads NULL. It does not matter in which order members are asked.
func (p *projectProgram) stricter(a, b ColumnDecision) ColumnDecision {
	switch {
	case reflect.DeepEqual(a.Mask, b.Mask), b.Mask == nil:
		return a
	case a.Mask == nil:
		return b
	case showsNothing(a.Mask) && showsNothing(b.Mask):
		if cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Policy, b.Policy), cmp.Compare(fmt.Sprintf("%#v", a.Mask), fmt.Sprintf("%#v", b.Mask))) <= 0 {
			return a
		}
		return b
	case showsNothing(a.Mask):
		return a
	case showsNothing(b.Mask):
		return b
	}
	return ColumnDecision{Column: a.Column, Mask: typeOf(a.Column).null(a.Column), Kind: MaskNull, Policy: p.label()}
}

// showsNothing reports an expression that is the same for every row.
func showsNothing(e expr.Expr) bool {
	switch v := e.(type) {
	case expr.NullOf, expr.Literal:
		return true
	case expr.Cast:
		return showsNothing(v.Arg)
	case expr.And, expr.AttributeContains, expr.Call, expr.Case, expr.Column, expr.GroupsContain, expr.HasAttribute, expr.In,
		expr.InSelect, expr.IsInGroups, expr.IsNull, expr.IsUsingPurpose, expr.Keyed, expr.Not, expr.Now, expr.Op, expr.Or,
		expr.PurposesContain, expr.UsingAnyPurpose, expr.Username, expr.Pick, expr.CountOver, expr.ConditionFlag, expr.KnownPerson:
		// May differ from row to row.
	}
	return false
}

// shareDomain has the hash masks use one token domain, so that their tokens join.
func (d *Decision) shareDomain(domain string) {
	columns := slices.Clone(d.Columns)
	for i, c := range columns {
		columns[i].Mask, _ = inDomain(c.Mask, domain)
	}
	d.Columns = columns
}

// inDomain is a mask with all its hashes in one token domain, and whether it has any.
func inDomain(mask expr.Expr, domain string) (_ expr.Expr, hashes bool) {
	out := expr.Rewrite(mask, func(e expr.Expr) expr.Expr {
		if k, ok := e.(expr.Keyed); ok && k.Func == expr.KeyedHash {
			k.Domain, hashes = domain, true
			return k
		}
		return e
	})
	return out, hashes
}
