package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
)

// PushRegistration is what a warehouse needs before Postern can maintain anything in it: a system role that may grant on what is registered.
// It is installed by an account that may do all of that itself, after Registration.
type PushRegistration struct {
	Database string
	// SystemRole is made unless it is there. It owns what is maintained.
	SystemRole string
	// Verifier is the SCRAM-SHA-256 verifier of the role's password, which is set where one is given. It is in no text that is shown.
	Verifier secret.Value
	// CreateRoles gives the role CREATEROLE, which before PostgreSQL 16 is nearly as much as superuser.
	CreateRoles bool
	// CreateRolesFrom16 gives it CREATEROLE on PostgreSQL 16 and later, where it reaches only roles that it made.
	CreateRolesFrom16 bool
	// Tables are the registered ones.
	Tables []TableName
	// Write adds the privileges of writing to that of reading.
	Write bool
}

// Validate reports every mistake at once.
func (r PushRegistration) Validate() error {
	base := Registration{Database: r.Database, ServiceRole: r.SystemRole, Tables: r.Tables}
	if err := base.Validate(); err != nil {
		return fmt.Errorf("the system role's registration: %w", err)
	}
	return nil
}

// Statements returns what RegisterPush runs, in order, inside one transaction, but for the password. Running it again changes nothing that is as it should be.
func (r PushRegistration) Statements() []string {
	role := quoteIdent(r.SystemRole)
	options := "LOGIN NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS"
	if r.CreateRoles {
		options += " CREATEROLE"
	}
	create := "CREATE ROLE " + role + " " + options + ";"
	if r.CreateRolesFrom16 && !r.CreateRoles {
		create = "IF current_setting('server_version_num')::integer >= 160000 THEN\n            CREATE ROLE " + role + " " + options + " CREATEROLE;\n        ELSE\n            " + create + "\n        END IF;"
	}
	out := []string{
		"SET LOCAL search_path = pg_catalog, pg_temp",
		"SET LOCAL standard_conforming_strings = on",
		registerLock,
		fmt.Sprintf("DO $role$\nBEGIN\n    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %s) THEN\n        %s\n    END IF;\nEND\n$role$", quoteLiteral(r.SystemRole), create),
		"GRANT CONNECT, CREATE ON DATABASE " + quoteIdent(r.Database) + " TO " + role,
	}
	privileges := "SELECT"
	if r.Write {
		privileges = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
	}
	var schemas, tables []string
	for _, t := range r.Tables {
		schemas = append(schemas, quoteIdent(t.Schema))
		tables = append(tables, quoteIdent(t.Schema)+"."+quoteIdent(t.Name))
	}
	for _, s := range sortedUnique(schemas) {
		out = append(out, "GRANT USAGE ON SCHEMA "+s+" TO "+role+" WITH GRANT OPTION")
	}
	for _, t := range sortedUnique(tables) {
		out = append(out, "GRANT "+privileges+" ON TABLE "+t+" TO "+role+" WITH GRANT OPTION")
	}
	if r.Write && len(tables) > 0 {
		literals := make([]string, 0, len(tables))
		for _, t := range sortedUnique(tables) {
			literals = append(literals, quoteLiteral(t)+"::regclass")
		}
		out = append(out, fmt.Sprintf(sequencesForSystem, strings.Join(literals, ", "), quoteLiteral(r.SystemRole)))
	}
	return append(out, fmt.Sprintf(functionsForSystem, role, quoteLiteral(r.SystemRole)))
}

// functionsForSystem lets the system role call the keyed functions that Registration installed; it hands them on behind a ticket.
const functionsForSystem = `DO $functions$
DECLARE
    f regprocedure;
BEGIN
    IF to_regnamespace('postern_functions') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA postern_functions TO %[1]s;
        FOR f IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'postern_functions'::regnamespace
            AND p.proname IN ('keyed_hash', 'keyed_draw', 'protect', 'format_preserving', 'domain_version')
        LOOP
            EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO ' || quote_ident(%[2]s);
        END LOOP;
    END IF;
END
$functions$`

// sequencesForSystem lets the system role hand on the right to draw numbers where the defaults of tables do so.
const sequencesForSystem = `DO $sequences$
DECLARE
    s regclass;
    n name;
BEGIN
    FOR s IN ` + sequencesOfDefaults + ` WHERE a.adrelid = ANY (ARRAY[%[1]s]::oid[])
    LOOP
        SELECT nspname INTO n FROM pg_namespace WHERE oid = (SELECT relnamespace FROM pg_class WHERE oid = s);
        IF NOT has_schema_privilege(%[2]s, n, 'USAGE') THEN
            EXECUTE 'GRANT USAGE ON SCHEMA ' || quote_ident(n) || ' TO ' || quote_ident(%[2]s);
        END IF;
        EXECUTE 'GRANT USAGE ON SEQUENCE ' || s || ' TO ' || quote_ident(%[2]s) || ' WITH GRANT OPTION';
    END LOOP;
END
$sequences$`

