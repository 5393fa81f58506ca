package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// Flags is FlagsAt for a person of whom everything is known here. Who has something from outside sources has no flag that
// lets them see anything.
func (p *Program) Flags(who identity.Principal) []string {
	flags, _ := p.FlagsAt(who, time.Time{})
	return flags
}

// FlagsAt lists what a person's profile holds for this program at an instant, sorted: for each condition that it is true or that it is
// false, and in which project the person acts. What is not listed is neither; that always means less. until is when some of them have
// to go because what outside sources said of the person is then too old; zero is never.
//
// The flag of an equalized project is for its members as they were published: for anybody else, and for who is another person by now,
// the project shows nothing until it is published anew.
func (p *Program) FlagsAt(who identity.Principal, at time.Time) (flags []string, until time.Time) {
	if p == nil || who.IsZero() {
		return nil, time.Time{}
	}
	for _, tolerance := range p.tolerances {
		ends, ok := freshFor(who, tolerance, at)
		if ok && p.actsAsPublished(who) {
			flags, until = append(flags, projectFlag(who.Project(), tolerance).Name), sooner(until, ends)
		}
	}
	for _, c := range p.conditions {
		switch {
		case c.holds(who):
			flags = append(flags, holdsFlag(c).Name)
		case c.fails(who):
			flags = append(flags, failsFlag(c).Name)
		}
	}
	slices.Sort(flags)
	return flags, until
}

// actsAsPublished reports that nothing is decided for the person together with others, or that they are one of them.
func (p *Program) actsAsPublished(who identity.Principal) bool {
	project, known := p.projects[who.Project()]
	if !known || !project.Equalize {
		return true
	}
	return slices.ContainsFunc(project.Members, func(m identity.Principal) bool { return sameBesidesLogin(m, who) })
}

// sameBesidesLogin reports two principals for whom decisions are the same, whoever asked for them.
func sameBesidesLogin(a, b identity.Principal) bool {
	same := a.User() == b.User() && a.Project() == b.Project() && slices.Equal(a.Groups(), b.Groups()) && slices.Equal(a.Purposes(), b.Purposes()) &&
		slices.Equal(a.AttributeNames(), b.AttributeNames())
	for _, name := range a.AttributeNames() {
		same = same && slices.Equal(a.Attribute(name), b.Attribute(name))
	}
	return same
}

func holdsFlag(c *condition) expr.ConditionFlag {
	return expr.ConditionFlag{Name: "true:" + digest(c.text)}
}

func failsFlag(c *condition) expr.ConditionFlag {
	return expr.ConditionFlag{Name: "false:" + digest(c.text)}
}

// projectFlag is for who acts in the project, or in none for "", and of whom what outside sources say is young enough for sources of the
// tolerance.
func projectFlag(name string, tolerance time.Duration) expr.ConditionFlag {
	if name != "" {
		name = digest(name)
	}
	return expr.ConditionFlag{Name: "project:" + name + "@" + strconv.FormatInt(int64(tolerance/time.Second), 10)}
}

// digest keeps the texts of conditions, which may be long and say how people are judged, out of the warehouse.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}
