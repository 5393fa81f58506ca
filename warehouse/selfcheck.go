package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// readBack asks for effective privileges, because a GRANT by who may not grant is a warning and not an error.
func (r Registration) readBack(ctx context.Context, conn *pgconn.PgConn) error {
	var missing []error
	ask := func(what, sql string, args ...string) error {
		rows, err := query(ctx, conn, sql, args...)
		if err != nil {
			return fmt.Errorf("reading back privileges: %w", err)
		}
		if len(rows) != 1 || rows[0][0] != "t" {
			missing = append(missing, fmt.Errorf("role %s has no %s: the account that registers may not grant it", r.ServiceRole, what))
		}
		return nil
	}
	errs := []error{
		ask("CONNECT on database "+r.Database, "SELECT has_database_privilege($1::name, $2::text, 'CONNECT')", r.ServiceRole, r.Database),
	}
	for _, f := range r.functions() {
		errs = append(errs, ask("EXECUTE on postern_functions."+f,
			"SELECT has_schema_privilege($1::name, 'postern_functions', 'USAGE') AND has_function_privilege($1::name, $2, 'EXECUTE')", r.ServiceRole, "postern_functions."+f))
	}
	for _, t := range r.Tables {
		errs = append(errs, ask("SELECT on table "+t.Schema+"."+t.Name,
			`SELECT has_schema_privilege($1::name, n.oid, 'USAGE') AND has_table_privilege($1::name, c.oid, 'SELECT')
			 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = $3`,
			r.ServiceRole, t.Schema, t.Name))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return errors.Join(missing...)
}

// selfCheckQuery has one row for each thing that the service role can do and should not. Everything that Postern forwards runs
// as this role, so whatever it cannot do, a mistake of Postern cannot do either.
const selfCheckQuery = `
WITH role AS (SELECT * FROM pg_roles WHERE rolname = $1)
SELECT 'is a superuser: no privilege and no row policy holds for it' FROM role WHERE rolsuper
UNION ALL SELECT 'has BYPASSRLS' FROM role WHERE rolbypassrls
UNION ALL SELECT 'has CREATEROLE' FROM role WHERE rolcreaterole
UNION ALL SELECT 'has CREATEDB' FROM role WHERE rolcreatedb
UNION ALL SELECT 'has REPLICATION' FROM role WHERE rolreplication
UNION ALL SELECT 'can set role to ' || m.rolname FROM role, pg_roles AS m
    WHERE NOT role.rolsuper AND m.oid <> role.oid AND pg_has_role(role.oid, m.oid, 'MEMBER')
UNION ALL SELECT 'can create schemas in the database' FROM role
    WHERE NOT rolsuper AND has_database_privilege(role.oid, $2::text, 'CREATE')
UNION ALL SELECT 'can create objects in schema ' || n.nspname FROM role, pg_namespace AS n
    WHERE NOT rolsuper AND n.nspname !~ '^pg_' AND has_schema_privilege(role.oid, n.oid, 'CREATE')
UNION ALL SELECT 'owns ' || n.nspname || '.' || c.relname FROM role, pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relowner = role.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL SELECT 'can write to ' || n.nspname || '.' || c.relname FROM role, pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT rolsuper AND c.relowner <> role.oid AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND has_table_privilege(role.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
UNION ALL SELECT 'can read the keys of masks' FROM role
    WHERE NOT rolsuper AND has_table_privilege(role.oid, to_regclass('postern_functions.keys'), 'SELECT')
ORDER BY 1 LIMIT 100`

// SelfCheck returns what the service role can do and should not, as sentences about the role, at most 100. A role that does not exist is an
// error. Register calls it with the search_path pinned; another caller sees to that itself.
func SelfCheck(ctx context.Context, conn *pgconn.PgConn, r Registration) ([]string, error) {
	rows, err := query(ctx, conn, "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", r.ServiceRole)
	if err != nil {
		return nil, fmt.Errorf("checking the service role: %w", err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("checking the service role: there is no role %s", r.ServiceRole)
	}
	var warnings []string
	if rows[0][0] != "t" {
		warnings = append(warnings, fmt.Sprintf("role %s cannot log in", r.ServiceRole))
	}
	rows, err = query(ctx, conn, selfCheckQuery, r.ServiceRole, r.Database)
	if err != nil {
		return nil, fmt.Errorf("checking the service role: %w", err)
	}
	for _, row := range rows {
		warnings = append(warnings, fmt.Sprintf("role %s %s", r.ServiceRole, row[0]))
	}
	return warnings, nil
}

// query runs one statement with text parameters and returns text values, "" for null.
func query(ctx context.Context, conn *pgconn.PgConn, sql string, args ...string) ([][]string, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	result := conn.ExecParams(ctx, strings.TrimSpace(sql), params, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, v := range row {
			rows[i] = append(rows[i], string(v))
		}
	}
	return rows, nil
}
