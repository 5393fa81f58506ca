package push

import (
	"slices"
	"strings"
)

// aclQuery has a row for each privilege on a relation, one for each privilege on some of its columns, and those on schemas and on our functions. The
// owner's own are left out. The grantor is ours where we may take back what it gave:
// REVOKE takes back what we gave wherever we may grant ourselves, though we be a member of another grantor.
const aclQuery = `
WITH wanted AS (
    SELECT c.oid, n.nspname, c.relname, c.relowner, c.relacl
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN unnest($2::name[], $3::name[]) AS w (schema, name) ON w.schema = n.nspname AND w.name = c.relname
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname = ANY ($1::name[]) OR w.name IS NOT NULL OR n.nspname = 'postern_system')
), entries AS (
    SELECT 'TABLE' AS kind, w.nspname, w.relname AS name, NULL::name[] AS columns, w.relowner AS owner, a.grantee, a.grantor, a.privilege_type
    FROM wanted AS w, aclexplode(w.relacl) AS a
    UNION ALL
    SELECT 'TABLE', w.nspname, w.relname, array_agg(t.attname), w.relowner, a.grantee, a.grantor, a.privilege_type
    FROM wanted AS w JOIN pg_attribute AS t ON t.attrelid = w.oid AND t.attnum > 0 AND NOT t.attisdropped AND t.attacl IS NOT NULL, aclexplode(t.attacl) AS a
    GROUP BY 2, 3, 5, 6, 7, 8
    UNION ALL
    SELECT 'SCHEMA', n.nspname, '', NULL, n.nspowner, a.grantee, a.grantor, a.privilege_type
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname = ANY ($4::name[]) OR n.nspname = 'postern_system'
    UNION ALL
    SELECT 'FUNCTION', n.nspname, split_part(p.oid::regprocedure::text, '.', 2), NULL, p.proowner, a.grantee, a.grantor, a.privilege_type
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE n.nspname = 'postern_system'
)
SELECT e.kind, e.nspname, e.name, to_json(e.columns), CASE e.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee) END, e.privilege_type,
    e.grantor = current_user::regrole OR pg_has_role(e.grantor, 'USAGE') AND NOT EXISTS (SELECT FROM wanted AS w, aclexplode(w.relacl) AS own
        WHERE w.nspname = e.nspname AND w.relname = e.name AND own.grantee = current_user::regrole AND own.privilege_type = e.privilege_type AND own.is_grantable), pg_get_userbyid(e.grantor), pg_get_userbyid(e.owner)
FROM entries AS e WHERE e.grantee <> e.owner`

// grants reads the privileges. On what is ours every one counts; on tables of others those of our roles, and others' are kept for what is not governed.
func (c *crawler) grants() {
	schemas, names := split(c.tables())
	governed := c.governedSchemas()
	c.each(aclQuery, []string{list(governed), list(schemas), list(names), list(slices.Concat(governed, schemas))}, func(v []string) {
		g := Grant{Object{ObjectKind(v[0]), v[1], v[2]}, v[5], v[4]}
		if g.Object.Kind == ObjectFunction {
			g.Object.Name = strings.ReplaceAll(g.Object.Name, ",", ", ")
		}
		columns := Columns("")
		if v[3] != "" {
			columns = columnsOf(jsonList(v[3]))
		}
		role, managed := c.out.Roles[g.Role]
		managed = managed && role.Kind != RolePerson
		ours := v[8] == c.settings.SystemRole
		switch {
		case !ours && !managed:
			c.foreign(g)
		case !ours && c.others(g, role.Kind):
		case v[6] != "t":
			c.find(NotGoverned, g.Object.String(), g.Privilege+" was granted to "+g.Role+" by "+v[7]+", which only "+v[7]+" can take back")
		default:
			// Privileges on the whole and on columns are one entry of a State: the whole stands for both.
			if old, both := c.out.Grants[g]; both && (old == "" || columns == "") {
				columns = ""
			}
			c.out.Grants[g] = columns
		}
	})
}

// foreign keeps what somebody else granted on a source of ours.
func (c *crawler) foreign(g Grant) {
	at := Relation{g.Object.Schema, g.Object.Name}
	if r, there := c.out.relations[at]; there && g.Object.Kind == ObjectTable {
		if entry := g.Role + "=" + g.Privilege; !slices.Contains(r.foreign, entry) {
			r.foreign = append(r.foreign, entry)
			c.out.relations[at] = r
		}
	}
}
