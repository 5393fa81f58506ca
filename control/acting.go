package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
)

// actingKey is all that a principal of one generation depends on. A standing is never changed, so that its address stands for it.
type actingKey struct {
	login, user string
	standing    *Standing
	// asOf is the age of what is known from outside, in nanoseconds since 1970; 0 where nothing is.
	asOf int64
}

// acting is a person in the project in which they act, if they may. Who is no member any more, or has not acknowledged a text as it
// stands now, acts in no project.
func (g *Generation) acting(login string, p person) identity.Principal {
	user := p.principal.User()
	standing := g.standings.of(user)
	facts, outside := g.facts(user)
	if !outside && login == user && (standing == nil || standing.Project == "") {
		return p.principal
	}
	key := actingKey{login: login, user: user, standing: standing}
	if outside {
		key.asOf = max(facts.AsOf.UnixNano(), 1)
	}
	if known, ok := g.principals.Get(key); ok {
		return known
	}
	spec := p.spec
	if outside {
		spec = facts.with(spec)
	}
	spec.Login = login
	out := identity.NewPrincipal(spec)
	if standing != nil && standing.Project != "" {
		project := g.projects[standing.Project]
		if project != nil && project.members[user] && len(project.missing(standing)) == 0 {
			out = project.principal(spec)
		}
	}
	g.principals.Add(key, out)
	return out
}

// Impersonated is the principal as whom a login acts for another person. Errors are of type *pgerror.Error: 42501, with one text for
// everybody as whom the login may not act, whether or not they are there. An exempt user is never impersonated and never impersonates.
func (g *Generation) Impersonated(login, user string) (identity.Principal, error) {
	if g == nil {
		return identity.Principal{}, pgerror.Unavailable("no policies have been published yet")
	}
	real, found := g.people[login]
	if !found || real.disabled {
		return g.Principal(login)
	}
	target, found := g.people[user]
	if found && !target.disabled && !target.spec.Exempt && !real.spec.Exempt && (login == user || real.mayImpersonate(target)) {
		return g.acting(login, target), nil
	}
	return identity.Principal{}, pgerror.InsufficientPrivilege("permission denied to set session authorization %q", user)
}

func (p person) mayImpersonate(target person) bool {
	for _, m := range p.impersonates {
		if m.Has(target.spec.User, target.spec.Groups) {
			return true
		}
	}
	return false
}

// errNoStandings answers where nothing about people can be changed.
var errNoStandings = errors.New("this server keeps no standings")

// SetProject has by.User act in a project from their next statement on, in all of their sessions; "" is none. by is the beginning of the
// audit record. Errors are of type *pgerror.Error: 42501 for a project of which the person is no member, whether or not it is there,
// and for one whose texts they have not acknowledged; 57P03 if the change cannot be recorded and stored.
func (g *Generation) SetProject(ctx context.Context, by audit.Event, name string) error {
	if g == nil || g.standings == nil {
		return errNoStandings
	}
	if name != "" {
		p, err := g.projectOf(by.User, name)
		if err != nil {
			return err
		}
		if missing := p.missing(g.standings.of(by.User)); len(missing) > 0 {
			return unacknowledged(name, missing, by.Protocol)
		}
	}
	by.Kind, by.Action, by.Target, by.Time = audit.Admin, "project.switch", name, time.Time{}
	return g.standings.change(ctx, by, func() error { return g.standings.config.Store.SetProject(ctx, by.User, name) },
		func(old Standing) Standing { old.Project = name; return old })
}

// Acknowledge notes that by.User agrees to what the purposes of a project ask, as their texts stand now. Errors are as in SetProject.
func (g *Generation) Acknowledge(ctx context.Context, by audit.Event, name string) error {
	if g == nil || g.standings == nil {
		return errNoStandings
	}
	p, err := g.projectOf(by.User, name)
	if err != nil {
		return err
	}
	given, texts := map[string]Acknowledgement{}, []string{}
	for _, t := range p.missing(g.standings.of(by.User)) {
		given[t.purpose] = Acknowledgement{Text: t.text, Digest: t.digest, At: g.standings.config.Now()}
		texts = append(texts, t.purpose+" (sha256 "+t.digest+"): "+t.text)
	}
	if len(given) == 0 {
		return nil
	}
	by.Kind, by.Action, by.Target, by.Detail, by.Time = audit.Admin, "project.acknowledge", name, strings.Join(texts, "\n"), time.Time{}
	return g.standings.change(ctx, by, func() error { return g.standings.config.Store.Acknowledge(ctx, by.User, given) },
		func(old Standing) Standing {
			all := maps.Clone(old.Acknowledged)
			if all == nil {
				all = map[string]Acknowledgement{}
			}
			maps.Copy(all, given)
			old.Acknowledged = all
			return old
		})
}

// projectOf finds a project of the person's.
func (g *Generation) projectOf(user, name string) (*project, error) {
	p, found := g.projects[name]
	if !found || !p.members[user] {
		return nil, pgerror.InsufficientPrivilege("permission denied for project %q", name)
	}
	return p, nil
}

// unacknowledged shows the texts and says how to agree to them, in the way in which the person asked.
func unacknowledged(project string, missing []acknowledgement, by audit.Protocol) error {
	var texts []string
	for _, t := range missing {
		texts = append(texts, t.purpose+": "+t.text)
	}
	quoted := "'" + strings.ReplaceAll(project, "'", "''") + "'"
	hint := fmt.Sprintf("If you agree to the text, run SET postern.acknowledge = %s, and then SET postern.project = %s again.", quoted, quoted)
	switch by {
	case audit.API:
		hint = "If the person agrees to the text, POST it to their acknowledgements with their own token, and ask again."
	case audit.Procedure:
		hint = fmt.Sprintf("If you agree to the text, run CALL postern_procedures.acknowledge(%s), and then CALL postern_procedures.set_project(%s) again.", quoted, quoted)
	case audit.Simple, audit.Extended:
	}
	return pgerror.InsufficientPrivilege("project %q wants your acknowledgement", project).WithDetail(strings.Join(texts, "\n")).WithHint(hint)
}

// StandingOf is in which project a person acts now, and in which they might.
type StandingOf struct {
	// Project in which the person acts, "" for none, and its purposes.
	Project  string
	Purposes []string
	// Projects are those of which the person is a member, sorted.
	Projects []string
}

// StandingOf a person; false for who is unknown or disabled.
func (g *Generation) StandingOf(user string) (StandingOf, bool) {
	who, err := g.Principal(user)
	if err != nil || who.IsZero() {
		return StandingOf{}, false
	}
	out := StandingOf{Project: who.Project(), Purposes: who.Purposes()}
	for _, name := range slices.Sorted(maps.Keys(g.projects)) {
		if g.projects[name].members[user] {
			out.Projects = append(out.Projects, name)
		}
	}
	return out, true
}

// impersonators gathers as whom people may act, by themselves and by their groups.
func (b *builder) impersonators(spec identity.Spec, own resource.Members) (out []resource.Members) {
	if !own.IsZero() {
		out = append(out, own)
	}
	for _, g := range b.set.Groups {
		if !g.Impersonate.IsZero() && slices.Contains(spec.Groups, g.Name) {
			out = append(out, g.Impersonate)
		}
	}
	return out
}
