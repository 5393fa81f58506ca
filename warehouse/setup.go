package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// setupQuery has one row for each thing that the account we are logged in as cannot do and registration does. It is for a database administrator to
// read: each says which privilege is missing on what. $1 is the database, $2 the schemas and $3 the tables, in pairs, $4 the privileges to hand on, $5 the
// system role (” for none), $6 whether its password is set, $7 whether pgcrypto is wanted, $8 the service role. What a role holds already need not be given.
const setupQuery = `
WITH me AS (SELECT r.*, current_setting('server_version_num')::int AS version FROM pg_roles AS r WHERE r.rolname = current_user),
wanted AS (SELECT w.schema, w.name, n.oid AS schema_oid, c.oid FROM unnest($2::name[], $3::name[]) AS w (schema, name)
    LEFT JOIN pg_namespace AS n ON n.nspname = w.schema LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name),
holders AS (SELECT $8::name AS role, 'SELECT' AS privilege, '' AS option UNION ALL SELECT $5::name, p, ' WITH GRANT OPTION' FROM unnest($4::text[]) AS p WHERE $5::text <> ''),
missing AS (
    SELECT 1 AS part, 'CREATE on database ' || $1::text || ', for schema postern_functions' AS what FROM me
    WHERE to_regnamespace('postern_functions') IS NULL AND NOT has_database_privilege($1::name, 'CREATE')
    UNION ALL SELECT 1, 'CREATE on database ' || $1::text || ', for extension pgcrypto' FROM me
    WHERE $7::boolean AND to_regnamespace('postern_functions') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto') AND NOT has_database_privilege($1::name, 'CREATE')
    UNION ALL SELECT 1, 'extension pgcrypto, which the server does not have' FROM me
    WHERE $7::boolean AND NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto')
    UNION ALL SELECT 2, 'role ' || $8::text || ', which is not there: CREATE ROLE it, as no superuser' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $8::name)
    UNION ALL SELECT 2, 'CONNECT on database ' || $1::text || ' WITH GRANT OPTION, for ' || g.role
    FROM (VALUES ($8::text), ($5::text)) AS g (role) WHERE g.role <> '' AND NOT has_database_privilege($1::name, 'CONNECT WITH GRANT OPTION')
        AND NOT COALESCE((SELECT has_database_privilege(r.oid, $1::name, 'CONNECT') FROM pg_roles AS r WHERE r.rolname = g.role), false)
    UNION ALL SELECT 2, 'CREATE on database ' || $1::text || ' WITH GRANT OPTION, for ' || $5::text
    WHERE $5::text <> '' AND NOT has_database_privilege($1::name, 'CREATE WITH GRANT OPTION')
        AND NOT COALESCE((SELECT has_database_privilege(r.oid, $1::name, 'CREATE') FROM pg_roles AS r WHERE r.rolname = $5::name), false)
    UNION ALL SELECT 3, 'CREATEROLE, to make role ' || $5::text FROM me
    WHERE $5::text <> '' AND NOT rolsuper AND NOT rolcreaterole AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $5::name)
    UNION ALL SELECT 4, 'table ' || schema || '.' || name || ', which is not there' FROM wanted WHERE oid IS NULL
    UNION ALL SELECT 3, 'CREATEROLE' || CASE WHEN version >= 160000 THEN ', and the ADMIN option on role ' || $5::text ELSE '' END || ', to set the password of role ' || $5::text FROM me
    WHERE $6::boolean AND NOT rolsuper AND EXISTS (SELECT FROM pg_roles WHERE rolname = $5::name)
        AND NOT (rolcreaterole AND (version < 160000 OR pg_has_role($5::name, 'MEMBER WITH ADMIN OPTION')))
    UNION ALL SELECT 5, 'USAGE on schema ' || w.schema || ' WITH GRANT OPTION, for ' || h.role FROM wanted AS w, holders AS h
    WHERE w.oid IS NOT NULL AND NOT has_schema_privilege(w.schema_oid, 'USAGE WITH GRANT OPTION')
        AND NOT COALESCE((SELECT has_schema_privilege(r.oid, w.schema_oid, 'USAGE' || h.option) FROM pg_roles AS r WHERE r.rolname = h.role), false)
    UNION ALL SELECT 6, h.privilege || ' on table ' || w.schema || '.' || w.name || ' WITH GRANT OPTION, for ' || h.role FROM wanted AS w, holders AS h
    WHERE w.oid IS NOT NULL AND NOT has_table_privilege(w.oid, h.privilege || ' WITH GRANT OPTION')
        AND NOT COALESCE((SELECT has_table_privilege(r.oid, w.oid, h.privilege || h.option) FROM pg_roles AS r WHERE r.rolname = h.role), false)
    UNION ALL SELECT 7, 'USAGE on schema ' || n.nspname || ' WITH GRANT OPTION, for ' || $5::text FROM wanted AS w JOIN pg_attrdef AS a ON a.adrelid = w.oid
    JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass JOIN pg_class AS q ON q.oid = d.refobjid AND q.relkind = 'S'
    JOIN pg_namespace AS n ON n.oid = q.relnamespace
    WHERE $5::text <> '' AND 'INSERT' = ANY ($4::text[]) AND NOT has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION')
        AND NOT COALESCE((SELECT has_schema_privilege(r.oid, n.oid, 'USAGE') FROM pg_roles AS r WHERE r.rolname = $5::name), false)
        AND n.nspname <> ALL ($2::name[])
    UNION ALL SELECT 7, 'USAGE on sequence ' || q.oid::regclass || ' WITH GRANT OPTION, for ' || $5::text FROM wanted AS w JOIN pg_attrdef AS a ON a.adrelid = w.oid
    JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass JOIN pg_class AS q ON q.oid = d.refobjid AND q.relkind = 'S'
    WHERE $5::text <> '' AND 'INSERT' = ANY ($4::text[]) AND NOT CASE WHEN q.relkind = 'S' THEN has_sequence_privilege(q.oid, 'USAGE WITH GRANT OPTION') END
        AND NOT COALESCE((SELECT CASE WHEN q.relkind = 'S' THEN has_sequence_privilege(r.oid, q.oid, 'USAGE WITH GRANT OPTION') END FROM pg_roles AS r WHERE r.rolname = $5::name), false)
)
SELECT DISTINCT part, what FROM missing ORDER BY 1, 2`

