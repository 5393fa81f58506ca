package warehouse

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
)

// FunctionsSchema is where registration puts the functions of keyed masks and their keys.
const FunctionsSchema = "postern_functions"

// TableName is a relation of the warehouse.
type TableName struct{ Schema, Name string }

// Registration is what a warehouse needs before Postern can govern it: the keyed mask functions, and a service role that
// can read what is registered and nothing else. It is installed by an account that may create a schema and grant on
// the tables (an administrator of the database), once, and again whenever tables or token domains are added.
type Registration struct {
	Database string
	// ServiceRole is the role of Config.User. It exists already; registration makes no roles and sets no passwords.
	ServiceRole string
	// Tables that are registered: the service role gets SELECT on them and USAGE on their schemas.
	Tables []TableName
	// Domains are the token domains that get a key, unless they have one.
	Domains []string
	// Versions says which of a domain's keys shall be in force, 1 if nothing is said. A larger one than that of the key that is there replaces
	// it: old tokens then join nothing.
	Versions map[string]int
	// Keys are those that are given; for the other domains the server draws one. A given key replaces another one that is there.
	Keys map[string]secret.Value
	// Ciphers installs the reversible and the format-preserving mask too, and the extension pgcrypto unless it is there.
	Ciphers bool
	// Sandboxes are schemas in which the service role makes tables for one person each. They are made if they are not there.
	Sandboxes []string
	// Procedures installs the procedures by which people who are logged in at the warehouse switch projects.
	Procedures bool
}

// keyBytes is the length of a token domain's key.
const keyBytes = 32

// maxDomainBytes is tokenize.MaxDomainBytes, on which warehouse does not depend but in its tests.
const maxDomainBytes = 1 << 10

// Validate reports every mistake at once.
func (r Registration) Validate() error {
	var mistakes []error
	names := []struct{ what, name string }{{"database", r.Database}, {"service role", r.ServiceRole}}
	for _, t := range r.Tables {
		names = append(names, struct{ what, name string }{"schema", t.Schema}, struct{ what, name string }{"table", t.Name})
	}
	for _, n := range names {
		if n.name == "" || len(n.name) > maxNameBytes || strings.ContainsRune(n.name, 0) {
			mistakes = append(mistakes, fmt.Errorf("%s %q is not a name of 1 to %d bytes", n.what, n.name, maxNameBytes))
		}
	}
	for _, s := range r.Sandboxes {
		if s == "" || len(s) > maxNameBytes || strings.ContainsRune(s, 0) {
			mistakes = append(mistakes, fmt.Errorf("sandbox %q is not a name of 1 to %d bytes", s, maxNameBytes))
		}
	}
	for _, d := range r.Domains {
		if d == "" || len(d) > maxDomainBytes || strings.ContainsRune(d, 0) {
			mistakes = append(mistakes, fmt.Errorf("token domain %q is not 1 to %d bytes", d, maxDomainBytes))
		}
	}
	for _, d := range slices.Sorted(maps.Keys(r.Keys)) {
		if len(r.Keys[d].Reveal()) != keyBytes || !slices.Contains(r.Domains, d) {
			mistakes = append(mistakes, fmt.Errorf("the key of token domain %q has not %d bytes, or the domain is not among those to register", d, keyBytes))
		}
	}
	for _, d := range slices.Sorted(maps.Keys(r.Versions)) {
		if v := r.Versions[d]; v < 0 || v > math.MaxInt32 {
			mistakes = append(mistakes, fmt.Errorf("the version %d of token domain %q is out of range", v, d))
		}
	}
	return errors.Join(mistakes...)
}

// The functions that registration installs; each file says what its functions do.
//
//go:embed keyed_hash.sql
var keyedHashSQL string

//go:embed keyed_draw.sql
var keyedDrawSQL string

//go:embed domain_version.sql
var domainVersionSQL string

// ciphersSQL has several statements, with a line "-- next" between them.
//
//go:embed ciphers.sql
var ciphersSQL string

// registerLock is held while a registration runs, so that two do not make the same schema at once. The number is
// arbitrary.
const registerLock = "SELECT pg_advisory_xact_lock(6075148722361027)"