// sequencesOfDefaults are the sequences from which defaults draw numbers. Identity columns draw from theirs without asking anybody.
const sequencesOfDefaults = `SELECT DISTINCT q.oid FROM pg_attrdef AS a
        JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class AS q ON q.oid = d.refobjid AND q.relkind = 'S'`

// Script is the whole as text for psql, but for the password.
func (r PushRegistration) Script() string {
	note := ""
	if r.Verifier.Reveal() != "" {
		note = "-- The password of " + quoteLiteral(r.SystemRole) + " is not part of this script: `postern register` sets it.\n"
	}
	return note + "BEGIN;\n" + strings.Join(r.Statements(), ";\n") + ";\nCOMMIT;\n"
}

// RegisterPush runs the statements in one transaction as the account that conn is logged in as, and reads back that the system role may grant what
// it must. On an error nothing has changed. The warnings say what the role can do beside.
func RegisterPush(ctx context.Context, conn *pgconn.PgConn, r PushRegistration) (warnings []string, err error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	err = atomically(ctx, conn, "registering the system role", r.Statements(), func() error {
		if v := r.Verifier.Reveal(); v != "" {
			if _, err := conn.Exec(ctx, "ALTER ROLE "+quoteIdent(r.SystemRole)+" PASSWORD "+quoteLiteral(v)).ReadAll(); err != nil {
				return errors.New("registering the system role: setting its password was refused")
			}
		}
		if err := r.readBack(ctx, conn); err != nil {
			return err
		}
		warnings, err = r.SelfCheck(ctx, conn)
		return err
	})
	return warnings, err
}

// readBack asks for the right to grant, because a GRANT by who may not hand it on is a warning and not an error.
func (r PushRegistration) readBack(ctx context.Context, conn *pgconn.PgConn) error {
	privileges := []string{"SELECT"}
	if r.Write {
		privileges = append(privileges, "INSERT", "UPDATE", "DELETE", "TRUNCATE")
	}
	var missing []error
	for _, t := range r.Tables {
		for _, p := range privileges {
			rows, err := query(ctx, conn, `SELECT has_schema_privilege($1::name, n.oid, 'USAGE WITH GRANT OPTION') AND has_table_privilege($1::name, c.oid, $4::text)
				FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = $3`, r.SystemRole, t.Schema, t.Name, p+" WITH GRANT OPTION")
			if err != nil {
				return fmt.Errorf("reading back the system role's privileges: %w", err)
			}
			if len(rows) != 1 || rows[0][0] != "t" {
				missing = append(missing, fmt.Errorf("role %s may not grant %s on %s.%s: the account that registers may not hand that on", r.SystemRole, p, t.Schema, t.Name))
			}
		}
	}
	if r.Write {
		for _, t := range r.Tables {
			rows, err := query(ctx, conn, "SELECT s.oid::regclass FROM ("+sequencesOfDefaults+` WHERE a.adrelid = (SELECT c.oid FROM pg_class AS c
				JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = $3) OFFSET 0) AS s WHERE NOT has_sequence_privilege($1::name, s.oid, 'USAGE WITH GRANT OPTION')`, r.SystemRole, t.Schema, t.Name)
			if err != nil {
				return fmt.Errorf("reading back the system role's privileges: %w", err)
			}
			for _, row := range rows {
				missing = append(missing, fmt.Errorf("role %s may not grant USAGE on sequence %s, from which %s.%s draws: the account that registers may not hand that on", r.SystemRole, row[0], t.Schema, t.Name))
			}
		}
	}
	return errors.Join(missing...)
}

// SelfCheck returns what the system role can do and need not, as sentences about the role; it may be asked as the role itself. A role that does not exist
// is an error.
func (r PushRegistration) SelfCheck(ctx context.Context, conn *pgconn.PgConn) ([]string, error) {
	rows, err := query(ctx, conn, `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, current_setting('server_version_num')::int < 160000
		FROM pg_roles WHERE rolname = $1`, r.SystemRole)
	if err != nil || len(rows) != 1 {
		return nil, fmt.Errorf("checking the system role: %w", errors.Join(err, fmt.Errorf("role %s", r.SystemRole)))
	}
	var out []string
	v := rows[0]
	for i, what := range []string{"is a superuser", "has BYPASSRLS", "has CREATEROLE", "has CREATEDB", "has REPLICATION"} {
		if v[i] != "t" || i == 2 && (r.CreateRoles || r.CreateRolesFrom16) && v[5] != "t" {
			continue
		}
		if i == 2 && r.CreateRoles {
			what += ", which on this server is nearly as much as superuser"
		}
		out = append(out, "role "+r.SystemRole+" "+what)
	}
	return out, nil
}