// MissingError names the privileges that the setup account lacks.
type MissingError struct {
	Account string
	// Missing says of each privilege on what, and what for.
	Missing []string
}

// Error lists them all.
func (e *MissingError) Error() string {
	out := "the setup account " + e.Account + " lacks:"
	for _, m := range e.Missing {
		out += "\n  " + m
	}
	return out
}

// CheckSetup reports, as a *MissingError, which privileges the account that conn is logged in as lacks for a registration, all at once; nothing is
// changed. push is the zero value where nothing is to be maintained.
func CheckSetup(ctx context.Context, conn *pgconn.PgConn, r Registration, push PushRegistration) error {
	rows, err := query(ctx, conn, "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("checking the setup account: %w", errors.Join(err, errors.New("it is no role of the server's")))
	}
	var schemas, tables []string
	for _, t := range r.Tables {
		schemas, tables = append(schemas, t.Schema), append(tables, t.Name)
	}
	privileges := []string{"SELECT"}
	if push.SystemRole != "" && push.Write {
		privileges = append(privileges, "INSERT", "UPDATE", "DELETE", "TRUNCATE")
	}
	missing, err := query(ctx, conn, setupQuery, r.Database, textArray(schemas), textArray(tables), textArray(privileges), push.SystemRole,
		fmt.Sprint(push.SystemRole != "" && push.Verifier.Reveal() != ""), fmt.Sprint(r.Ciphers), r.ServiceRole)
	if err != nil {
		return fmt.Errorf("checking the setup account: %w", err)
	}
	if len(missing) == 0 {
		return nil
	}
	out := &MissingError{Account: rows[0][0]}
	for _, m := range missing {
		out.Missing = append(out.Missing, m[1])
	}
	return out
}

// textArray prints an array of names as the server reads it.
func textArray(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(n) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}
