package resource

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/policy"
)

// Purpose says what data is used for. Who acts under a purpose acts under those that it stands within as well.
type Purpose struct {
	Pos         policy.Pos `yaml:"-"`
	Name        string     `yaml:"name"`
	Description string     `yaml:"description"`
	// Within is the purpose of which this one is a part.
	Within string `yaml:"within"`
	// Acknowledgement is the text that a person agrees to before acting under the purpose.
	Acknowledgement string `yaml:"acknowledgement"`
}

// Project is people who use sources for purposes. A person acts in one project at a time.
type Project struct {
	Pos         policy.Pos `yaml:"-"`
	Name        string     `yaml:"name"`
	Description string     `yaml:"description"`
	Purposes    []string   `yaml:"purposes"`
	Members     Members    `yaml:"members"`
	// Sources that the project uses; what a member sees while acting in it is narrowed to them.
	Sources policy.Selector `yaml:"sources"`
	// Equalize shows every member the same: what all of them may see.
	Equalize bool `yaml:"equalize"`
	// MaskedJoins gives the hash masks of the project's sources one token domain.
	MaskedJoins bool `yaml:"maskedJoins"`
}

// Members are people and groups of people.
type Members struct {
	Users  []string `yaml:"users"`
	Groups []string `yaml:"groups"`
}

// IsZero reports that nobody is named.
func (m Members) IsZero() bool { return len(m.Users) == 0 && len(m.Groups) == 0 }

// Has reports whether a person with these groups is named, by name or by group.
func (m Members) Has(user string, groups []string) bool {
	return slices.Contains(m.Users, user) || slices.ContainsFunc(m.Groups, func(g string) bool { return slices.Contains(groups, g) })
}

func (m Members) validate(add func(error)) {
	if len(m.Users) > maxListLength || len(m.Groups) > maxListLength {
		add(fmt.Errorf("more than %d users or groups", maxListLength))
		return
	}
	for _, g := range m.Groups {
		add(checkWord("group", g))
	}
}

// Approval lets a person in where a subscription policy asks for approval.
type Approval struct {
	Pos  policy.Pos `yaml:"-"`
	Name string     `yaml:"name"`
	// Policy is the subscription policy.
	Policy string `yaml:"policy"`
	User   string `yaml:"user"`
	// ApprovedBy are the people who approved.
	ApprovedBy []string `yaml:"approvedBy"`
	Reason     string   `yaml:"reason"`
	// Expires is an instant (RFC 3339); without one the approval stands until it is removed.
	Expires string `yaml:"expires"`
}

// ExpiresAt is when the approval ends; zero is never.
func (a Approval) ExpiresAt() time.Time { return instantOf(a.Expires) }

// instantOf reads an instant that has been checked.
func instantOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// maxAcknowledgement bounds a text that people are shown inside an error message.
const maxAcknowledgement = 4096

func (p Purpose) validate(add func(error)) {
	add(checkTag(p.Name))
	if len(p.Acknowledgement) > maxAcknowledgement {
		add(fmt.Errorf("the acknowledgement is longer than %d bytes", maxAcknowledgement))
	}
	if p.Acknowledgement != "" && strings.TrimSpace(p.Acknowledgement) == "" {
		add(errors.New("the acknowledgement is blank"))
	}
}

func (p Project) validate(add func(error)) {
	add(checkPolicyName(p.Name))
	for _, name := range p.Purposes {
		add(checkTag(name))
	}
	p.Members.validate(add)
	if on := p.Sources; (len(on.Tables) > 0 && len(on.Tags)+len(on.ColumnTags) > 0) || (len(on.Tags) > 0 && len(on.ColumnTags) > 0) {
		add(errors.New("sources: say one of tables, tags and columnTags"))
	}
}

func (a Approval) validate(add func(error)) {
	add(checkPolicyName(a.Name))
	add(checkInstant("expires", a.Expires))
	if len(a.ApprovedBy) == 0 || len(a.ApprovedBy) > 100 {
		add(errors.New("approvedBy names 1 to 100 people"))
	}
}
