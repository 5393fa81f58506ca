package warehouse

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// DomainState is what a warehouse has for a token domain, as far as the session's own role can use it. The zero value is nothing.
type DomainState struct {
	// Version of the key; 0 where there is none.
	Version int
	// Probe is the keyed hash of the empty text. It tells whether the key is the one that somebody else has.
	Probe string
	// Functions are the names of the functions in postern_functions that the role can call: keyed_hash, keyed_draw, protect and
	// format_preserving.
	Functions []string
}

// usableFunctions has a row for each function of a registration that the role can call. Looked up in the catalog, because a name that cannot be
// resolved is an error. 25 is text.
const usableFunctions = `SELECT p.proname FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'postern_functions' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
  AND p.proargtypes::text = CASE p.proname WHEN 'format_preserving' THEN '25 25 25' WHEN 'domain_version' THEN '25' ELSE '25 25' END
  AND p.proname IN ('keyed_hash', 'keyed_draw', 'protect', 'format_preserving', 'domain_version')
ORDER BY p.proname`

// Domains says what the warehouse has for each of the token domains. A domain without a key is not in the answer.
func Domains(ctx context.Context, conn *pgconn.PgConn, domains []string) (map[string]DomainState, error) {
	out := map[string]DomainState{}
	if len(domains) == 0 {
		return out, nil
	}
	if onRedshift(conn) {
		if builtin, ok := conn.CustomData()[builtinKey].(bool); ok && builtin {
			return redshiftBuiltinDomains(ctx, conn, domains)
		}
		return redshiftDomains(ctx, conn, domains)
	}
	rows, err := query(ctx, conn, usableFunctions)
	if err != nil {
		return nil, fmt.Errorf("looking for the functions of masks: %w", err)
	}
	var functions []string
	hashes, versions := false, false
	for _, row := range rows {
		switch name := row[0]; name {
		case "domain_version":
			versions = true
		default:
			hashes = hashes || name == "keyed_hash"
			functions = append(functions, name)
		}
	}
	if !hashes {
		return out, nil
	}
	ask := "SELECT postern_functions.keyed_hash($1, ''), '1'"
	if versions {
		ask = "SELECT postern_functions.keyed_hash($1, ''), postern_functions.domain_version($1)"
	}
	for _, d := range sortedUnique(domains) {
		rows, err := query(ctx, conn, ask, d)
		if err != nil {
			return nil, fmt.Errorf("trying the functions of masks: %w", err)
		}
		if state := (DomainState{Probe: rows[0][0], Functions: functions}); state.Probe != "" {
			if _, err := fmt.Sscan(rows[0][1], &state.Version); err != nil {
				return nil, fmt.Errorf("reading the version of a key: %w", err)
			}
			out[d] = state
		}
	}
	return out, nil
}
