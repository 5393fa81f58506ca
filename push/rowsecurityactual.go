package push

import (
	"cmp"
	"slices"
	"strings"
)

// securedTable is a table that has row policies of ours, or could.
type securedTable struct {
	at         Relation
	oid, owner string
	// ownerSuper says that the owner is a superuser, of whom nobody should be a member; mine that we may do what the owner may.
	ownerSuper, mine bool
	enabled, forced  bool
	// known says that the policies are on record as ours, under the name recorded, with the digest of what was made.
	known    bool
	recorded Relation
	digest   string
	// ours are our policies by name; others are everybody else's.
	ours, others []string
	// intact says that our policies are as they were left.
	intact bool
	// losers are roles of others that would see no rows, or do not already.
	losers []loser
}

// loser is a role of others that may read or write a table and is neither its owner nor exempt from row policies.
type loser struct {
	role string
	// loses says that our policies would show it nothing, lost that they do not already.
	loses, lost bool
}

// recordedPolicies reads the mark of an entry of the ledger: the table's identifier, and name:identifier:version of each policy.
func recordedPolicies(mark string) (table string, policies map[string]string) {
	parts := strings.Fields(mark)
	policies = map[string]string{}
	for _, p := range parts[min(1, len(parts)):] {
		name, id, _ := strings.Cut(p, ":")
		policies[name] = id
	}
	if len(parts) > 0 {
		table = parts[0]
	}
	return table, policies
}

// ledgerRows is the kind of the ledger's entries of tables with row policies.
const ledgerRows = "rows"

// secured finds the tables on which row policies are wanted or on record, by name and, where somebody renamed one, by identifier.
func (c *crawler) secured() {
	var wanted []Relation
	for at := range c.want.Secured {
		wanted = append(wanted, at)
	}
	recorded := map[string]ledgerKey{}
	var oids []string
	for key, entry := range c.out.ledger {
		if key.kind == ledgerRows {
			oid, _ := recordedPolicies(entry.mark)
			recorded[oid] = key
			oids = append(oids, oid)
		}
	}
	if len(wanted) == 0 && len(oids) == 0 {
		return
	}
	schemas, names := split(wanted)
	c.each(`SELECT n.nspname, c.relname, c.oid, o.rolname, o.rolsuper, pg_has_role(c.relowner, 'USAGE'), c.relrowsecurity, c.relforcerowsecurity
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS o ON o.oid = c.relowner
LEFT JOIN unnest($1::name[], $2::name[]) AS w (schema, name) ON w.schema = n.nspname AND w.name = c.relname
WHERE c.relkind IN ('r', 'p') AND (w.name IS NOT NULL OR c.oid = ANY ($3::oid[]))`, []string{list(schemas), list(names), list(oids)}, func(v []string) {
		t := &securedTable{at: Relation{v[0], v[1]}, oid: v[2], owner: v[3], ownerSuper: v[4] == "t", mine: v[5] == "t", enabled: v[6] == "t", forced: v[7] == "t"}
		if key, known := recorded[t.oid]; known {
			t.known, t.recorded, t.digest = true, Relation{key.schema, key.name}, c.out.ledger[key].digest
		}
		c.out.secured[t.at] = t
		delete(recorded, t.oid)
	})
	for _, key := range recorded {
		c.out.lostRows = append(c.out.lostRows, Relation{key.schema, key.name})
	}
	slices.SortFunc(c.out.lostRows, compareRelations)
}

func compareRelations(a, b Relation) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
}

// rowPolicies tells ours from others', and whether ours are as we left them.
func (c *crawler) rowPolicies() {
	if len(c.out.secured) == 0 {
		return
	}
	there := map[Relation]map[string]string{}
	c.each(`SELECT n.nspname, c.relname, p.polname, p.oid || ':' || p.xmin::text FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[]) ORDER BY 1, 2, 3`, []string{list(c.securedOIDs())}, func(v []string) {
		at := Relation{v[0], v[1]}
		if there[at] == nil {
			there[at] = map[string]string{}
		}
		there[at][v[2]] = v[3]
	})
	for at, t := range c.out.secured {
		_, recorded := recordedPolicies(c.out.ledger[ledgerKey{ledgerRows, t.recorded.Schema, t.recorded.Name}].mark)
		made := map[string]bool{}
		t.intact = t.known && t.enabled && !t.forced && len(recorded) > 0
		for name, id := range recorded {
			made[identifier(id)] = true
			t.intact = t.intact && there[at][name] == id
		}
		for name, id := range there[at] {
			// Whatever somebody did to it, its name included, it is ours as long as it is the one that we made.
			if t.known && made[identifier(id)] {
				t.ours = append(t.ours, name)
			} else {
				t.others = append(t.others, name)
			}
		}
		slices.Sort(t.ours)
		slices.Sort(t.others)
	}
}

