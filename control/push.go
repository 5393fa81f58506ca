package control

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// Push is one warehouse in which Postern maintains what people see who connect to it directly.
type Push struct {
	Settings resource.PushSettings
	// Warehouse is where it is, with the system role's log-in; ServiceRole is the proxy's role there.
	Warehouse   warehouse.Config
	ServiceRole string
	Program     *policy.Program
	People      []PushPerson
}

// PushPerson is somebody with an account of the warehouse's own, as they act now.
type PushPerson struct {
	Principal identity.Principal
	Account   string
	// MayActAs are the accounts of those as whom they may act there, sorted; none where the settings do not want that.
	MayActAs []string
}

// Pushes lists the warehouses in which something is maintained, in the order of their settings.
func (g *Generation) Pushes() (out []Push) {
	if g == nil {
		return nil
	}
	for _, s := range g.set.PushSettings {
		c, found := g.connections[s.Connection]
		if !found || c.program == nil {
			continue
		}
		p := Push{Settings: s, Warehouse: c.config, ServiceRole: c.config.User, Program: c.program}
		p.Warehouse.User, p.Warehouse.Credentials = s.User, nil
		if !s.Password.IsZero() {
			p.Warehouse.Credentials = warehouse.Password(s.Password)
		} else {
			p.Warehouse.Credentials = g.systemToken(s)
		}
		accounts := g.accounts(s.Connection)
		for _, user := range slices.Sorted(maps.Keys(accounts)) {
			if who, err := g.Principal(user); err == nil {
				p.People = append(p.People, PushPerson{who, accounts[user], g.mayActAs(s, user, accounts)})
			}
		}
		out = append(out, p)
	}
	return out
}

// mayActAs are the accounts of those as whom somebody may act, as Impersonated says.
func (g *Generation) mayActAs(s resource.PushSettings, user string, accounts map[string]string) (out []string) {
	who, found := g.people[user]
	if !s.Impersonation || !found || who.disabled || who.spec.Exempt || len(who.impersonates) == 0 {
		return nil
	}
	for other, account := range accounts {
		if target, found := g.people[other]; found && other != user && !target.disabled && !target.spec.Exempt && who.mayImpersonate(target) {
			out = append(out, account)
		}
	}
	slices.Sort(out)
	return out
}

// accounts maps people who may log in to their accounts in a warehouse: by the connection's IdentityMappings, or else each to the account of their
// own name. It is the other way round of personOf.
func (g *Generation) accounts(connection string) map[string]string {
	mappings := slices.DeleteFunc(slices.Clone(g.set.IdentityMappings), func(m resource.IdentityMapping) bool { return m.Connection != connection })
	out := map[string]string{}
	for name, p := range g.people {
		if p.disabled {
			continue
		}
		if len(mappings) == 0 {
			out[name] = name
		}
		for _, m := range mappings {
			if account, named := m.Users[name]; named {
				out[name] = g.accountOf(connection, account)
				break
			}
			if values := p.principal.Attribute(m.Attribute); m.Attribute != "" && len(values) == 1 {
				out[name] = g.accountOf(connection, values[0])
			}
		}
	}
	return out
}

// pushable refuses what cannot be said exactly inside the warehouses in which something is maintained.
func (b *builder) pushable(g *Generation) {
	seen := map[string]bool{}
	for _, s := range b.set.PushSettings {
		label := "PushSettings " + s.Name
		if seen[s.Connection] {
			b.mistake(s.Pos, label, "connection %s has other PushSettings", s.Connection)
		}
		seen[s.Connection] = true
		c, found := g.connections[s.Connection]
		if !found || c.program == nil {
			continue
		}
		if s.Impersonation && c.config.Engine != warehouse.EngineRedshift {
			b.mistake(s.Pos, label, "impersonation: only in a warehouse of engine redshift; people act as others through the proxy (SET SESSION AUTHORIZATION)")
		}
		if s.User == c.config.User {
			b.mistake(s.Pos, label, "user %s is the role of the proxy, which is not to change what is maintained", s.User)
		}
		if err := c.program.Deferrable(); err != nil {
			b.problems(err)
		}
		owners := map[string]string{}
		accounts := g.accounts(s.Connection)
		for _, user := range slices.Sorted(maps.Keys(accounts)) {
			account := accounts[user]
			if other, dup := owners[account]; dup {
				b.mistake(s.Pos, label, "account %s of connection %s is both %s and %s", account, s.Connection, other, user)
			}
			owners[account] = user
		}
		if c.config.Engine == warehouse.EngineRedshift {
			b.redshiftAccounts(s, label, accounts, slices.Sorted(maps.Keys(accounts)))
			dialect, err := DialectOf(c.config)
			if err != nil {
				b.mistake(s.Pos, label, "%s", err)
				continue
			}
			b.pushableRedshift(s, label, c.program, dialect)
			continue
		}
		b.pushableSources(s, label, c.program)
	}
}