// Statements returns what Register runs, in order, inside one transaction. Running it again changes nothing that is as
// it should be. No key stands in it: keys are drawn by the server, so that they pass neither the wire nor a log.
func (r Registration) Statements() []string {
	service := quoteIdent(r.ServiceRole)
	out := []string{
		"SET LOCAL search_path = pg_catalog, pg_temp",
		"SET LOCAL standard_conforming_strings = on",
		registerLock,
		"CREATE SCHEMA IF NOT EXISTS postern_functions",
		"CREATE TABLE IF NOT EXISTS postern_functions.keys (\n    domain text PRIMARY KEY,\n    key bytea NOT NULL,\n" +
			"    inner_prefix bytea NOT NULL,\n    outer_pad bytea NOT NULL)",
		"ALTER TABLE postern_functions.keys ADD COLUMN IF NOT EXISTS version integer NOT NULL DEFAULT 1",
		"REVOKE ALL ON SCHEMA postern_functions FROM PUBLIC, " + service,
		"REVOKE ALL ON TABLE postern_functions.keys FROM PUBLIC, " + service,
		strings.TrimSpace(keyedHashSQL), strings.TrimSpace(keyedDrawSQL), strings.TrimSpace(domainVersionSQL),
	}
	if r.Ciphers {
		out = append(out, installPgcrypto)
		for _, statement := range strings.Split(ciphersSQL, "-- next\n") {
			out = append(out, strings.TrimSpace(statement))
		}
	}
	out = append(out, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA postern_functions FROM PUBLIC, "+service, fmt.Sprintf(ownershipCheck, FunctionsSchema, "keys"))
	if r.Procedures {
		out = append(out, r.procedureStatements()...)
	}
	for _, domain := range sortedUnique(r.Domains) {
		if _, given := r.Keys[domain]; !given {
			out = append(out, fmt.Sprintf(newKey, drawnKey, quoteLiteral(domain), r.version(domain), keepKey))
		}
	}
	out = append(out, "GRANT USAGE ON SCHEMA postern_functions TO "+service)
	for _, f := range r.functions() {
		out = append(out, "GRANT EXECUTE ON FUNCTION postern_functions."+f+" TO "+service)
	}
	out = append(out, "GRANT CONNECT ON DATABASE "+quoteIdent(r.Database)+" TO "+service)
	var schemas, tables []string
	for _, t := range r.Tables {
		schemas = append(schemas, quoteIdent(t.Schema))
		tables = append(tables, quoteIdent(t.Schema)+"."+quoteIdent(t.Name))
	}
	for _, s := range sortedUnique(schemas) {
		out = append(out, "GRANT USAGE ON SCHEMA "+s+" TO "+service)
	}
	for _, t := range sortedUnique(tables) {
		out = append(out, "GRANT SELECT ON TABLE "+t+" TO "+service)
	}
	return append(out, r.sandboxStatements()...)
}

// Script is the whole as text for psql, but for keys that are given: those are in no text, and only Register installs them.
func (r Registration) Script() string {
	var note strings.Builder
	for _, domain := range slices.Sorted(maps.Keys(r.Keys)) {
		fmt.Fprintf(&note, "-- The given key of token domain %s is not part of this script: `postern register` installs it.\n", quoteLiteral(domain))
	}
	return note.String() + "BEGIN;\n" + strings.Join(r.Statements(), ";\n") + ";\nCOMMIT;\n"
}

// ownershipCheck, of a schema and its table, stops where somebody else could read the keys or change the functions: who was there first could
// have made the schema, and default privileges can grant more than was asked for.
const ownershipCheck = `DO $check$
DECLARE
    home regnamespace := '%[1]s';
    found text;
BEGIN
    SELECT string_agg(what, ', ' ORDER BY what) INTO found FROM (
        SELECT 'schema' AS what, nspowner AS owner, nspacl AS acl FROM pg_namespace WHERE oid = home
        UNION ALL
        SELECT 'relation ' || relname, relowner, relacl FROM pg_class WHERE relnamespace = home
            AND relkind NOT IN ('i', 'I')
        UNION ALL
        SELECT 'function ' || proname, proowner, proacl FROM pg_proc WHERE pronamespace = home
    ) AS o
    WHERE owner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
       OR EXISTS (SELECT FROM aclexplode(acl) AS a WHERE a.grantee <> owner AND a.privilege_type NOT IN ('USAGE', 'EXECUTE'));
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'in schema %%, not owned by %% alone: %%', home, current_user, found;
    END IF;
    SELECT string_agg(tgname, ', ') INTO found FROM pg_trigger WHERE tgrelid = '%[1]s.%[2]s'::regclass;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'table %[1]s.%[2]s has triggers: %%', found;
    END IF;
    IF current_setting('server_encoding') = 'SQL_ASCII' THEN
        RAISE EXCEPTION 'the database has encoding SQL_ASCII, in which text cannot be hashed safely';
    END IF;
END
$check$`

// newKey draws a key of 256 bits unless the domain has one, and stores what every call would else compute again: the inner
// pad followed by the domain and a zero byte, and the outer pad (RFC 2104). Three random UUIDs hold 366 random bits of the
// server's strong generator.
const newKey = `WITH drawn AS MATERIALIZED (
    SELECT %s AS key
), padded AS (
    SELECT i, CASE WHEN i < 32 THEN get_byte(key, i) ELSE 0 END AS byte FROM drawn, generate_series(0, 63) AS i
)
INSERT INTO postern_functions.keys (domain, version, key, inner_prefix, outer_pad)
SELECT d.domain, d.version, k.key,
    (SELECT string_agg(set_byte('\x00', 0, b.byte # 54), ''::bytea ORDER BY b.i) FROM padded AS b) || convert_to(d.domain, 'UTF8') || '\x00'::bytea,
    (SELECT string_agg(set_byte('\x00', 0, b.byte # 92), ''::bytea ORDER BY b.i) FROM padded AS b)
FROM (SELECT %s::text AS domain, %d AS version) AS d, drawn AS k
ON CONFLICT (domain) DO UPDATE SET version = EXCLUDED.version, key = EXCLUDED.key, inner_prefix = EXCLUDED.inner_prefix, outer_pad = EXCLUDED.outer_pad
WHERE %s`

// drawnKey is a key that the server draws, kept until a larger version is asked for; givenKey is one that Register sent.
const (
	drawnKey    = "sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8'))"
	keepKey     = "keys.version < EXCLUDED.version"
	givenKey    = "(SELECT key FROM pg_temp.postern_given)"
	replacedKey = "keys.version <> EXCLUDED.version OR keys.key <> EXCLUDED.key"
)

// Register runs the statements in one transaction as the account that conn is logged in as, reads back that the service
// role can do what it must, and returns what it can do and should not (SelfCheck). On an error nothing has changed.
func Register(ctx context.Context, conn *pgconn.PgConn, r Registration) (warnings []string, err error) {
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("checking the registration: %w", err)
	}
	err = atomically(ctx, conn, "registering", r.Statements(), func() error {
		for _, domain := range slices.Sorted(maps.Keys(r.Keys)) {
			if err := r.sendKey(ctx, conn, domain); err != nil {
				return err
			}
		}
		if err := r.readBack(ctx, conn); err != nil {
			return err
		}
		warnings, err = SelfCheck(ctx, conn, r)
		return err
	})
	return warnings, err
}

// atomically runs statements in one transaction, and then what is left to be done in it. On an error, which begins with what was being done, nothing has changed.
func atomically(ctx context.Context, conn *pgconn.PgConn, doing string, statements []string, rest func() error) (err error) {
	if _, err := conn.Exec(ctx, "BEGIN").ReadAll(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() {
		if err != nil {
			_, end := conn.Exec(ctx, "ROLLBACK").ReadAll()
			err = errors.Join(err, end)
		}
	}()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement).ReadAll(); err != nil {
			return fmt.Errorf("%s: %s: %w", doing, firstLine(statement), err)
		}
	}
	if err := rest(); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "COMMIT").ReadAll(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// firstLine names a statement in an error; the line of a statement's beginning says enough and holds no values but names.
func firstLine(statement string) string {
	for line := range strings.Lines(statement) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "--") {
			return line
		}
	}
	return ""
}

func sortedUnique(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteLiteral is for standard_conforming_strings = on, which every script sets.
func quoteLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
