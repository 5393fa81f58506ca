package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// engineKey marks a connection of Dial's as one to a Redshift, so that what is asked of a warehouse is asked in its words.
const engineKey = "postern.engine"

// builtinKey marks one whose masks are built in.
const builtinKey = "postern.builtinMasks"

func onRedshift(conn *pgconn.PgConn) bool {
	engine, ok := conn.CustomData()[engineKey].(Engine)
	return ok && engine == EngineRedshift
}

// redshiftIdentity names the database: the cluster's own identifier, where there is one, and the database's.
func redshiftIdentity(ctx context.Context, conn *pgconn.PgConn) (string, error) {
	rows, err := query(ctx, conn, "SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()")
	if err != nil {
		return "", fmt.Errorf("asking which database it is: %w", err)
	}
	if len(rows) != 1 {
		return "", errors.New("asking which database it is: no answer")
	}
	// A cluster's namespace is its own for good, and a snapshot that is restored gets another one.
	namespace, err := query(ctx, conn, "SELECT current_namespace")
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused), err == nil && len(namespace) != 1:
		return "redshift/" + rows[0][0], nil
	case err != nil:
		return "", fmt.Errorf("asking which cluster it is: %w", err)
	}
	return "redshift:" + namespace[0][0] + "/" + rows[0][0], nil
}

// redshiftProfile reports whether the session's account can read the profile. It asks for no row: a refusal ends the statement alone.
func redshiftProfile(ctx context.Context, conn *pgconn.PgConn) (bool, error) {
	_, err := query(ctx, conn, "SELECT 1 FROM postern_system.user_profile LIMIT 0")
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000" || refused.Code == "42501") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the profile: %w", err)
	}
	return true, nil
}

// redshiftFunctions has the functions of masks, which are the Lambda's. Their arguments are texts.
const redshiftFunctions = `SELECT DISTINCT p.proname FROM pg_catalog.pg_proc_info p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'postern_functions' AND p.proname IN ('keyed_hash', 'keyed_draw', 'protect', 'format_preserving', 'domain_version')
  AND p.pronargs = CASE p.proname WHEN 'format_preserving' THEN 3 WHEN 'domain_version' THEN 1 ELSE 2 END ORDER BY p.proname`

// redshiftDomains says what a Redshift has for each of the token domains. A call that is refused is a domain that is not there: the Lambda says
// so itself, and an account without EXECUTE can mask nothing.
func redshiftDomains(ctx context.Context, conn *pgconn.PgConn, domains []string) (map[string]DomainState, error) {
	out := map[string]DomainState{}
	rows, err := query(ctx, conn, redshiftFunctions)
	if err != nil {
		return nil, fmt.Errorf("looking for the functions of masks: %w", err)
	}
	var functions []string
	for _, row := range rows {
		functions = append(functions, row[0])
	}
	if !slices.Contains(functions, "keyed_hash") {
		return out, nil
	}
	versions := slices.Contains(functions, "domain_version")
	functions = slices.DeleteFunc(functions, func(f string) bool { return f == "domain_version" })
	for _, d := range sortedUnique(domains) {
		ask := "SELECT postern_functions.keyed_hash($1, ''), '1'"
		if versions {
			ask = "SELECT postern_functions.keyed_hash($1, ''), postern_functions.domain_version($1)"
		}
		rows, err := query(ctx, conn, ask, d)
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused):
			continue
		case err != nil:
			return nil, fmt.Errorf("trying the functions of masks: %w", err)
		case len(rows) != 1 || rows[0][0] == "":
			continue
		}
		state := DomainState{Probe: rows[0][0], Functions: functions}
		if _, err := fmt.Sscan(rows[0][1], &state.Version); err != nil {
			return nil, fmt.Errorf("reading the version of a key: %w", err)
		}
		out[d] = state
	}
	return out, nil
}

// tryRedshift has a Redshift plan queries, and run none. EXPLAIN runs nothing there, and takes no locks that others wait for.
func tryRedshift(ctx context.Context, conn *pgconn.PgConn, queries []string) ([]error, error) {
	if _, err := conn.Exec(ctx, fmt.Sprintf("SET statement_timeout TO %d", tryStatementTimeout.Milliseconds())).ReadAll(); err != nil {
		return nil, fmt.Errorf("preparing to try queries: %w", err)
	}
	out := make([]error, len(queries))
	for i, q := range queries {
		_, err := query(ctx, conn, "EXPLAIN "+q)
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused):
			out[i] = refused
		case err != nil:
			return nil, fmt.Errorf("trying queries: %w", err)
		}
	}
	return out, nil
}
