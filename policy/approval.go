package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Approval says who has to approve: one party, or several of which each has to.
type Approval struct {
	// By and Count are the one party.
	By    []string `yaml:"by"`
	Count int      `yaml:"count"`
	// Parties are stacked: each has to approve, and nobody counts for two of them.
	Parties []Party `yaml:"parties"`
}

// Party is people of whom some have to approve.
type Party struct {
	// By are names of users and groups.
	By []string `yaml:"by"`
	// Count is how many different people have to approve; 0 means 1.
	Count int `yaml:"count"`
}

// Approved is one person's request that was approved by one or more people, as an Approval resource says it. Whoever makes it has
// checked that each of them may approve (Approval.Entitled).
type Approved struct {
	// Policy is the subscription policy that asks for approval, and User is who is let in.
	Policy, User string
	By           []Approver
	// Expires is the instant from which on the approval does not count; zero is never.
	Expires time.Time
}

// Approver is who approved, with the groups of which they are a member.
type Approver struct {
	Name   string
	Groups []string
}

// List returns the parties, each with its count.
func (a *Approval) List() []Party {
	if a == nil {
		return nil
	}
	parties := slices.Clone(a.Parties)
	if len(a.By) > 0 || a.Count != 0 {
		parties = append(parties, Party{By: a.By, Count: a.Count})
	}
	for i := range parties {
		parties[i].Count = cmp.Or(parties[i].Count, 1)
	}
	return parties
}

// maxApprovers bounds the approvals that one policy asks for.
const maxApprovers = 20

// validate says what is wrong with who has to approve.
func (a *Approval) validate() error {
	var mistakes []error
	if (len(a.By) > 0 || a.Count != 0) == (len(a.Parties) > 0) {
		mistakes = append(mistakes, errors.New("say either `by` or `parties`"))
	}
	total := 0
	for _, p := range a.List() {
		if len(p.By) == 0 || slices.Contains(p.By, "") {
			mistakes = append(mistakes, errors.New("`by` names who can approve"))
		}
		if p.Count < 1 || p.Count > maxApprovers {
			mistakes = append(mistakes, fmt.Errorf("count %d is not between 1 and %d", p.Count, maxApprovers))
		}
		total += max(p.Count, 0)
	}
	if total > maxApprovers && len(mistakes) == 0 {
		mistakes = append(mistakes, fmt.Errorf("more than %d approvals are asked for", maxApprovers))
	}
	return errors.Join(mistakes...)
}

// Entitled reports whether somebody may approve for any of the parties.
func (a *Approval) Entitled(who Approver) bool {
	return slices.ContainsFunc(a.List(), func(p Party) bool { return p.has(who) })
}

func (p Party) has(who Approver) bool {
	return slices.Contains(p.By, who.Name) || slices.ContainsFunc(p.By, func(name string) bool { return slices.Contains(who.Groups, name) })
}

// Missing is how many approvals the parties still want when these people have approved. Nobody counts for two places, whichever
// assignment of people to places fills most.
func (a *Approval) Missing(by []Approver) int {
	var places []Party
	for _, p := range a.List() {
		for range p.Count {
			places = append(places, p)
		}
	}
	by = slices.Clone(by)
	slices.SortFunc(by, func(a, b Approver) int { return cmp.Compare(a.Name, b.Name) })
	by = slices.CompactFunc(by, func(a, b Approver) bool { return a.Name == b.Name })
	m := matching{places: places, people: by, of: make([]int, len(by))}
	for i := range m.of {
		m.of[i] = -1
	}
	filled := 0
	for i := range places {
		if m.fill(i, make([]bool, len(by))) {
			filled++
		}
	}
	return len(places) - filled
}

// matching assigns people to places by augmenting paths (Kuhn's algorithm).
type matching struct {
	places []Party
	people []Approver
	of     []int // the place that each person fills, -1 for none
}

func (m *matching) fill(place int, tried []bool) bool {
	for i, who := range m.people {
		if tried[i] || !m.places[place].has(who) {
			continue
		}
		tried[i] = true
		if m.of[i] < 0 || m.fill(m.of[i], tried) {
			m.of[i] = place
			return true
		}
	}
	return false
}

// approvals compiles what lets people in by one policy: from when to when is not known before the decision, so each
// person has the approvals themselves.
type approvals struct {
	wants  *Approval
	people map[string][]Approved
}

// has reports whether the person's approvals that count at the instant suffice, and the next instant at which one of them ends.
func (a *approvals) has(user string, at time.Time) (ok bool, until time.Time) {
	var by []Approver
	for _, given := range a.people[user] {
		if !given.Expires.IsZero() {
			if at.IsZero() || !at.Before(given.Expires) {
				continue
			}
			until = sooner(until, given.Expires)
		}
		by = append(by, given.By...)
	}
	// Nobody approves for themselves.
	by = slices.DeleteFunc(by, func(who Approver) bool { return who.Name == user })
	return len(by) > 0 && a.wants.Missing(by) == 0, until
}

// sooner is the earlier of two instants, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