// pushableSources asks for each source, unless that has been asked of the same program for the same settings.
func (b *builder) pushableSources(s resource.PushSettings, label string, program *policy.Program) {
	if was, known := b.publisher.fits[s.Connection]; known && was.of(s, program, b.now) {
		b.fits[s.Connection] = was
		return
	}
	mistakes, until := len(b.mistakes), time.Time{}
	for _, t := range program.Snapshot().Tables() {
		if !t.Registered {
			continue
		}
		if ends := b.pushableSource(s, label, program, policy.Want{Table: t}); !ends.IsZero() && (until.IsZero() || ends.Before(until)) {
			until = ends
		}
	}
	if len(b.mistakes) == mistakes {
		b.fits[s.Connection] = fit{s, program, b.now, until}
	}
}

// enforceRowSecurity is what PushSettings say for row policies.
const enforceRowSecurity = "rowSecurity"

// pushableSource says until when its answer holds; zero is for ever.
func (b *builder) pushableSource(s resource.PushSettings, label string, p *policy.Program, want policy.Want) (until time.Time) {
	name := s.Connection + "." + want.Table.QualifiedName()
	d := p.Decide(policy.BindDeferred().At(b.now), []policy.Want{want})[0]
	if d.Allowed {
		if _, err := sqlgen.Postgres().StoredView(&d); err != nil {
			b.mistake(s.Pos, label, "%s cannot be printed as a stored view: %s", name, err)
		}
	}
	access, ok := p.AccessOf(want.Table)
	if !ok || len(access.Privileges) == 0 || s.ReadOnly || p.Raw(want.Table) {
		return d.ValidUntil
	}
	if s.Enforce == enforceRowSecurity && d.Allowed && sqlgen.Postgres().RowsOnly(&d) == nil {
		if slices.Contains(access.Privileges, policy.PrivilegeTruncate) {
			b.mistake(s.Pos, label, "%s has row rules, and may be emptied: TRUNCATE knows no rules. List privileges without truncate where its subscription policies say access: write, or say readOnly: true", name)
		}
		return d.ValidUntil
	}
	if !d.Allowed {
		return d.ValidUntil
	}
	if _, err := sqlgen.Postgres().WritableView(&d, access.Privileges); err != nil {
		b.mistake(s.Pos, label, "%s has row rules, masks or columns that nobody has reviewed, and may be written to (%s): %s. Or say readOnly: true, so that people write through the proxy only",
			name, fmt.Sprint(access.Privileges), err)
	}
	return d.ValidUntil
}

// PushRegistration is what a connection's warehouse needs before anything can be maintained in it; false where nothing is to be. The password, of which only a
// verifier is kept, is resolved now.
func PushRegistration(set *resource.Set, connection string) (out warehouse.PushRegistration, wanted bool, err error) {
	base, err := Registration(set, connection)
	if err != nil {
		return out, false, err
	}
	for _, s := range set.PushSettings {
		if s.Connection != connection {
			continue
		}
		out = warehouse.PushRegistration{Database: base.Database, SystemRole: s.User, CreateRoles: s.CreateRoles != nil && *s.CreateRoles, CreateRolesFrom16: s.CreateRoles == nil, Tables: base.Tables, Write: !s.ReadOnly}
		if s.Password.IsZero() {
			return out, true, nil
		}
		text, err := s.Password.Resolve()
		if err != nil {
			return out, true, fmt.Errorf("the password of PushSettings %s: %w", s.Name, err)
		}
		v, err := identity.NewVerifier(text.Reveal(), identity.DefaultIterations, rand.Reader)
		if err != nil {
			return out, true, fmt.Errorf("the password of PushSettings %s: %w", s.Name, err)
		}
		out.Verifier = secret.NewValue(v.String())
		return out, true, nil
	}
	return out, false, nil
}
