package push

import (
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// impersonatorsRole is the role of those who may act as somebody else, behind the prefix.
const impersonatorsRole = "impersonators"

// impersonators lets those who may act as somebody else call the procedure, and nobody else.
func (d *desirer) impersonators() {
	if !d.in.Settings.Impersonation {
		return
	}
	role := d.in.Settings.RolePrefix + digest(d.in.Settings.Database + "\x00" + impersonatorsRole)[:12] + "_" + impersonatorsRole
	for _, p := range d.governed {
		if len(d.actsAs(p)) > 0 {
			d.out.Members[Member{role, p.Account}] = true
			d.out.Roles[role] = Role{Kind: RoleAudience, Comment: d.comment("may act as somebody else")}
		}
	}
	if _, anybody := d.out.Roles[role]; anybody {
		d.grant(Object{ObjectSchema, ProcedureSchema, ""}, "USAGE", role, "")
		d.grant(Object{ObjectProcedure, ProcedureSchema, "impersonate(character varying)"}, "EXECUTE", role, "")
	}
}

// actsAs are the accounts as which somebody may act, sorted: those that are governed, and not their own.
func (d *desirer) actsAs(p Person) []string {
	if d.acts == nil {
		d.acts = map[string][]string{}
		governed := map[string]bool{}
		for _, g := range d.governed {
			governed[g.Account] = true
		}
		for _, g := range d.governed {
			if !d.in.Settings.Impersonation || len(g.MayActAs) == 0 {
				continue
			}
			targets := slices.DeleteFunc(slices.Clone(g.MayActAs), func(a string) bool { return a == g.Account || !governed[a] })
			slices.Sort(targets)
			d.acts[g.Account] = slices.Compact(targets)
		}
	}
	return d.acts[p.Account]
}

// andWhoActs adds those who may act as one of the accounts: privileges are those of who logged in, whomever they act for. What opens a view to them shows
// them nothing of it as themselves, as openTo says.
func (d *desirer) andWhoActs(accounts []string) []string {
	open, out := map[string]bool{}, slices.Clone(accounts)
	for _, a := range accounts {
		open[a] = true
	}
	for _, p := range d.governed {
		if !open[p.Account] && slices.ContainsFunc(d.actsAs(p), func(a string) bool { return open[a] }) {
			out = append(out, p.Account)
		}
	}
	return out
}

// openTo shows of a view what it has to those alone to whom the source is open: to who acts for somebody else that is the other.
func openTo(sql string, t *catalog.Table, dec *policy.Decision) string {
	columns := make([]string, len(dec.Columns))
	for i, c := range dec.Columns {
		columns[i] = `"postern_v".` + rsIdent(c.Column.Name)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM (" + sql + `) AS "postern_v" WHERE (` + rsText(t.QualifiedName()) +
		` IN (SELECT "postern_e"."value" FROM "postern_system"."` + sqlgen.RedshiftEntitlementView + `" AS "postern_e" WHERE ("postern_e"."kind" = '` + sqlgen.RedshiftKindTable + `')))`
}
