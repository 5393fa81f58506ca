package control

import (
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// pushableRedshift refuses what cannot be said exactly inside a Redshift.
func (b *builder) pushableRedshift(s resource.PushSettings, label string, p *policy.Program, dialect sqlgen.Dialect) {
	if s.Enforce == enforceRowSecurity {
		b.mistake(s.Pos, label, "enforce: rowSecurity is for PostgreSQL: on Redshift there are views only")
	}
	for what, prefix := range map[string]string{"schemaPrefix": s.SchemaPrefix, "rolePrefix": s.RolePrefix} {
		if strings.ToLower(prefix) != prefix {
			b.mistake(s.Pos, label, "%s %q: Redshift folds names to lower case", what, prefix)
		}
	}
	for _, t := range p.Snapshot().Tables() {
		if t.Registered {
			b.pushableView(s, label, p, t, dialect)
		}
	}
	b.guarantees(s, p)
}

// redshiftNative reports a source of which everybody to whom it is open sees all: the table itself is granted.
func redshiftNative(s resource.PushSettings, p *policy.Program, t *catalog.Table) bool {
	return p.Raw(t) && t.Kind == catalog.KindTable && !s.Impersonation
}

// pushableView refuses a source that has no view there.
func (b *builder) pushableView(s resource.PushSettings, label string, p *policy.Program, t *catalog.Table, dialect sqlgen.Dialect) {
	name := s.Connection + "." + t.QualifiedName()
	d := p.Decide(policy.BindDeferred().At(b.now), []policy.Want{{Table: t}})[0]
	native := redshiftNative(s, p, t)
	if d.Allowed && !native && t.Kind != catalog.KindView {
		if err := dialect.CheckStored(&d); err != nil {
			b.mistake(s.Pos, label, "%s cannot be printed as a stored view: %s", name, err)
		}
	}
	if access, ok := p.AccessOf(t); ok && len(access.Privileges) > 0 && d.Allowed && !native && !s.ReadOnly {
		b.mistake(s.Pos, label, "%s has row rules, masks or columns that nobody has reviewed, is outside the database, or has a view for people who act as others, and may be written to (%v): views on Redshift cannot be written to. Say readOnly: true, so that people write through the proxy only",
			name, access.Privileges)
	}
}

// redshiftOne has the same answer for accounts that a Redshift could take for one: it compares text without the blanks at its end, and a database may be made
// not to tell capitals apart.
func redshiftOne(account string) string { return strings.ToLower(strings.TrimRight(account, " ")) }

// redshiftAccounts refuses accounts that could be two people's, and names that current_user never says.
func (b *builder) redshiftAccounts(s resource.PushSettings, label string, accounts map[string]string, users []string) {
	owners := map[string]string{}
	for _, user := range users {
		account := accounts[user]
		if other, dup := owners[redshiftOne(account)]; dup && accounts[other] != account {
			b.mistake(s.Pos, label, "accounts %q of %s and %q of %s differ only by capitals or blanks at the end: connection %s could take one for the other", accounts[other], other, account, user, s.Connection)
		}
		owners[redshiftOne(account)] = user
		kind, _, prefixed := strings.Cut(account, " ")
		switch {
		case strings.HasPrefix(account, "IAMA:"):
			b.mistake(s.Pos, label, "account %q of %s: IAMA: begins the name of a temporary log-in; name the account as current_user says it, without", account, user)
		case strings.HasSuffix(account, " ") || strings.Contains(account, `\`) || prefixed && slices.Contains([]string{"group", "role", "user"}, kind):
			b.mistake(s.Pos, label, "account %q of %s: no statement can name it", account, user)
		}
	}
}
