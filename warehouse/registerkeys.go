package warehouse

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// installPgcrypto installs the extension in a schema of its own, unless it is there already. It is a trusted one: an account that may create in the
// database may install it.
const installPgcrypto = `DO $extension$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto') THEN
        CREATE SCHEMA IF NOT EXISTS postern_pgcrypto;
        CREATE EXTENSION pgcrypto WITH SCHEMA postern_pgcrypto;
    END IF;
END
$extension$`

// version of the domain's key that shall be in force.
func (r Registration) version(domain string) int { return max(1, r.Versions[domain]) }

// functions are those that the service role may call.
func (r Registration) functions() []string {
	out := []string{"keyed_hash(text, text)", "keyed_draw(text, text)", "domain_version(text)"}
	if r.Ciphers {
		out = append(out, "protect(text, text)", "format_preserving(text, text, text)")
	}
	return out
}

// sendKey installs a given key. It goes over the wire as the data of a COPY, which no setting makes the server log.
func (r Registration) sendKey(ctx context.Context, conn *pgconn.PgConn, domain string) error {
	const table = "DROP TABLE IF EXISTS pg_temp.postern_given; CREATE TEMP TABLE postern_given (key bytea NOT NULL) ON COMMIT DROP"
	if _, err := conn.Exec(ctx, table).ReadAll(); err != nil {
		return fmt.Errorf("registering the key of token domain %q: %w", domain, err)
	}
	line := `\\x` + hex.EncodeToString([]byte(r.Keys[domain].Reveal())) + "\n"
	if _, err := conn.CopyFrom(ctx, strings.NewReader(line), "COPY pg_temp.postern_given (key) FROM STDIN"); err != nil {
		return fmt.Errorf("registering the key of token domain %q: sending it was refused", domain)
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf(newKey, givenKey, quoteLiteral(domain), r.version(domain), replacedKey)).ReadAll(); err != nil {
		return fmt.Errorf("registering the key of token domain %q: %w", domain, err)
	}
	return nil
}
