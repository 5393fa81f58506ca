package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Removal returns what Unregister runs, in order, inside one transaction: it takes back what the statements of a Registration, and of a PushRegistration unless that
// is the zero value, gave and made. What somebody else made there, or granted, is left, and stops it where it hangs on what has to go.
func Removal(r Registration, push PushRegistration) []string {
	var schemas, names []string
	for _, t := range r.Tables {
		schemas, names = append(schemas, t.Schema), append(names, t.Name)
	}
	out := []string{
		"SET LOCAL search_path = pg_catalog, pg_temp",
		"SET LOCAL standard_conforming_strings = on",
		registerLock,
		maintainedCheck,
		fmt.Sprintf(removeService, quoteLiteral(r.ServiceRole), quoteLiteral(textArray(schemas)), quoteLiteral(textArray(names)), quoteLiteral(r.Database), quoteLiteral(textArray(r.Sandboxes))),
	}
	if push.SystemRole != "" {
		out = append(out, fmt.Sprintf(removeSystem, quoteLiteral(push.SystemRole)))
	}
	return append(out, fmt.Sprintf(removeSchema, quoteLiteral(FunctionsSchema)), fmt.Sprintf(removeSchema, quoteLiteral(ProceduresSchema)))
}

// RemovalScript is the whole as text for psql.
func RemovalScript(r Registration, push PushRegistration) string {
	return "-- The keys of token domains go too: what reversible masks gave cannot be turned back any more, and other keys give other tokens.\n" +
		"BEGIN;\n" + strings.Join(Removal(r, push), ";\n") + ";\nCOMMIT;\n"
}

// maintainedCheck stops while the Syncer's ledger is there: it alone knows what is to be taken back.
const maintainedCheck = `DO $maintained$
BEGIN
    IF to_regnamespace('postern_system') IS NOT NULL THEN
        RAISE EXCEPTION 'schema postern_system is there: run "postern unregister" first';
    END IF;
END
$maintained$`

// removeService takes from the service role what registration gave it: reading what is registered, and nothing that others granted beside.
// Sandboxes go where nothing is in them.
const removeService = `DO $service$
DECLARE
    service name := %[1]s;
    what text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
        RETURN;
    END IF;
    FOR what IN
        SELECT 'SELECT ON TABLE ' || c.oid::regclass FROM unnest(%[2]s::name[], %[3]s::name[]) AS w (schema, name)
        JOIN pg_namespace AS n ON n.nspname = w.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
        UNION SELECT 'USAGE ON SCHEMA ' || quote_ident(n.nspname) FROM pg_namespace AS n WHERE n.nspname = ANY (%[2]s::name[])
        UNION SELECT 'USAGE, CREATE ON SCHEMA ' || quote_ident(n.nspname) FROM pg_namespace AS n WHERE n.nspname = ANY (%[5]s::name[])
        UNION SELECT 'CONNECT ON DATABASE ' || quote_ident(%[4]s)
    LOOP
        EXECUTE 'REVOKE ' || what || ' FROM ' || quote_ident(service);
    END LOOP;
    FOR what IN SELECT n.nspname FROM pg_namespace AS n WHERE n.nspname = ANY (%[5]s::name[]) AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid)
    LOOP
        EXECUTE 'DROP SCHEMA ' || quote_ident(what);
    END LOOP;
END
$service$`

// removeSystem takes from the system role all that it holds in this database, and drops it unless something else hangs on it: another database, or what others granted.
const removeSystem = `DO $system$
DECLARE
    system name := %[1]s;
    id oid := (SELECT oid FROM pg_roles WHERE rolname = %[1]s);
    what text;
BEGIN
    IF id IS NULL THEN
        RETURN;
    END IF;
    FOR what IN
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE a.grantee = id
        UNION SELECT 'SCHEMA ' || quote_ident(n.nspname) FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE a.grantee = id
        UNION SELECT 'FUNCTION ' || p.oid::regprocedure FROM pg_proc AS p, aclexplode(p.proacl) AS a WHERE a.grantee = id
        UNION SELECT 'DATABASE ' || quote_ident(d.datname) FROM pg_database AS d, aclexplode(d.datacl) AS a WHERE a.grantee = id AND d.datname = current_database()
    LOOP
        EXECUTE 'REVOKE ALL ON ' || what || ' FROM ' || quote_ident(system);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = id AND d.classid <> 'pg_auth_members'::regclass) THEN
        EXECUTE 'DROP ROLE ' || quote_ident(system);
    END IF;
END
$system$`

// removeSchema drops a schema of ours with what of ours is in it. That somebody else's hangs on it is an error that names it.
const removeSchema = `DO $schema$
DECLARE
    home oid := to_regnamespace(%[1]s);
    owner oid := (SELECT nspowner FROM pg_namespace WHERE nspname = %[1]s);
    what text;
BEGIN
    IF home IS NULL THEN
        RETURN;
    END IF;
    FOR what IN SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = home AND p.proowner = owner
    LOOP
        EXECUTE 'DROP ROUTINE ' || what;
    END LOOP;
    FOR what IN SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind = 'r' AND c.relowner = owner
    LOOP
        EXECUTE 'DROP TABLE ' || what;
    END LOOP;
    EXECUTE 'DROP SCHEMA ' || quote_ident(%[1]s);
END
$schema$`

// Unregister runs the statements in one transaction as the account that conn is logged in as, and returns what is left, in words. On an error nothing has changed.
func Unregister(ctx context.Context, conn *pgconn.PgConn, r Registration, push PushRegistration) (left []string, err error) {
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("checking the registration: %w", err)
	}
	err = atomically(ctx, conn, "taking the registration back", Removal(r, push), func() error {
		rows, err := query(ctx, conn, `SELECT 'role ' || rolname || ' is kept: something else hangs on it' FROM pg_roles WHERE rolname = $1
		UNION ALL SELECT 'schema ' || nspname || ' is kept: it holds what people made' FROM pg_namespace WHERE nspname = ANY ($2::name[])
		UNION ALL SELECT 'role ' || rolname || ', which registration has not made, is kept' FROM pg_roles WHERE rolname = $3
		UNION ALL SELECT 'extension pgcrypto is kept: others may use it' FROM pg_extension WHERE extname = 'pgcrypto' AND $4::boolean`,
			push.SystemRole, textArray(r.Sandboxes), r.ServiceRole, fmt.Sprint(r.Ciphers))
		if err != nil {
			return fmt.Errorf("looking what is left of the registration: %w", err)
		}
		for _, row := range rows {
			left = append(left, row[0])
		}
		return nil
	})
	return left, err
}
