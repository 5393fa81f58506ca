package push

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// holder is how the holder of a privilege is called here, by a name and a kind as the views of privileges have them, and how SQL calls it.
func holder(want *Desired, name, kind string) (role, sql string) {
	switch kind {
	case "public":
		return publicRole, "PUBLIC"
	case "role":
		if r := want.Roles[name]; r.Kind != "" && r.Kind != RolePerson {
			return name, "ROLE " + rsAccount(name)
		}
		return roleKind + name, "ROLE " + rsAccount(name)
	case "group":
		return groupKind + name, "GROUP " + rsAccount(name)
	}
	return name, rsAccount(name)
}

// redshiftScoped finds permissions for all that is in a schema or in the database, now and later, that people have. Postern grants none, and takes none
// back: they stand apart from the privileges on the objects themselves (Developer Guide, "Scoped permissions").
func (u *ungoverned) redshiftScoped(ctx context.Context, conn *pgconn.PgConn, want *Desired) error {
	near := map[string]bool{SystemSchema: true, ProcedureSchema: true, functionsSchema: true}
	for base := range want.Bases {
		near[base.Schema], near[u.set.SchemaPrefix+base.Schema] = true, true
	}
	schemas, err := query(ctx, conn, "SELECT namespace_name, privilege_type, identity_name, identity_type, privilege_scope FROM pg_catalog.svv_schema_privileges WHERE privilege_scope <> 'SCHEMA'")
	if err != nil {
		return fmt.Errorf("looking for permissions for all that is in a schema: %w", err)
	}
	database, err := query(ctx, conn, "SELECT database_name, privilege_type, identity_name, identity_type, privilege_scope FROM pg_catalog.svv_database_privileges WHERE privilege_scope <> 'DATABASE' AND database_name = "+rsText(u.set.Database))
	if err != nil {
		return fmt.Errorf("looking for permissions for all that is in the database: %w", err)
	}
	for i, v := range slices.Concat(schemas, database) {
		in, kind := "schema", "SCHEMA "
		if i >= len(schemas) {
			in, kind = "database", "DATABASE "
		} else if !near[v[0]] {
			continue
		}
		role, grantee := holder(want, v[2], v[3])
		if people := u.people[role]; len(people) > 0 {
			what := strings.ToUpper(v[1]) + " FOR " + strings.ToUpper(v[4]) + " IN " + kind + rsIdent(v[0])
			u.find(in+" "+v[0], "somebody granted "+strings.ToUpper(v[1])+" for all "+strings.ToLower(v[4])+" in it, now and later, to "+role+": open to "+listed(people)+"; REVOKE "+what+" FROM "+grantee+" ends that")
		}
	}
	return nil
}

// redshiftDefaults finds default privileges of others that open what they make later in the schemas of sources: a source that is dropped and made again, too.
func (u *ungoverned) redshiftDefaults(ctx context.Context, conn *pgconn.PgConn, want *Desired) error {
	schemas := map[string]bool{"": true} // of no schema: of all
	for base := range want.Bases {
		schemas[base.Schema] = true
	}
	rows, err := query(ctx, conn, "SELECT schema_name, object_type, owner_name, privilege_type, grantee_name, grantee_type FROM pg_catalog.svv_default_privileges WHERE owner_name <> "+rsText(u.set.SystemRole))
	if err != nil {
		return fmt.Errorf("looking for default privileges: %w", err)
	}
	for _, v := range rows {
		schema := strings.TrimSpace(v[0])
		role, grantee := holder(want, v[4], v[5])
		people := u.people[role]
		if !schemas[schema] || !strings.EqualFold(v[1], "RELATION") || len(people) == 0 {
			continue
		}
		object, in := "schema "+schema, " IN SCHEMA "+rsIdent(schema)
		if schema == "" {
			object, in = "all schemas", ""
		}
		privilege := strings.ToUpper(v[3])
		u.find(object, "tables that "+v[2]+" makes are opened to "+role+" by default privileges ("+privilege+"), a source that is made again too: open to "+listed(people)+
			"; ALTER DEFAULT PRIVILEGES FOR USER "+rsAccount(v[2])+in+" REVOKE "+privilege+" ON TABLES FROM "+grantee+" ends that")
	}
	return nil
}

// blame says who granted what could not be taken back, and what they have to run. Only who granted something takes it back, or a superuser in their place.
func (redshift) blame(ctx context.Context, conn *pgconn.PgConn, have *Actual, grants []Grant) string {
	var by, owners []string
	for _, g := range grants {
		r, there := have.relations[Relation{g.Object.Schema, g.Object.Name}]
		if g.Object.Kind != ObjectTable || !there {
			return ""
		}
		by, owners = append(by, grantors(ctx, conn, g)...), append(owners, r.owner)
	}
	for _, names := range []*[]string{&by, &owners} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	switch {
	case len(owners) == 0:
		return ""
	case len(by) == 0:
		return "; somebody else granted it, and the cluster does not say who: " + listed(owners) + ", who owns what it is on, or a superuser runs that"
	}
	return "; " + listed(by) + " granted it, and nobody else can take it back: " + listed(by) + " or a superuser runs that"
}

// grantors asks who granted a privilege: the views of privileges do not tell, and SHOW GRANTS of older releases neither.
func grantors(ctx context.Context, conn *pgconn.PgConn, g Grant) (out []string) {
	for _, form := range []string{"SHOW GRANTS", "SHOW COLUMN GRANTS"} {
		results, err := conn.Exec(ctx, form+" ON TABLE "+Relation{g.Object.Schema, g.Object.Name}.redshift()).ReadAll()
		if err != nil || len(results) != 1 {
			continue
		}
		at := map[string]int{}
		for i, f := range results[0].FieldDescriptions {
			at[f.Name] = i + 1
		}
		value := func(row [][]byte, name string) string {
			if i := at[name]; i > 0 && i <= len(row) {
				return strings.TrimSpace(string(row[i-1]))
			}
			return ""
		}
		for _, row := range results[0].Rows {
			grantor := value(row, "grantor_name")
			if grantor != "" && value(row, "identity_name") == g.Role && value(row, "identity_type") == "role" && strings.EqualFold(value(row, "privilege_type"), g.Privilege) && !slices.Contains(out, grantor) {
				out = append(out, grantor)
			}
		}
	}
	return out
}
