package push

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// rsCrawler reads what is there in a Redshift. Its catalogs are read as they are when they are asked; only what is of the Syncer's own tables is of one
// snapshot. No statement joins a view of the system's with a function of the leader node.
type rsCrawler struct {
	*crawler
	found  []rsPrivilege
	nearby []string
}

func (redshift) snapshot() string { return "BEGIN" }

func (redshift) parts(c *crawler) []func() {
	r := &rsCrawler{crawler: c}
	return []func(){r.ledger, r.principals, r.roles, r.members, r.privileges, r.kinds, r.schemas, r.relations, r.viewColumns, r.dependents, func() { r.views("") }, r.grants, r.profile, r.admissions}
}

func (redshift) people(c *crawler)    { (&rsCrawler{crawler: c}).profile() }
func (redshift) members(c *crawler)   { (&rsCrawler{crawler: c}).members() }
func (redshift) roster(*crawler) bool { return false }

// left puts the parts of the baseline together.
func (redshift) left(ctx context.Context, conn *pgconn.PgConn) (settled bool, state string, err error) {
	rows, err := query(ctx, conn, "SELECT settled, state FROM postern_system.baseline ORDER BY part")
	if err != nil || len(rows) == 0 {
		return false, "", err
	}
	settled = true
	for _, v := range rows {
		settled = settled && v[0] == "t"
		state += v[1]
	}
	return settled, state, nil
}

func (c *rsCrawler) ledger() {
	if !c.out.facts.prepared {
		return
	}
	c.each("SELECT object_kind, object_schema, object_name, digest, mark FROM postern_system.ledger", nil, func(v []string) {
		c.out.ledger[ledgerKey{v[0], v[1], v[2]}] = ledgerEntry{v[3], v[4]}
	})
}

// principals are all users and roles. A role that is none of ours stands behind its kind, and so does a user who is called as one of ours, or as what stands
// behind its kind.
func (c *rsCrawler) principals() {
	managed := c.managed()
	c.each("SELECT usename, usesuper FROM pg_catalog.pg_user", nil, func(v []string) {
		c.out.Server[c.user(managed, v[0])] = serverRole{login: true, super: isTrue(v[1]), inherit: true, administered: true}
	})
	administered := map[string]bool{}
	c.each("SELECT role_name, admin_option FROM pg_catalog.svv_user_grants WHERE user_name = "+rsText(c.settings.SystemRole), nil, func(v []string) { administered[v[0]] = isTrue(v[1]) })
	c.each("SELECT role_name, role_owner FROM pg_catalog.svv_roles", nil, func(v []string) {
		c.out.Server[c.role(managed, v[0])] = serverRole{inherit: true, administered: v[1] == c.settings.SystemRole || administered[v[0]]}
	})
	c.each("SELECT groname FROM pg_catalog.pg_group", nil, func(v []string) { c.out.Server[groupKind+v[0]] = serverRole{inherit: true} })
}

// user is how a user is called here.
func (c *rsCrawler) user(managed []string, name string) string {
	for _, kind := range []string{groupKind, roleKind, userKind} {
		if strings.HasPrefix(name, kind) {
			return userKind + name
		}
	}
	if slices.Contains(managed, name) {
		return userKind + name
	}
	return name
}

// role is how a role is called here.
func (c *rsCrawler) role(managed []string, name string) string {
	if slices.Contains(managed, name) {
		return name
	}
	return roleKind + name
}

// roles are those of ours: on record, or made by us or for us.
func (c *rsCrawler) roles() {
	for _, name := range c.managed() {
		r, there := c.out.Server[name]
		_, audience := c.out.ledger[ledgerKey{string(RoleAudience), "", name}]
		_, group := c.out.ledger[ledgerKey{string(RoleGroup), "", name}]
		if !there || r.login || !audience && !group && !r.administered {
			continue
		}
		kind := RoleAudience
		if group {
			kind = RoleGroup
		}
		c.out.Roles[name] = Role{Kind: kind}
	}
	for name, r := range c.want.Roles {
		if have, there := c.out.Server[name]; there && have.login && r.Kind == RolePerson {
			c.out.Roles[name] = Role{Kind: RolePerson}
		}
	}
	for k := range c.out.ledger {
		if have, there := c.out.Server[k.name]; there && have.login && k.kind == string(RolePerson) {
			c.out.Roles[k.name] = Role{Kind: RolePerson}
		}
	}
}

func (c *rsCrawler) members() {
	managed := c.managed()
	add := func(role, member string) {
		c.out.memberships[member] = append(c.out.memberships[member], role)
		if r, ours := c.out.Roles[role]; ours && r.Kind != RolePerson && member != c.settings.SystemRole {
			c.out.Members[Member{role, member}] = true
		}
	}
	c.each("SELECT user_name, role_name FROM pg_catalog.svv_user_grants", nil, func(v []string) {
		add(c.role(managed, v[1]), c.user(managed, v[0]))
	})
	c.each("SELECT role_name, granted_role_name FROM pg_catalog.svv_role_grants", nil, func(v []string) {
		add(c.role(managed, v[1]), c.role(managed, v[0]))
	})
	users := map[string]string{}
	c.each("SELECT usesysid, usename FROM pg_catalog.pg_user", nil, func(v []string) { users[v[0]] = c.user(managed, v[1]) })
	c.each("SELECT groname, array_to_string(grolist, ',') FROM pg_catalog.pg_group", nil, func(v []string) {
		for _, id := range strings.Split(v[1], ",") {
			if user := users[id]; user != "" {
				c.out.memberships[user] = append(c.out.memberships[user], groupKind+v[0])
			}
		}
	})
}

