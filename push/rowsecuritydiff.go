package push

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tablesAtOnce is how many tables of others one transaction may lock. It waits for each lock in haste, and holds those that it has.
const tablesAtOnce = 4

// tableChange is what must happen to the row policies of one table.
type tableChange struct {
	at Relation
	// have is nil for a table that is no more.
	have *securedTable
	// policies are all that should be there; none where row security ends.
	policies []RowPolicy
	// left says that row security stays on though none of ours is left: somebody else's policies need it.
	left bool
	// foreign are policies of others that stand in the place of ours and go.
	foreign []string
	hidden  []string
}

// secure chooses the sources that get row policies. What cannot have them keeps its view, and it is said why.
func (d *difference) secure(want *Desired) {
	if len(want.Secured) == 0 {
		return
	}
	keep := keepers(d.settings, d.have, want)
	for _, role := range d.settings.SeeAllRows {
		if !slices.Contains(keep, role) {
			d.find(Blocked, "role "+role, "is named in seeAllRows, and is no role of the server's, or a person's, or one of Postern's own: no row policy is for it")
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(want.Secured), compareRelations) {
		s := want.Secured[at]
		s.Policies = append([]RowPolicy{{Name: policyAllRows, Command: "ALL", Roles: keep, Using: "true", Check: "true"}}, s.Policies...)
		if why := d.notSecured(at, &s); why != "" {
			d.find(ByView, at.String(), why)
			d.findings = append(d.findings, s.instead...)
			continue
		}
		s.apply(&d.want)
		d.chosen[at] = s
		d.findings = append(d.findings, s.findings...)
	}
	d.want.tidy(d.settings, want.Bases, d.find)
}

// notSecured says why a table does not get row policies, "" if it does.
func (d *difference) notSecured(at Relation, s *Secured) string {
	t := d.have.secured[at]
	if t == nil {
		return "there is no such table"
	}
	var losing, clash []string
	for _, l := range t.losers {
		if l.loses && !l.lost {
			losing = append(losing, roleName(l.role))
		}
	}
	for _, p := range s.Policies {
		if slices.Contains(t.others, p.Name) {
			clash = append(clash, p.Name)
		}
	}
	switch {
	case t.known && t.intact && t.digest == digestOf(at, s.Policies):
		return ""
	case !t.mine && t.ownerSuper:
		return "it belongs to " + t.owner + ", a superuser, of whom role " + d.settings.SystemRole + " is no member and should not be"
	case !t.mine:
		d.ask("GRANT " + ident(t.owner) + " TO " + ident(d.settings.SystemRole) + d.inherited())
		return "role " + d.settings.SystemRole + " is not a member of " + t.owner + ", to whom it belongs"
	case !t.known && t.enabled:
		return "it has row security of its own"
	case !t.known && len(t.others) > 0:
		return "it has row policies of somebody else's, which are not in force and would come into force: " + listed(t.others)
	case len(clash) > 0 && !d.allowed(ForeignObject):
		return "somebody made row policies under names of Postern's (" + string(ForeignObject) + "): " + listed(clash)
	case len(losing) > 0 && !d.allowed(HidesRowsFromOthers):
		return "row policies would hide all of its rows from " + strings.Join(losing, ", ") + " (" + string(HidesRowsFromOthers) + "): name in seeAllRows who should go on seeing them"
	}
	return ""
}

// roleName is a role as messages name it.
func roleName(role string) string {
	if role == publicRole {
		return "PUBLIC"
	}
	return role
}

// ask adds a statement to those for a database administrator.
func (d *difference) ask(sql string) {
	if !slices.Contains(d.byDBA, sql) {
		d.byDBA = append(d.byDBA, sql)
	}
}

// digestOf stands for the policies of a table.
func digestOf(at Relation, policies []RowPolicy) string {
	var b strings.Builder
	for _, p := range policies {
		b.WriteString(p.create(at))
		b.WriteByte(0)
	}
	return digest(b.String())
}

// rowPolicies compares the policies of the chosen tables with what is there, and ends those of the others. It is asked when it is known which roles
// are to be had: a policy for one that is not would fail.
func (d *difference) rowPolicies() {
	for at, s := range d.chosen {
		s.Policies = slices.DeleteFunc(slices.Clone(s.Policies), func(p RowPolicy) bool {
			_, there := d.want.Roles[p.Roles[0]]
			return p.Name != policyAllRows && !there
		})
		if len(s.Policies) == 1 {
			// Whoever they are for is not there, so that it is open to nobody.
			delete(d.chosen, at)
			continue
		}
		t := d.have.secured[at]
		if t.known && t.intact && t.digest == digestOf(at, s.Policies) && t.recorded == at {
			continue
		}
		if d.driftedRows(at, t, digestOf(at, s.Policies)) {
			continue
		}
		if !t.mine {
			d.find(Blocked, at.String(), "its row policies should change, and role "+d.settings.SystemRole+" is not a member of "+t.owner+", to whom it belongs: it is not opened")
			d.shut(at)
			continue
		}
		c := tableChange{at: at, have: t, policies: s.Policies}
		for _, p := range s.Policies {
			if slices.Contains(t.others, p.Name) {
				c.foreign = append(c.foreign, p.Name)
			}
		}
		for _, l := range t.losers {
			if l.loses && !l.lost {
				c.hidden = append(c.hidden, roleName(l.role))
			}
		}
		d.tables = append(d.tables, c)
	}
	for at, t := range d.have.secured {
		if _, chosen := d.chosen[at]; !chosen && t.known {
			d.unsecure(at, t)
		}
		if t.known && len(t.others) > 0 {
			detail := "somebody made the row policies " + listed(t.others) + ": they are left; they cannot show people more than ours do, and could show them less"
			d.tell(Finding{Kind: Drifted, Object: at.String(), Detail: detail}, [][]string{{at.Name, at.Schema}, t.others})
		}
	}
	for _, at := range d.have.lostRows {
		d.tables = append(d.tables, tableChange{at: at})
	}
	slices.SortFunc(d.tables, func(a, b tableChange) int { return compareRelations(a.at, b.at) })
}

// unsecure takes our policies off a table. Row security that others rely on stays on.
func (d *difference) unsecure(at Relation, t *securedTable) {
	if !t.mine {
		d.find(Blocked, at.String(), "its row policies are no longer wanted, and role "+d.settings.SystemRole+" is not a member of "+t.owner+", to whom it belongs: the plan's script is for a database administrator")
		for _, name := range t.ours {
			d.ask("DROP POLICY " + ident(name) + " ON " + at.sql())
		}
		d.ask("ALTER TABLE " + at.sql() + " DISABLE ROW LEVEL SECURITY")
		return
	}
	c := tableChange{at: at, have: t, left: len(t.others) > 0}
	if c.left {
		d.find(Blocked, at.String(), "row security stays on, because somebody made the row policies "+listed(t.others)+": it is not opened")
		d.shut(at)
	}
	d.tables = append(d.tables, c)
}

// statements of one table are one transaction with no other table's: the lock that they take keeps everybody else from the table.
func (c *tableChange) statements() (out []Statement) {
	one := func(sql, note string, hazards ...Hazard) {
		if len(out) == 0 && c.have != nil {
			hazards = append(hazards, LocksLong)
		}
		out = append(out, Statement{SQL: sql, Note: note, Hazards: hazards, locks: locksOfStatement, view: &c.at, alone: true})
	}
	if c.have == nil {
		one(forget(ledgerRows, c.at.Schema, c.at.Name), "")
		return out
	}
	alter := "ALTER TABLE " + c.at.sql() + " "
	for _, name := range c.have.ours {
		one("DROP POLICY "+ident(name)+" ON "+c.at.sql(), "")
	}
	for _, name := range c.foreign {
		one("DROP POLICY "+ident(name)+" ON "+c.at.sql(), "", ForeignObject)
	}
	for _, p := range c.policies {
		one(p.create(c.at), "")
	}
	if c.have.forced {
		one(alter+"NO FORCE ROW LEVEL SECURITY", "")
	}
	if len(c.policies) > 0 && (!c.have.enabled || len(c.hidden) > 0) {
		note, hazards := "", []Hazard(nil)
		if len(c.hidden) > 0 {
			note, hazards = "hides all rows from "+strings.Join(c.hidden, ", "), []Hazard{HidesRowsFromOthers}
		}
		one(alter+"ENABLE ROW LEVEL SECURITY", note, hazards...)
	}
	if len(c.policies) == 0 && !c.left && c.have.enabled {
		one(alter+"DISABLE ROW LEVEL SECURITY", "")
	}
	if len(c.policies) == 0 || c.have.known && c.have.recorded != c.at {
		one(forget(ledgerRows, c.have.recorded.Schema, c.have.recorded.Name), "")
	}
	if len(c.policies) > 0 {
		one(c.remember(), "")
	}
	return out
}

// remember puts on record which policies are ours, as the server has them now.
func (c *tableChange) remember() string {
	names := make([]string, len(c.policies))
	for i, p := range c.policies {
		names[i] = text(p.Name)
	}
	return fmt.Sprintf("INSERT INTO postern_system.ledger SELECT '%s', n.nspname, c.relname, %s, c.oid || (SELECT pg_catalog.string_agg(' ' || p.polname || ':' || p.oid || ':' || p.xmin::text, '' ORDER BY p.polname) "+
		"FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND p.polname IN (%s)) "+
		"FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s "+
		"ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark",
		ledgerRows, text(digestOf(c.at, c.policies)), strings.Join(names, ", "), text(c.at.Schema), text(c.at.Name))
}