// identifier is what stays of a policy's identifier and version when it is altered.
func identifier(id string) string {
	oid, _, _ := strings.Cut(id, ":")
	return oid
}

func (c *crawler) securedOIDs() (out []string) {
	for _, t := range c.out.secured {
		out = append(out, t.oid)
	}
	slices.Sort(out)
	return out
}

// losersQuery has the roles that may read or write a table, but for its owner and those who are in the owner, superusers and those with BYPASSRLS:
// whether our policies show them all rows as they should be ($2), and as they are ($3 is the policy's name).
const losersQuery = `
WITH wanted AS (SELECT c.oid, c.relowner, c.relacl FROM pg_class AS c WHERE c.oid = ANY ($1::oid[])),
everything AS MATERIALIZED (
    SELECT r.oid FROM pg_roles AS r
    WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND (pg_has_role(r.oid, 'pg_read_all_data', 'USAGE') OR pg_has_role(r.oid, 'pg_write_all_data', 'USAGE'))
), holders AS (
    SELECT w.oid, w.relowner, a.grantee FROM wanted AS w, aclexplode(w.relacl) AS a WHERE a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    UNION
    SELECT w.oid, w.relowner, a.grantee FROM wanted AS w JOIN pg_attribute AS t ON t.attrelid = w.oid AND t.attacl IS NOT NULL AND NOT t.attisdropped, aclexplode(t.attacl) AS a
    WHERE a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE')
    UNION
    SELECT w.oid, w.relowner, e.oid FROM wanted AS w, everything AS e
)
SELECT n.nspname, c.relname, CASE h.grantee WHEN 0 THEN 'public' ELSE r.rolname END,
    COALESCE(h.grantee <> 0 AND EXISTS (SELECT FROM pg_roles AS k WHERE k.rolname = ANY ($2::name[]) AND pg_has_role(h.grantee, k.oid, 'USAGE')), false),
    c.relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy AS p, unnest(p.polroles) AS k
        WHERE p.polrelid = h.oid AND p.polname = $3 AND (k = 0 OR h.grantee <> 0 AND pg_has_role(h.grantee, k, 'USAGE')))
FROM holders AS h JOIN pg_class AS c ON c.oid = h.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_roles AS r ON r.oid = h.grantee
WHERE h.grantee <> h.relowner AND (h.grantee = 0 OR NOT (r.rolsuper OR r.rolbypassrls OR pg_has_role(h.grantee, h.relowner, 'USAGE')))
ORDER BY 1, 2, 3`

// losers finds the roles of others from which row policies hide rows.
func (c *crawler) losers() {
	if len(c.want.Secured) == 0 || len(c.out.secured) == 0 {
		return
	}
	keepers := keepers(c.settings, c.out, c.want)
	c.each(losersQuery, []string{list(c.securedOIDs()), list(keepers), policyAllRows}, func(v []string) {
		role, managed := c.out.Roles[v[2]]
		t := c.out.secured[Relation{v[0], v[1]}]
		// What people see the policies say; the other roles of ours have people for members.
		if managed || role.Kind == RolePerson || t == nil {
			return
		}
		t.losers = append(t.losers, loser{v[2], v[3] != "t", v[4] == "t"})
	})
}

// keepers are the roles that see all rows: those that the settings name, the proxy's and our own, of which the last may lose the owner's rights.
func keepers(set Settings, have *Actual, want *Desired) (out []string) {
	for _, name := range append([]string{set.SystemRole, set.ServiceRole}, set.SeeAllRows...) {
		if _, there := have.Server[name]; !there || want.Roles[name].Kind != "" || have.Roles[name].Kind != "" {
			continue
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// secures reports that our row policies hold for a privilege on a table, whoever granted it.
func (a *Actual) secures(base Relation, privilege string) bool {
	t := a.secured[base]
	return t != nil && t.intact && slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, privilege)
}

// keepers finds people in roles that see all rows of tables with row policies.
func (u *ungoverned) keepers(want *Desired) {
	if len(want.Secured) == 0 {
		return
	}
	for _, role := range u.set.SeeAllRows {
		for _, account := range u.people[role] {
			if account != role {
				u.find("role "+account, "is a member of "+role+", which seeAllRows names")
			}
		}
	}
}