// schemaNames are all that matter.
func (c *rsCrawler) schemaNames() []string {
	out := c.governedSchemas()
	for _, t := range c.tables() {
		out = append(out, t.Schema)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *rsCrawler) schemas() {
	names := append(c.schemaNames(), SystemSchema, ProcedureSchema, functionsSchema)
	c.each("SELECT nspname, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname IN ("+rsTexts(names)+")", nil, func(v []string) {
		c.out.schemaOwners[v[0]] = v[1]
		if v[1] == c.settings.SystemRole {
			c.out.Schemas[v[0]] = true
		}
	})
}

// kinds finds sources that are another cluster's, and external schemas of sources: whoever has USAGE on one of these reads all that is in it.
func (c *rsCrawler) kinds() {
	c.out.shared, c.out.external = map[string]bool{}, map[string][]string{}
	c.each("SELECT schema_name, schema_type FROM pg_catalog.svv_all_schemas WHERE database_name = current_database()", nil, func(v []string) {
		switch strings.ToLower(strings.TrimSpace(v[1])) {
		case "shared":
			c.out.shared[v[0]] = true
		case "external":
			c.out.external[v[0]] = []string{}
		}
	})
	// An external schema may be one of another cluster's database, which is a datashare by another name (SVV_EXTERNAL_SCHEMAS, eskind 5).
	c.each("SELECT schemaname FROM pg_catalog.svv_external_schemas WHERE eskind = 5", nil, func(v []string) { c.out.shared[v[0]] = true })
	for _, p := range c.found {
		if users, is := c.out.external[p.grant.Object.Schema]; is && p.grant.Object.Kind == ObjectSchema && p.grant.Privilege == "USAGE" {
			c.out.external[p.grant.Object.Schema] = append(users, p.grant.Role)
		}
	}
}

func (c *rsCrawler) relations() {
	names := append(c.schemaNames(), SystemSchema)
	governed, wanted := c.governedSchemas(), c.tables()
	matters := func(at Relation) bool {
		return at.Schema == SystemSchema || slices.Contains(governed, at.Schema) || slices.Contains(wanted, at)
	}
	c.each(`SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), c.oid
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname IN (`+rsTexts(names)+")", nil, func(v []string) {
		if at := (Relation{v[0], v[1]}); matters(at) {
			c.out.relations[at] = relation{kind: v[2], owner: v[3], mark: v[4]}
		}
	})
	c.each("SELECT schemaname, tablename FROM pg_catalog.svv_external_tables WHERE schemaname IN ("+rsTexts(names)+")", nil, func(v []string) {
		if at := (Relation{v[0], v[1]}); matters(at) {
			c.out.relations[at] = relation{kind: "f", owner: c.out.relations[at].owner}
		}
	})
	if len(governed) == 0 {
		return
	}
	c.each(`SELECT n.nspname, c.relname, c.oid, pg_catalog.pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND n.nspname IN (`+rsTexts(governed)+")", nil, func(v []string) {
		at := Relation{v[0], v[1]}
		r := c.out.relations[at]
		r.mark = viewMark(v[2], v[3])
		c.out.relations[at] = r
	})
}

func (c *rsCrawler) viewColumns() {
	c.columns = map[Relation][]ViewColumn{}
	governed := c.governedSchemas()
	if len(governed) == 0 {
		return
	}
	c.each(`SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'v' AND n.nspname IN (`+rsTexts(governed)+`) ORDER BY n.nspname, c.relname, a.attnum`, nil, func(v []string) {
		at := Relation{v[0], v[1]}
		c.columns[at] = append(c.columns[at], ViewColumn{v[2], v[3]})
	})
	// A late-binding view has none in the catalog, or has them there and here.
	late := map[Relation][]ViewColumn{}
	c.each(`SELECT view_schema, view_name, col_name, col_type FROM pg_catalog.pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)
ORDER BY view_schema, view_name, col_num`, nil, func(v []string) {
		if at := (Relation{v[0], v[1]}); slices.Contains(governed, at.Schema) {
			late[at] = append(late[at], ViewColumn{v[2], v[3]})
		}
	})
	c.late = map[Relation]bool{}
	for at, columns := range late {
		c.columns[at], c.late[at] = columns, true
	}
}

// dependents are views that read ours; late-binding ones hang on nothing.
func (c *rsCrawler) dependents() {
	c.readers = map[Relation][]string{}
	governed := c.governedSchemas()
	if len(governed) == 0 {
		return
	}
	c.each(`SELECT DISTINCT n.nspname, c.relname, dn.nspname || '.' || dc.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend s ON s.refobjid = c.oid JOIN pg_catalog.pg_depend t ON t.objid = s.objid AND t.deptype = 'i'
JOIN pg_catalog.pg_class dc ON dc.oid = t.refobjid JOIN pg_catalog.pg_namespace dn ON dn.oid = dc.relnamespace
WHERE dc.relkind = 'v' AND dc.oid <> c.oid AND n.nspname IN (`+rsTexts(governed)+") ORDER BY 3", nil, func(v []string) {
		at := Relation{v[0], v[1]}
		c.readers[at] = append(c.readers[at], v[2])
	})
}
