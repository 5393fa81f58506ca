package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// waysQuery has a row for each way around: a relation or function of somebody else's through which a source can be read, and who may use it.
// Views and materialized views are read with their owner's rights, unless they say security_invoker; a table shows the rows of those that
// inherit from it, and those show theirs; what a SECURITY DEFINER function returns nobody can know.
const waysQuery = `
WITH RECURSIVE wanted AS (
    SELECT c.oid, n.nspname, c.relname FROM unnest($1::name[], $2::name[]) AS w (schema, name)
    JOIN pg_namespace AS n ON n.nspname = w.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
), readers AS (
    SELECT w.nspname, w.relname, r.ev_class AS oid FROM wanted AS w
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> w.oid
    UNION
    SELECT p.nspname, p.relname, r.ev_class FROM readers AS p
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> p.oid
), parents AS (
    SELECT w.nspname, w.relname, i.inhparent AS oid FROM wanted AS w JOIN pg_inherits AS i ON i.inhrelid = w.oid
    UNION
    SELECT p.nspname, p.relname, i.inhparent FROM parents AS p JOIN pg_inherits AS i ON i.inhrelid = p.oid
), children AS (
    SELECT w.nspname, w.relname, i.inhrelid AS oid FROM wanted AS w JOIN pg_inherits AS i ON i.inhparent = w.oid
    UNION
    SELECT p.nspname, p.relname, i.inhrelid FROM children AS p JOIN pg_inherits AS i ON i.inhparent = p.oid
), openings AS (
    SELECT c.oid, a.grantee FROM pg_class AS c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) AS a
    WHERE a.privilege_type = 'SELECT' AND c.oid IN (SELECT oid FROM readers UNION SELECT oid FROM parents UNION SELECT oid FROM children)
    UNION
    SELECT t.attrelid, a.grantee FROM pg_attribute AS t, aclexplode(t.attacl) AS a
    WHERE a.privilege_type = 'SELECT' AND t.attrelid IN (SELECT oid FROM readers UNION SELECT oid FROM parents UNION SELECT oid FROM children)
), ways AS (
    SELECT r.nspname, r.relname, CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.oid::regclass AS via, c.relowner AS owner, a.grantee
    FROM readers AS r JOIN pg_class AS c ON c.oid = r.oid JOIN openings AS a ON a.oid = c.oid
    WHERE c.relowner <> current_user::regrole AND NOT COALESCE(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false)
    UNION
    SELECT p.nspname, p.relname, 'parent table ' || c.oid::regclass, c.relowner, a.grantee
    FROM parents AS p JOIN pg_class AS c ON c.oid = p.oid JOIN openings AS a ON a.oid = c.oid
    WHERE c.oid NOT IN (SELECT oid FROM wanted)
    UNION
    SELECT p.nspname, p.relname, 'child table ' || c.oid::regclass, c.relowner, a.grantee
    FROM children AS p JOIN pg_class AS c ON c.oid = p.oid JOIN openings AS a ON a.oid = c.oid
    WHERE c.oid NOT IN (SELECT oid FROM wanted)
    UNION
    SELECT '', '', 'function ' || p.oid::regprocedure, p.proowner, a.grantee
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE p.prosecdef AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'postern\_%'
)
SELECT nspname, relname, via, pg_get_userbyid(owner), CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END FROM ways ORDER BY 1, 2, 3, 5`

func newUngoverned(a *Actual, set Settings, want *Desired) *ungoverned {
	u := &ungoverned{actual: a, set: set, people: map[string][]string{}, everybody: slices.Sorted(maps.Keys(want.Profile))}
	for _, account := range u.everybody {
		for role := range a.closure(account) {
			u.people[role] = append(u.people[role], account)
		}
	}
	u.people[publicRole] = u.everybody
	return u
}

// ungoverned looks for ways to the data that the policies do not close.
func (a *Actual) ungoverned(ctx context.Context, conn *pgconn.PgConn, set Settings, want *Desired) error {
	u := newUngoverned(a, set, want)
	u.roles(want)
	u.keepers(want)
	u.tables(want)
	schemas, names := split(slices.Collect(maps.Keys(want.Bases)))
	rows, err := query(ctx, conn, waysQuery, list(schemas), list(names))
	if err != nil {
		return fmt.Errorf("looking for ways around: %w", err)
	}
	u.ways(rows, want)
	if rows, err = query(ctx, conn, mappingsQuery); err != nil {
		return fmt.Errorf("looking for accounts on foreign servers: %w", err)
	}
	u.mappings(rows)
	return u.replication(ctx, conn, want)
}

// beyondPolicies are the roles of servers whose members see what no grant and no view says: all data, files of the server, the statements that others
// run, with the values in them; and what managed services have in the place of a superuser.
func beyondPolicies() []string {
	return []string{
		"pg_read_all_data", "pg_write_all_data", "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_read_all_stats", "pg_monitor",
		"rds_superuser", "rds_replication", "cloudsqlsuperuser", "azure_pg_admin", "neon_superuser",
	}
}

