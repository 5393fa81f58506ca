package push

import (
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// maxRemembered bounds the answers about people and access classes that a memory keeps; what is beyond is asked each time.
const maxRemembered = 1 << 20

// memory is what was worked out for a program, for the next time: of a change of one person most follows that followed before. What is in it is a function of
// the program, the source or the person, and the time. It holds what the last time asked, and nothing older.
type memory struct {
	program *policy.Program
	sources map[*catalog.Table]sourceAnswer
	flags   map[string]flagsAnswer
	access  map[string]map[string]accessAnswer // by access class and person
	kept    int
}

// span is while an answer holds: from when it was worked out to when something in it ends, which is zero for never.
type span struct{ from, until time.Time }

func (s span) holds(at time.Time) bool {
	return !at.Before(s.from) && (s.until.IsZero() || at.Before(s.until))
}

type sourceAnswer struct {
	span
	decision policy.Decision
	// printed says that view and err are those of the decision.
	printed bool
	view    View
	core    string
	err     error
}

type flagsAnswer struct {
	span
	flags []string
}

type accessAnswer struct {
	span
	allowed    bool
	privileges []policy.Privilege
}

func newMemory(p *policy.Program) *memory {
	return &memory{program: p, sources: map[*catalog.Table]sourceAnswer{}, flags: map[string]flagsAnswer{}, access: map[string]map[string]accessAnswer{}}
}

// of is the memory if it is of the program; otherwise one of nothing.
func (m *memory) of(p *policy.Program) *memory {
	if m == nil || !m.program.Same(p) {
		return newMemory(p)
	}
	return m
}

// keyOf is all of a person on which answers depend: how old it is what outside sources say of them, too.
func keyOf(who identity.Principal) string {
	if who.AsOf().IsZero() {
		return who.Key()
	}
	return who.Key() + who.AsOf().UTC().Format(time.RFC3339Nano)
}

// decide is the decision on a source for whoever asks.
func (d *desirer) decide(t *catalog.Table) policy.Decision {
	answer, known := d.before.sources[t]
	if !known || !answer.holds(d.in.Now) {
		dec := d.in.Program.Decide(policy.BindDeferred().At(d.in.Now), []policy.Want{{Table: t}})[0]
		answer = sourceAnswer{span: span{d.in.Now, dec.ValidUntil}, decision: dec}
	}
	d.after.sources[t] = answer
	return answer.decision
}

// stored prints the guarded view of a source that was decided, and says what its readers are admitted to.
func (d *desirer) stored(t *catalog.Table, dec *policy.Decision) (View, string, error) {
	answer := d.after.sources[t]
	if !answer.printed {
		answer.view, answer.core, answer.err = d.dialect.stored(t, Relation{d.in.Settings.SchemaPrefix + t.Schema, t.Name}, dec)
		answer.printed = true
		d.after.sources[t] = answer
	}
	return answer.view, answer.core, answer.err
}

// flagsOf are what a person's profile holds for the program.
func (d *desirer) flagsOf(who identity.Principal) []string {
	answer, known := d.before.flags[keyOf(who)]
	if !known || !answer.holds(d.in.Now) {
		flags, until := d.in.Program.FlagsAt(who, d.in.Now)
		answer = flagsAnswer{span{d.in.Now, until}, flags}
	}
	d.after.flags[keyOf(who)] = answer
	d.until(answer.until)
	return answer.flags
}

// accessOf is whether a person may read the sources of an access class, of which t is one, and what else they may do there.
func (d *desirer) accessOf(class string, who identity.Principal, t *catalog.Table) accessAnswer {
	answer, known := d.before.access[class][keyOf(who)]
	if !known || !answer.holds(d.in.Now) {
		dec := d.in.Program.Decide(policy.BindPrincipal(who).At(d.in.Now), []policy.Want{{Table: t}})[0]
		answer = accessAnswer{span{d.in.Now, dec.ValidUntil}, dec.Allowed, dec.Privileges}
	}
	if d.after.kept < maxRemembered {
		d.after.access[class][keyOf(who)] = answer
		d.after.kept++
	}
	d.until(answer.until)
	return answer
}
