package push

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// formatVersion of what SystemSchema holds. Another one is refused.
const formatVersion = 1

// bootstrap is what SystemSchema holds. The system role owns all of it, and nobody else may do anything with it.
const bootstrap = `CREATE SCHEMA postern_system;
REVOKE ALL ON SCHEMA postern_system FROM PUBLIC;
CREATE TABLE postern_system.sync (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    connection text NOT NULL,
    format integer NOT NULL,
    revision bigint NOT NULL,
    program text NOT NULL,
    step integer NOT NULL,
    steps integer NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE postern_system.ledger (
    kind text NOT NULL,
    schema name NOT NULL,
    name name NOT NULL,
    digest text NOT NULL,
    mark text NOT NULL,
    PRIMARY KEY (kind, schema, name)
);
CREATE TABLE postern_system.profile (
    account name PRIMARY KEY,
    user_name text NOT NULL,
    groups text[] NOT NULL,
    purposes text[] NOT NULL,
    attributes jsonb NOT NULL,
    flags text[] NOT NULL
);
CREATE VIEW postern_system.user_profile WITH (security_barrier) AS
    SELECT p.user_name, p.groups, p.purposes, p.attributes, p.flags
    FROM postern_system.profile AS p WHERE p.account OPERATOR(pg_catalog.=) CURRENT_USER;
CREATE TABLE postern_system.ticket (ticket uuid NOT NULL);
INSERT INTO postern_system.ticket VALUES (pg_catalog.gen_random_uuid());
REVOKE ALL ON ALL TABLES IN SCHEMA postern_system FROM PUBLIC`

// wrapper is a function of keyed masks for stored views. A view's functions are called under the privileges of who reads the view; with the
// ticket, which only the view's owner reads, nobody can call them from elsewhere and hash guesses. Its settings are wrapperSettings: from
// PostgreSQL 18 on the plan of a function's body has the arguments for constants, and whoever sets debug_print_plan is shown it.
const wrapper = `CREATE OR REPLACE FUNCTION postern_system.%[1]s(ticket uuid, %[2]s) RETURNS %[4]s
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 600
SET search_path = pg_catalog, pg_temp
SET debug_print_plan = off
SET client_min_messages = error
AS $function$
SELECT CASE WHEN EXISTS (SELECT FROM postern_system.ticket AS t WHERE t.ticket = $1) THEN postern_functions.%[1]s(%[3]s) END
$function$;
REVOKE ALL ON FUNCTION postern_system.%[5]s FROM PUBLIC`

// wrapperSettings are what a wrapper has to be made with, as the server keeps it. One that has not is made again.
const wrapperSettings = `{"search_path=pg_catalog, pg_temp",debug_print_plan=off,client_min_messages=error}`

// keyedFunction is a function of registration's that may be wrapped.
type keyedFunction struct{ name, original, wrapped, parameters, arguments, result string }

func keyedFunctions() []keyedFunction {
	two := func(name, result string) keyedFunction {
		return keyedFunction{name, name + "(text, text)", name + "(uuid, text, text)", "domain text, value text", "$2, $3", result}
	}
	return []keyedFunction{
		two("keyed_hash", "text"), two("keyed_draw", "bigint"), two("protect", "text"),
		{"format_preserving", "format_preserving(text, text, text)", "format_preserving(uuid, text, text, text)", "domain text, alphabet text, value text", "$2, $3, $4", "text"},
	}
}

func (f keyedFunction) sql() string {
	return fmt.Sprintf(wrapper, f.name, f.parameters, f.arguments, f.result, f.wrapped)
}

// preparation makes SystemSchema, and wraps the functions that registration installed since. It changes nobody's access. The facts are then as if it had run.
func (s *Syncer) preparation(f *facts) (out []string) {
	if !f.prepared {
		out = append(out, bootstrap, "INSERT INTO postern_system.sync VALUES (true, "+text(s.config.Settings.Connection)+
			fmt.Sprintf(", %d, 0, '', 0, 0, pg_catalog.now())", formatVersion))
	}
	if !f.baseline {
		out = append(out, baselineTable)
		f.baseline = true
	}
	if !f.admits {
		out = append(out, admissionTables)
	}
	for _, k := range keyedFunctions() {
		if f.originals[k.original] && !f.wrappers[k.wrapped] {
			out = append(out, k.sql())
			f.wrappers[k.wrapped] = true
		}
	}
	return out
}

// prepare runs the preparation in one transaction.
func (s *Syncer) prepare(ctx context.Context, conn *pgconn.PgConn, f *facts) error {
	statements := s.dialect().preparation(s, f)
	if len(statements) == 0 {
		return nil
	}
	for _, sql := range slices.Concat([]string{"BEGIN"}, statements, []string{"COMMIT"}) {
		if err := s.run(ctx, conn, Statement{SQL: sql}); err != nil {
			return fmt.Errorf("preparing schema %s: %w", SystemSchema, rolledBack(ctx, conn, err))
		}
	}
	f.prepared, f.admits = true, true
	return nil
}
