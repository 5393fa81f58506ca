package policy

import (
	"slices"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// Trace says how a decision came about: every rule that was asked, in order, and what of the person decided it. It is made for
// people to read, on request, and takes a thousand times as long as the decision.
type Trace struct {
	Decision Decision
	Steps    []Step
}

// Step is one rule's part in a decision, whether it acted or not.
type Step struct {
	// Kind says what was asked.
	Kind StepKind
	// Policy is the policy's name, or "project NAME". Rule counts from 0 in it and is -1 where the policy has no rules.
	Policy string
	Rule   int
	// Pos is where the rule stands; zero where that is not known.
	Pos Pos
	// Column is that of a mask, and Mask its kind.
	Column string
	Mask   MaskKind
	// Outcome is what came of it.
	Outcome Outcome
	// Detail says why in words where Conditions do not.
	Detail string
	// Conditions are those on the person that were asked.
	Conditions []ConditionTrace
	// Unloads are those of a grant on unloading; Unloading marks a step about unloading, which decides nothing about reading.
	Unloads   []Unloading
	Unloading bool
	// Privileges are those that a grant or guardrail on writing is about; nil for one on reading.
	Privileges []Privilege
	// Filter is that of a row rule, for this person.
	Filter expr.Expr
}

// StepKind is what a step of a Trace asks.
type StepKind string

// The kinds of steps, in the order in which they are asked.
const (
	StepProject   StepKind = "project"
	StepIdentity  StepKind = "identity"
	StepGuardrail StepKind = "guardrail"
	StepGrant     StepKind = "grant"
	StepRows      StepKind = "rows"
	StepMask      StepKind = "mask"
)

// Outcome is what came of one step.
type Outcome string

// The outcomes of steps.
const (
	// OutcomeHolds: a grant lets the person in, a guardrail does not stop them.
	OutcomeHolds Outcome = "holds"
	// OutcomeFails: a grant does not let the person in, a guardrail stops them.
	OutcomeFails Outcome = "fails"
	// OutcomeApplies: the row rule or mask acts.
	OutcomeApplies Outcome = "applies"
	// OutcomeExcepted: the rule's exceptFor holds for the person.
	OutcomeExcepted Outcome = "excepted"
	// OutcomeNotFor: the rule's onlyFor says that it is not for the person.
	OutcomeNotFor Outcome = "not for them"
	// OutcomeOverridden: another mask of the column comes first.
	OutcomeOverridden Outcome = "overridden"
	// OutcomeNarrows: the project takes something away.
	OutcomeNarrows Outcome = "narrows"
)

// Trace decides as Decide does for one source and tells how. Deferred bindings have no trace: the zero Trace denies.
func (p *Program) Trace(b Binding, w Want) (out Trace) {
	out = Trace{Decision: p.Decide(b, []Want{w})[0]}
	if p == nil || b.deferred || b.principal.IsZero() || w.Table == nil {
		return out
	}
	t, ok := p.tables[w.Table]
	if !ok {
		return out
	}
	tr := &tracer{conditions: newConditionTracer(b.principal), who: b.principal, at: b.at}
	defer func() { out.Steps = tr.steps }()
	if !p.traceProject(tr, t) {
		return out
	}
	if _, ok := t.fresh(b.principal, b.at); !ok {
		tr.steps = append(tr.steps, Step{Kind: StepIdentity, Rule: -1, Outcome: OutcomeFails, Detail: "what outside sources said of the person is too old"})
		return out
	}
	if tr.subscribed(t) {
		tr.rows(t)
		tr.masks(t)
	}
	p.traceEqualized(tr, out.Decision)
	return out
}

// tracer gathers steps.
type tracer struct {
	conditions *conditionTracer
	who        identity.Principal
	at         time.Time
	steps      []Step
}

// traceProject asks whether the source is one of the project in which the person acts.
func (p *Program) traceProject(tr *tracer, t *tableProgram) bool {
	name := tr.who.Project()
	if name == "" {
		return true
	}
	project, known := p.projects[name]
	step := Step{Kind: StepProject, Policy: Project{Name: name}.label(), Rule: -1, Outcome: OutcomeHolds, Detail: "a source of the project"}
	if known {
		step.Pos = project.Pos
	}
	inside := known && project.sources[t.table]
	if !inside {
		step.Outcome, step.Detail = OutcomeFails, "not a source of the project"
	}
	tr.steps = append(tr.steps, step)
	return inside
}

// traceEqualized says what the project's other members take away.
func (p *Program) traceEqualized(tr *tracer, d Decision) {
	project, known := p.projects[tr.who.Project()]
	if !known || !project.Equalize {
		return
	}
	for _, r := range d.Because {
		if r.Policy != project.label() {
			continue
		}
		step := Step{Kind: StepProject, Policy: r.Policy, Rule: -1, Pos: project.Pos, Outcome: OutcomeNarrows}
		switch r.Effect {
		case EffectFilter:
			step.Detail = "members see the rows that all of them may see"
		case EffectMask, EffectHide:
			step.Column, step.Detail = r.Detail, "members see the values that all of them may see"
		case EffectDeny:
			step.Detail = r.Detail
		case EffectAllow, EffectExcept:
			continue
		}
		tr.steps = append(tr.steps, step)
	}
}

// subscribed asks all guardrails and grants on reading.
func (tr *tracer) subscribed(t *tableProgram) bool {
	open, granted := true, false
	for _, g := range t.guardrails {
		if !tr.subscription(StepGuardrail, g) && g.privileges == nil {
			open = false
		}
	}
	for _, g := range t.grants {
		if tr.subscription(StepGrant, g) {
			granted = true
		}
	}
	for _, g := range t.unloadGuards {
		tr.unloading(StepGuardrail, g)
	}
	for _, g := range t.unloads {
		tr.unloading(StepGrant, g)
	}
	return open && granted
}

func (tr *tracer) subscription(kind StepKind, s subscription) bool {
	ok, why, _ := s.lets(tr.who, tr.at)
	step := Step{Kind: kind, Policy: s.policy, Rule: -1, Pos: s.pos, Outcome: OutcomeFails}
	if ok {
		step.Outcome = OutcomeHolds
	}
	if s.who.when == nil || why == "expired" {
		step.Detail = why
	} else {
		step.Conditions = append(step.Conditions, tr.conditions.trace("when", s.who.when))
	}
	step.Privileges = s.privileges
	tr.steps = append(tr.steps, step)
	return ok
}

// unloading asks a grant or guardrail on unloading.
func (tr *tracer) unloading(kind StepKind, s subscription) {
	tr.subscription(kind, s)
	step := &tr.steps[len(tr.steps)-1]
	step.Unloads, step.Unloading = s.unloads, true
}

func (tr *tracer) rows(t *tableProgram) {
	for _, r := range t.rows {
		step := tr.rule(StepRows, r.origin)
		if step.Outcome == OutcomeApplies {
			step.Filter = bind(r.filter, tr.who)
		}
		tr.steps = append(tr.steps, step)
	}
}

// masks asks the masks of each column in their order: the first for all rows that is for the person ends it.
func (tr *tracer) masks(t *tableProgram) {
	for _, c := range t.columns {
		settled := false
		for _, m := range c.masks {
			step := tr.rule(StepMask, m.origin)
			step.Column, step.Mask = c.column.Name, m.kind
			if step.Outcome == OutcomeApplies {
				if settled {
					step.Outcome = OutcomeOverridden
				}
				settled = settled || m.where == nil
				if m.where != nil {
					step.Detail = semicolon(step.Detail, "in the rows of its `where`")
				}
			}
			tr.steps = append(tr.steps, step)
		}
	}
}

// rule says for one rule what `concerns` says, and why.
func (tr *tracer) rule(kind StepKind, o origin) Step {
	step := Step{Kind: kind, Policy: o.policy, Rule: o.rule, Pos: o.pos, Outcome: OutcomeApplies}
	if o.except != nil {
		step.Conditions = append(step.Conditions, tr.conditions.trace("exceptFor", o.except))
		if !o.until.IsZero() {
			step.Detail = "the exception ends " + o.until.UTC().Format(time.RFC3339)
		}
	}
	if o.only != nil {
		field := "onlyFor"
		if o.others {
			field = "otherwise of onlyFor"
		}
		step.Conditions = append(step.Conditions, tr.conditions.trace(field, o.only))
	}
	var d Decision
	if o.concerns(tr.who, tr.at, &d) {
		return step
	}
	step.Outcome = OutcomeNotFor
	if o.except != nil && slices.ContainsFunc(d.Because, func(r Reason) bool { return r.Detail == o.except.text }) {
		step.Outcome = OutcomeExcepted
	}
	return step
}

func semicolon(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
