package push

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Actual is what is there of ours, and what else there is that matters to it.
type Actual struct {
	State
	// Server has every role of the server, Ledger what we remember to have made.
	Server map[string]serverRole
	ledger map[ledgerKey]ledgerEntry
	// owners are those of schemas, and of the tables and views by relation.
	schemaOwners map[string]string
	relations    map[Relation]relation
	// memberships of everybody in everything: member to roles.
	memberships map[string][]string
	// foreignPaths are search paths that somebody else has set.
	foreignPaths map[string]string
	// secured are the tables that have row policies of ours, or could.
	secured map[Relation]*securedTable
	// lostRows are tables on record that are no more.
	lostRows []Relation
	// defaults are those of sources to which anybody may write, viewDefaults those of our views; sequences are those from which they draw.
	defaults     map[Relation][]columnDefault
	viewDefaults map[Relation]map[string]string
	sequences    map[Relation]sequence
	// burdened are roles of groups to which somebody else granted something.
	burdened map[string]bool
	findings []Finding
	facts    *facts
	// shared are schemas of another cluster's, external those of files with who has USAGE on them, both of a Redshift.
	shared   map[string]bool
	external map[string][]string
}

type serverRole struct {
	login, super, bypassRLS, createRole, replication, inherit bool
	comment                                                   string
	// administered says that we have the ADMIN option on it: from PostgreSQL 16 on nobody alters a role without.
	administered bool
}

type relation struct {
	kind, owner, options, mark string
	rowSecurity                bool
	// acl has who may do what on it, of those who are not ours: "role=privileges".
	foreign []string
}

type ledgerKey struct{ kind, schema, name string }
type ledgerEntry struct{ digest, mark string }

// publicRole stands for PUBLIC: no role can have the name.
const publicRole = "public"

// crawl reads what is there, in one snapshot. Where yield answers true, between two questions, it ends with errYielded; nil never does.
func (s *Syncer) crawl(ctx context.Context, conn *pgconn.PgConn, f *facts, want *Desired, yield func() bool) (_ *Actual, err error) {
	if err := exec(ctx, conn, s.dialect().snapshot()); err != nil {
		return nil, fmt.Errorf("looking at what is there: %w", err)
	}
	defer func() {
		if end := exec(ctx, conn, "ROLLBACK"); err == nil && end != nil {
			err = fmt.Errorf("looking at what is there: %w", end)
		}
	}()
	c := &crawler{ctx: ctx, conn: conn, settings: s.config.Settings, want: want, out: &Actual{
		State: newState(), Server: map[string]serverRole{}, ledger: map[ledgerKey]ledgerEntry{}, schemaOwners: map[string]string{},
		relations: map[Relation]relation{}, memberships: map[string][]string{}, foreignPaths: map[string]string{}, facts: f,
		secured: map[Relation]*securedTable{},
	}}
	for _, part := range s.dialect().parts(c) {
		if yield != nil && yield() {
			return nil, errYielded
		}
		if part(); c.err != nil {
			return nil, fmt.Errorf("looking at what is there: %w", c.err)
		}
	}
	return c.out, nil
}

type crawler struct {
	ctx      context.Context
	conn     *pgconn.PgConn
	settings Settings
	want     *Desired
	out      *Actual
	columns  map[Relation][]ViewColumn
	readers  map[Relation][]string
	// late are views that are bound to nothing.
	late map[Relation]bool
	// held are tables of others on which our roles hold anything, and their schemas, beside the sources of now.
	held []Relation
	err  error
}

// each runs a query and hands on its rows.
func (c *crawler) each(sql string, args []string, f func(v []string)) {
	if c.err != nil {
		return
	}
	rows, err := query(c.ctx, c.conn, sql, args...)
	if err != nil {
		c.err = err
		return
	}
	for _, row := range rows {
		f(row)
	}
}

func (c *crawler) ledger() {
	if !c.out.facts.prepared {
		return
	}
	c.each("SELECT kind, schema, name, digest, mark FROM postern_system.ledger", nil, func(v []string) {
		c.out.ledger[ledgerKey{v[0], v[1], v[2]}] = ledgerEntry{v[3], v[4]}
	})
}

// managed lists the roles of ours: those that should be there and those that we remember, but no person's.
func (c *crawler) managed() []string {
	return c.rolesOf(RoleAudience, RoleGroup)
}

