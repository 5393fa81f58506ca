package warehouse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/tokenize"
)

// redshiftKeys is the table of the keys of masks that Redshift computes by itself. Who reads it can hash guesses.
const redshiftKeys = FunctionsSchema + ".mask_keys"

// RedshiftKeys are the token domains of a Redshift whose masks are built in.
type RedshiftKeys struct {
	// Domains that need a key. None has the table left as it is.
	Domains []string
	// Versions and Keys are those of Registration: a larger version replaces a key, and a key that is given is the one that its text was drawn from. What is
	// not given is drawn when it is first needed, and known to nobody.
	Versions map[string]int
	Keys     map[string]secret.Value
}

// keyStatements make the table. Only its owner writes it; the proxy's account reads it for everybody, and the system account for the views that it owns.
func (r RedshiftRegistration) keyStatements() []string {
	if len(r.Masks.Domains) == 0 {
		return nil
	}
	return []string{
		"CREATE TABLE IF NOT EXISTS " + redshiftKeys + " (domain varchar(63) NOT NULL, version integer NOT NULL, inner_key varchar(64) NOT NULL, outer_key varchar(64) NOT NULL) DISTSTYLE ALL",
		"REVOKE ALL ON TABLE " + redshiftKeys + " FROM PUBLIC",
		"GRANT SELECT ON TABLE " + redshiftKeys + " TO " + quoteIdent(r.Service),
	}
}

// installKeys brings the table to what the domains need. Keys go as parameters: they are in no text.
func (r RedshiftRegistration) installKeys(ctx context.Context, conn *pgconn.PgConn) error {
	if len(r.Masks.Domains) == 0 {
		return nil
	}
	if err := r.keysAreOurs(ctx, conn); err != nil {
		return err
	}
	for _, domain := range sortedUnique(r.Masks.Domains) {
		if err := r.installKey(ctx, conn, domain); err != nil {
			return fmt.Errorf("registering the key of token domain %q: %w", domain, err)
		}
	}
	return nil
}

func (r RedshiftRegistration) installKey(ctx context.Context, conn *pgconn.PgConn, domain string) error {
	rows, err := query(ctx, conn, "SELECT version, inner_key, outer_key FROM "+redshiftKeys+" WHERE domain = $1", domain)
	if err != nil {
		return errors.New("reading what is there was refused")
	}
	want := max(1, r.Masks.Versions[domain])
	given, isGiven := r.Masks.Keys[domain]
	key := []byte(given.Reveal())
	if !isGiven {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
	}
	keys, err := tokenize.NewSQLKeys(key, domain)
	if err != nil {
		return err
	}
	if len(rows) == 1 {
		have := 0
		if _, err := fmt.Sscan(rows[0][0], &have); err != nil {
			return fmt.Errorf("reading its version: %w", err)
		}
		same := rows[0][1] == keys.Inner && rows[0][2] == keys.Outer
		if isGiven && have == want && same || !isGiven && have >= want {
			return nil
		}
	}
	if _, err := query(ctx, conn, "DELETE FROM "+redshiftKeys+" WHERE domain = $1", domain); err != nil {
		return errors.New("taking the old one away was refused")
	}
	if _, err := query(ctx, conn, "INSERT INTO "+redshiftKeys+" (domain, version, inner_key, outer_key) VALUES ($1, $2, $3, $4)", domain, fmt.Sprint(want), keys.Inner, keys.Outer); err != nil {
		return errors.New("sending it was refused") // the server's words could have it
	}
	return nil
}

// keysAreOurs stops where somebody else owns the table, who could read the keys and put others in their place, or may read it.
func (r RedshiftRegistration) keysAreOurs(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '"+FunctionsSchema+
		"' AND c.relname = 'mask_keys' AND c.relkind = 'r' AND c.relowner = n.nspowner AND (pg_catalog.pg_get_userbyid(n.nspowner) = current_user OR n.nspowner IN (SELECT usesysid FROM pg_catalog.pg_user WHERE usesuper))")
	if err != nil {
		return fmt.Errorf("asking whose the keys are: %w", err)
	}
	if len(rows) != 1 {
		return fmt.Errorf("%s is not a table of the account that registers or of a superuser, as its schema is: keys are not written where somebody else could read them", redshiftKeys)
	}
	readers, err := RedshiftKeyReaders(ctx, conn, r.Service, r.System)
	if err != nil {
		return err
	}
	if len(readers) > 0 {
		return fmt.Errorf("%s is open to %s: REVOKE that first", redshiftKeys, strings.Join(readers, ", "))
	}
	return nil
}

// RedshiftKeyReaders are whom somebody granted anything on the table of keys, other than who is to read it. The owner has no row there, or one of its own name.
func RedshiftKeyReaders(ctx context.Context, conn *pgconn.PgConn, ours ...string) (out []string, err error) {
	rows, err := query(ctx, conn, "SELECT DISTINCT p.identity_type, p.identity_name FROM svv_relation_privileges AS p WHERE p.namespace_name = '"+FunctionsSchema+"' AND p.relation_name = 'mask_keys'")
	if err != nil {
		return nil, fmt.Errorf("asking who may read the keys: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	owner, err := query(ctx, conn, "SELECT pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '"+FunctionsSchema+"' AND c.relname = 'mask_keys'")
	if err != nil {
		return nil, fmt.Errorf("asking whose the keys are: %w", err)
	}
	for _, v := range owner {
		ours = append(ours, v[0])
	}
	for _, v := range rows {
		if kind := strings.TrimSpace(v[0]); kind != "user" || !slices.Contains(ours, v[1]) {
			out = append(out, strings.TrimSpace(kind+" "+v[1]))
		}
	}
	slices.Sort(out)
	return out, nil
}

// redshiftBuiltinDomains is redshiftDomains where masks are built in: of each domain that has one key, the version and the hash of nothing. Who may not read the
// table has none.
func redshiftBuiltinDomains(ctx context.Context, conn *pgconn.PgConn, domains []string) (map[string]DomainState, error) {
	out := map[string]DomainState{}
	const ask = "SELECT version, sha2(outer_key || sha2(inner_key || 'h:' || domain || ':' || sha2('', 256), 256), 256) FROM " + redshiftKeys + " WHERE domain = $1"
	for _, d := range sortedUnique(domains) {
		rows, err := query(ctx, conn, ask, d)
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused) && slices.Contains([]string{"42P01", "3F000", "42501"}, refused.Code):
			return map[string]DomainState{}, nil
		case err != nil:
			return nil, fmt.Errorf("looking for the keys of masks: %w", err)
		case len(rows) != 1:
			continue
		}
		state := DomainState{Probe: rows[0][1], Functions: []string{"keyed_draw", "keyed_hash"}}
		if _, err := fmt.Sscan(rows[0][0], &state.Version); err != nil {
			return nil, fmt.Errorf("reading the version of a key: %w", err)
		}
		out[d] = state
	}
	return out, nil
}
