package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The kinds of schemas in a Redshift (Developer Guide, SVV_ALL_SCHEMAS).
const (
	schemaExternal = "external"
	schemaShared   = "shared"
)

// RedshiftState is what of a registration a Redshift has already. The zero value knows of nothing.
type RedshiftState struct {
	// Known says that the cluster was asked.
	Known bool
	// Account is as whom it was asked, and Superuser what that may do.
	Account   string
	Superuser bool
	// Users and Roles that are there.
	Users, Roles map[string]bool
	// Schemas are Postern's own with their owners, and Kinds what others are: local, external or shared.
	Schemas, Kinds map[string]string
	// Tables are those of the database.
	Tables map[TableName]bool
	// Functions of masks by signature.
	Functions map[string]bool
	// shared says that the database is another cluster's.
	shared bool
}

// LookRedshift asks a Redshift what is there.
func LookRedshift(ctx context.Context, conn *pgconn.PgConn) (RedshiftState, error) {
	s := RedshiftState{Known: true, Users: map[string]bool{}, Roles: map[string]bool{}, Schemas: map[string]string{}, Kinds: map[string]string{}, Tables: map[TableName]bool{}, Functions: map[string]bool{}}
	var failed error
	each := func(sql string, take func(v []string)) {
		if failed != nil {
			return
		}
		rows, err := query(ctx, conn, sql)
		failed = err
		for _, v := range rows {
			take(v)
		}
	}
	each("SELECT current_user", func(v []string) { s.Account = v[0] })
	each("SELECT usename, usesuper FROM pg_catalog.pg_user", func(v []string) {
		s.Users[v[0]] = true
		s.Superuser = s.Superuser || v[0] == s.Account && v[1] == "t"
	})
	each("SELECT role_name FROM svv_roles", func(v []string) { s.Roles[v[0]] = true })
	each("SELECT nspname, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname IN ('postern_system', 'postern_functions', 'postern_procedures')", func(v []string) {
		s.Schemas[v[0]] = v[1]
	})
	each("SELECT schema_name, schema_type FROM svv_all_schemas WHERE database_name = current_database()", func(v []string) { s.Kinds[v[0]] = strings.ToLower(strings.TrimSpace(v[1])) })
	// An external schema of another cluster's database is a datashare by another name (SVV_EXTERNAL_SCHEMAS).
	each("SELECT schemaname FROM svv_external_schemas WHERE eskind = 5", func(v []string) { s.Kinds[v[0]] = schemaShared })
	each("SELECT database_type FROM svv_redshift_databases WHERE database_name = current_database()", func(v []string) { s.shared = strings.EqualFold(strings.TrimSpace(v[0]), schemaShared) })
	each("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm')", func(v []string) {
		s.Tables[TableName{v[0], v[1]}] = true
	})
	each("SELECT schemaname, tablename FROM svv_external_tables", func(v []string) { s.Tables[TableName{v[0], v[1]}] = true })
	each("SELECT p.proname || '(' || oidvectortypes(p.proargtypes) || ')' FROM pg_catalog.pg_proc_info p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'postern_functions'", func(v []string) {
		s.Functions[strings.ReplaceAll(v[0], "character varying", "varchar")] = true
	})
	if failed != nil {
		return RedshiftState{}, fmt.Errorf("asking what the cluster has: %w", failed)
	}
	return s, nil
}

// CheckRedshift reports what stands in the way of a registration: what the setup account lacks and what is not there, as a *MissingError, all at
// once, and what cannot be registered at all. Nothing is changed.
func CheckRedshift(ctx context.Context, conn *pgconn.PgConn, r RedshiftRegistration) (RedshiftState, error) {
	s, err := LookRedshift(ctx, conn)
	if err != nil {
		return s, err
	}
	collation := RedshiftTellsCase(ctx, conn)
	if r.System == "" && errors.Is(collation, ErrFoldsCase) {
		collation = nil // the proxy alone compares nothing that is kept there
	}
	if err := errors.Join(collation, r.refused(s)); err != nil {
		return s, err
	}
	var missing []string
	if !s.Users[r.Service] {
		missing = append(missing, "account "+r.Service+", which is not there: CREATE USER it, as no superuser")
	}
	for _, t := range r.Tables {
		if !s.Tables[t] {
			missing = append(missing, "table "+t.Schema+"."+t.Name+", which is not there, or not to be seen by this account")
		}
	}
	if !s.Superuser {
		more, err := r.lacking(ctx, conn, s)
		if err != nil {
			return s, err
		}
		missing = append(missing, more...)
	}
	if len(missing) > 0 {
		return s, &MissingError{Account: s.Account, Missing: missing}
	}
	return s, nil
}