func (c *crawler) rolesOf(kinds ...RoleKind) []string {
	var out []string
	for name, r := range c.want.Roles {
		if slices.Contains(kinds, r.Kind) {
			out = append(out, name)
		}
	}
	for k := range c.out.ledger {
		if slices.Contains(kinds, RoleKind(k.kind)) {
			out = append(out, k.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *crawler) roles() {
	c.each(`SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication, r.rolinherit, COALESCE(d.description, ''), pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
FROM pg_roles AS r LEFT JOIN pg_shdescription AS d ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass`, nil, func(v []string) {
		c.out.Server[v[0]] = serverRole{v[1] == "t", v[2] == "t", v[3] == "t", v[4] == "t", v[5] == "t", v[6] == "t", v[7], v[8] == "t"}
	})
	for _, name := range c.managed() {
		if r, there := c.out.Server[name]; there && c.ours(name, r) {
			kind := RoleAudience
			if _, group := c.out.ledger[ledgerKey{string(RoleGroup), "", name}]; group {
				kind = RoleGroup
			}
			c.out.Roles[name] = Role{kind, r.comment}
		}
	}
	for name, r := range c.want.Roles {
		if _, there := c.out.Server[name]; there && r.Kind == RolePerson {
			c.out.Roles[name] = Role{Kind: RolePerson}
		}
	}
	for k := range c.out.ledger {
		if r, there := c.out.Server[k.name]; there && k.kind == string(RolePerson) {
			c.out.Roles[k.name] = Role{RolePerson, r.comment}
		}
	}
}

// ours reports a role that we made or took over, or that was made for us by the script that the plan prints.
func (c *crawler) ours(name string, r serverRole) bool {
	for _, kind := range []RoleKind{RoleAudience, RoleGroup} {
		if _, there := c.out.ledger[ledgerKey{string(kind), "", name}]; there {
			return true
		}
	}
	return strings.HasPrefix(r.comment, "postern: "+c.settings.Database+": ")
}

// membersQuery has each membership, whether we may take it back, and whether it is as we give it. From PostgreSQL 16 on a membership belongs to who granted it.
func (c *crawler) membersQuery() string {
	if c.out.facts.version < 160000 {
		return "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), '', true, true FROM pg_auth_members"
	}
	return "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor), pg_has_role(grantor, 'USAGE'), inherit_option AND NOT set_option FROM pg_auth_members"
}

func (c *crawler) members() {
	c.each(c.membersQuery(), nil, func(v []string) {
		c.out.memberships[v[1]] = append(c.out.memberships[v[1]], v[0])
		r, ours := c.out.Roles[v[0]]
		// The system role is in the roles that it administers.
		if !ours || r.Kind == RolePerson || v[1] == c.settings.SystemRole {
			return
		}
		m := Member{v[0], v[1]}
		wanted := c.want.Members[m]
		switch {
		case v[3] != "t" && !wanted:
			c.find(NotGoverned, "role "+v[1], "was made a member of "+v[0]+" by "+v[2]+", which only "+v[2]+" can undo")
		case v[3] != "t", v[4] != "t" && wanted:
			// It is given again, as it should be.
		default:
			c.out.Members[m] = true
		}
	})
}

// governedSchemas are those of our views, as they should be and as we remember them.
func (c *crawler) governedSchemas() []string {
	var out []string
	for name := range c.want.Schemas {
		out = append(out, name)
	}
	for k := range c.out.ledger {
		if k.kind == "schema" {
			out = append(out, k.schema)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// touched finds what our audiences hold anything on, sources of yesterday for instance: the server notes it for each role.
func (c *crawler) touched() {
	c.each(`SELECT DISTINCT COALESCE(n.nspname, s.nspname), COALESCE(c.relname, '')
FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_namespace AS s ON d.classid = 'pg_namespace'::regclass AND s.oid = d.objid
WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.deptype = 'a' AND r.rolname = ANY ($1::name[])
  AND COALESCE(n.nspname, s.nspname) IS NOT NULL`, []string{list(c.rolesOf(RoleAudience))}, func(v []string) {
		c.held = append(c.held, Relation{v[0], v[1]})
	})
}

// tables are the sources, and what else our roles hold anything on. A name of "" stands for a schema alone.
func (c *crawler) tables() []Relation {
	out := slices.Clone(c.held)
	for r := range c.want.Bases {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Relation) int { return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name)) })
	return slices.Compact(out)
}

func split(relations []Relation) (schemas, names []string) {
	for _, r := range relations {
		schemas, names = append(schemas, r.Schema), append(names, r.Name)
	}
	return schemas, names
}

func (c *crawler) schemas() {
	names := c.governedSchemas()
	for _, base := range c.tables() {
		names = append(names, base.Schema)
	}
	c.each("SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = ANY ($1::name[])", []string{list(names)}, func(v []string) {
		c.out.schemaOwners[v[0]] = v[1]
		if v[1] == c.settings.SystemRole {
			c.out.Schemas[v[0]] = true
		}
	})
}

func (c *crawler) relations() {
	schemas, names := split(c.tables())
	c.each(`SELECT n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner), COALESCE(array_to_string(c.reloptions, ','), ''), c.relrowsecurity,
    c.oid || ':' || COALESCE(r.oid || ':' || r.xmin::text, '')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
LEFT JOIN unnest($2::name[], $3::name[]) AS w (schema, name) ON w.schema = n.nspname AND w.name = c.relname
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname = ANY ($1::name[]) OR w.name IS NOT NULL)`,
		[]string{list(c.governedSchemas()), list(schemas), list(names)}, func(v []string) {
			c.out.relations[Relation{v[0], v[1]}] = relation{kind: v[2], owner: v[3], options: v[4], rowSecurity: v[5] == "t", mark: v[6]}
		})
}

func (c *crawler) viewColumns() {
	c.columns = map[Relation][]ViewColumn{}
	c.each(`SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'v' AND n.nspname = ANY ($1::name[]) ORDER BY c.oid, a.attnum`, []string{list(c.governedSchemas())}, func(v []string) {
		at := Relation{v[0], v[1]}
		c.columns[at] = append(c.columns[at], ViewColumn{v[2], v[3]})
	})
}

func (c *crawler) dependents() {
	c.readers = map[Relation][]string{}
	c.each(`SELECT DISTINCT n.nspname, c.relname, dn.nspname || '.' || dc.relname
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS dc ON dc.oid = r.ev_class JOIN pg_namespace AS dn ON dn.oid = dc.relnamespace
WHERE n.nspname = ANY ($1::name[]) AND dc.oid <> c.oid ORDER BY 3`, []string{list(c.governedSchemas())}, func(v []string) {
		at := Relation{v[0], v[1]}
		c.readers[at] = append(c.readers[at], v[2])
	})
}

// views tells ours, as we left them, from what somebody changed or made. options are those that ours have.
func (c *crawler) views(options ...string) {
	governed := c.governedSchemas()
	for at, r := range c.out.relations {
		if !slices.Contains(governed, at.Schema) {
			continue
		}
		entry, known := c.out.ledger[ledgerKey{"view", at.Schema, at.Name}]
		v := View{Columns: c.columns[at], Dependents: c.readers[at], Late: c.late[at], Foreign: !known || r.kind != "v" || r.owner != c.settings.SystemRole}
		if !v.Foreign && entry.mark == r.mark && slices.Contains(options, r.options) {
			// The digest is of the options, too.
			v.Digest, v.Writable = entry.digest, r.options == writableBarrier
		}
		c.out.Views[at] = v
	}
}

func (c *crawler) find(kind FindingKind, object, detail string) {
	c.out.findings = append(c.out.findings, Finding{Kind: kind, Object: object, Detail: detail})
}

func (c *crawler) profile() {
	if !c.out.facts.prepared {
		return
	}
	audiences := "'[]'"
	if c.out.facts.admits {
		audiences = "to_json(audiences)"
	}
	c.each("SELECT account, user_name, to_json(groups), to_json(purposes), attributes, to_json(flags), "+audiences+" FROM postern_system.profile", nil, func(v []string) {
		p := Profile{Account: v[0], User: v[1]}
		attributes := map[string][]string{}
		for text, into := range map[string]any{v[2]: &p.Groups, v[3]: &p.Purposes, v[5]: &p.Flags, v[6]: &p.Audiences} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				p.User = ""
			}
		}
		if err := json.Unmarshal([]byte(v[4]), &attributes); err != nil {
			p.User = ""
		}
		object, err := json.Marshal(attributes)
		if err != nil {
			p.User = ""
		}
		p.Attributes = string(object)
		c.out.Profile[p.Account] = p
	})
}

func (c *crawler) paths() {
	c.each(`SELECT r.rolname, substr(o.setting, 13) FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole, unnest(s.setconfig) AS o (setting)
WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND o.setting LIKE 'search\_path=%'`, nil, func(v []string) {
		entry, known := c.out.ledger[ledgerKey{"path", "", v[0]}]
		if known && entry.mark == v[1] {
			c.out.Paths[v[0]] = entry.digest
			return
		}
		c.out.foreignPaths[v[0]] = v[1]
	})
}

// kindOf says which kind of role is on record under a name.
func (a *Actual) kindOf(name string) RoleKind {
	for _, kind := range []RoleKind{RolePerson, RoleGroup} {
		if _, known := a.ledger[ledgerKey{string(kind), "", name}]; known {
			return kind
		}
	}
	return RoleAudience
}