// mappingsQuery has who may use which server of foreign tables with an account that is stored for them: it may lead back here.
const mappingsQuery = `SELECT s.srvname, CASE m.umuser WHEN 0 THEN 'public' ELSE pg_get_userbyid(m.umuser) END, CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END
FROM pg_user_mappings AS m JOIN pg_foreign_server AS s ON s.oid = m.srvid, aclexplode(COALESCE(s.srvacl, acldefault('S', s.srvowner))) AS a
WHERE a.privilege_type = 'USAGE' ORDER BY 1, 2, 3`

// mappings finds people who reach another server with somebody's account.
func (u *ungoverned) mappings(rows [][]string) {
	for _, v := range rows {
		server, account, users := v[0], v[1], u.people[v[2]]
		for _, who := range u.everybody {
			if (account == publicRole || account == who) && slices.Contains(users, who) {
				u.find("role "+who, "may use the foreign server "+server+" with an account that is stored there: if it leads back here, that account's rights are theirs")
			}
		}
	}
}

// closure is the role and all that it is a member of, by whatever way.
func (a *Actual) closure(role string) map[string]bool {
	out := map[string]bool{}
	var visit func(string)
	visit = func(r string) {
		if out[r] {
			return
		}
		out[r] = true
		for _, next := range a.memberships[r] {
			visit(next)
		}
	}
	visit(role)
	return out
}

type ungoverned struct {
	actual    *Actual
	set       Settings
	everybody []string
	// people are those in a role, by role; they are in their own.
	people map[string][]string
}

func (u *ungoverned) find(object, detail string) {
	f := Finding{Kind: NotGoverned, Object: object, Detail: detail}
	if !slices.Contains(u.actual.findings, f) {
		u.actual.findings = append(u.actual.findings, f)
	}
}

// roles finds people in roles that see more than the policies say, and audiences that are in any role at all.
func (u *ungoverned) roles(want *Desired) {
	for role, people := range u.people {
		r := u.actual.Server[role]
		for _, account := range people {
			if account == role {
				continue
			}
			switch {
			case role == u.set.SystemRole || role == u.set.ServiceRole:
				u.find("role "+account, "is a member of "+role+", a role of Postern's own that reads everything")
			case want.Roles[role].Kind == RolePerson:
				u.find("role "+account, "is a member of "+role+", another person's role")
			case r.super || r.bypassRLS || r.replication:
				u.find("role "+account, "is a member of "+role+", an administrator's role")
			case slices.Contains(beyondPolicies(), role):
				u.find("role "+account, "is a member of "+role)
			}
		}
	}
	for name, r := range want.Roles {
		if r.Kind != RolePerson && len(u.actual.memberships[name]) > 0 {
			u.find("role "+name, "is a member of "+listed(u.actual.memberships[name])+", and its members with it")
		}
	}
}

// tables finds people who own a source, or to whom somebody else opened it.
func (u *ungoverned) tables(want *Desired) {
	for base := range want.Bases {
		r, there := u.actual.relations[base]
		if !there {
			continue
		}
		name := base.Schema + "." + base.Name
		if people := u.people[r.owner]; len(people) > 0 {
			u.find(name, "belongs to "+r.owner+": all of it is open to "+listed(people))
		}
		for _, entry := range r.foreign {
			role, privilege, _ := strings.Cut(entry, "=")
			if role == u.set.ServiceRole || role == u.set.SystemRole || u.actual.secures(base, privilege) && !slices.Contains(u.set.SeeAllRows, role) {
				continue
			}
			if people := u.people[role]; len(people) > 0 {
				u.find(name, "somebody granted "+privilege+" to "+role+": open to "+listed(people))
			}
		}
	}
}

// ways finds people who may use something of somebody else's that reads a source.
func (u *ungoverned) ways(rows [][]string, want *Desired) {
	readers := map[string]bool{}
	for base := range want.Bases {
		r := u.actual.relations[base]
		readers[r.owner] = true
		for _, entry := range r.foreign {
			if role, privilege, _ := strings.Cut(entry, "="); privilege == "SELECT" {
				readers[role] = true
			}
		}
	}
	for _, v := range rows {
		object, via, owner, people := v[0]+"."+v[1], v[2], v[3], u.people[v[4]]
		if len(people) == 0 {
			continue
		}
		if v[0] != "" {
			u.find(object, "can be read through "+via+" of "+owner+", open to "+listed(people))
			continue
		}
		able := u.actual.Server[owner].super
		for role := range u.actual.closure(owner) {
			able = able || readers[role]
		}
		if able {
			u.find(via, "runs with the rights of "+owner+", who may read sources, and can be called by "+listed(people)+": what it returns nobody can know")
		}
	}
}