// refused names what no privilege would help against.
func (r RedshiftRegistration) refused(s RedshiftState) error {
	var out []error
	if s.shared {
		out = append(out, fmt.Errorf("database %s is a datashare of another cluster: views cannot be made in it, and its owner's policies do not come with it. Register the tables at the cluster that owns them", r.Database))
	}
	for _, schema := range r.schemas() {
		if s.Kinds[schema] == schemaShared {
			out = append(out, fmt.Errorf("schema %s is a datashare of another cluster, whose grants are that cluster's: register its tables there", schema))
		}
	}
	for _, schema := range []string{redshiftSystemSchema, redshiftProcedureSchema} {
		if owner, there := s.Schemas[schema]; r.System != "" && there && owner != r.System {
			out = append(out, fmt.Errorf("schema %s is there and belongs to %s, and not to the system account %s", schema, owner, r.System))
		}
	}
	return errors.Join(out...)
}

// lacking names what an account that is no superuser cannot do and the registration does. Whether it may hand on what it may do itself is asked
// of the views of privileges, which have a row for a grant and none for an owner's own rights.
func (r RedshiftRegistration) lacking(ctx context.Context, conn *pgconn.PgConn, s RedshiftState) (missing []string, err error) {
	ask := func(what, sql string, args ...any) {
		if err != nil {
			return
		}
		var rows [][]string
		if rows, err = query(ctx, conn, fmt.Sprintf(sql, args...)); err != nil {
			err = fmt.Errorf("checking the setup account: %w", err)
			return
		}
		if len(rows) == 0 {
			missing = append(missing, what)
		}
	}
	me := quoteLiteral(s.Account)
	const mine = `SELECT 1 FROM pg_catalog.pg_database WHERE datname = current_database() AND pg_catalog.pg_get_userbyid(datdba) = %[1]s`
	const permission = `SELECT 1 FROM svv_user_grants AS g JOIN svv_system_privileges AS p ON p.identity_name = g.role_name WHERE g.user_name = %s AND UPPER(TRIM(p.system_privilege)) = '%s'`
	ask("CREATE on database "+r.Database+" WITH GRANT OPTION, for schemas", mine+` UNION ALL SELECT 1 FROM svv_database_privileges WHERE identity_name = %[1]s AND UPPER(privilege_type) = 'CREATE' AND admin_option`, me)
	if r.History {
		ask("ALTER USER, for SYSLOG ACCESS UNRESTRICTED of "+r.Service, permission, me, "ALTER USER")
	}
	if r.Lambda.Function != "" {
		ask("CREATE OR REPLACE EXTERNAL FUNCTION, for the functions of masks", permission, me, "CREATE OR REPLACE EXTERNAL FUNCTION")
	}
	if r.System != "" {
		if !s.Users[r.System] {
			ask("CREATE USER, to make account "+r.System, permission, me, "CREATE USER")
		}
		missing = append(missing, "superuser, to give system permissions ("+strings.Join(r.systemPermissions(), ", ")+") to role "+r.permissions())
	}
	const owns = `SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %[2]s AND pg_catalog.pg_get_userbyid(nspowner) = %[1]s`
	for _, schema := range r.schemas() {
		ask("USAGE on schema "+schema+" WITH GRANT OPTION", owns+` UNION ALL SELECT 1 FROM svv_schema_privileges WHERE identity_name = %[1]s AND namespace_name = %[2]s AND UPPER(privilege_type) = 'USAGE' AND admin_option`, me, quoteLiteral(schema))
	}
	const table = `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %[2]s AND c.relname = %[3]s AND pg_catalog.pg_get_userbyid(c.relowner) = %[1]s`
	privileges := []string{"SELECT"}
	if r.System != "" && r.Write {
		privileges = append(privileges, "INSERT", "UPDATE", "DELETE")
	}
	for _, t := range r.Tables {
		if !s.Tables[t] || s.Kinds[t.Schema] == schemaExternal {
			continue
		}
		for _, p := range privileges {
			ask(p+" on table "+t.Schema+"."+t.Name+" WITH GRANT OPTION",
				table+` UNION ALL SELECT 1 FROM svv_relation_privileges WHERE identity_name = %[1]s AND namespace_name = %[2]s AND relation_name = %[3]s AND UPPER(privilege_type) = '%[4]s' AND admin_option`,
				me, quoteLiteral(t.Schema), quoteLiteral(t.Name), p)
		}
	}
	return missing, err
}
