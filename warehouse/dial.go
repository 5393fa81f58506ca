package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"

	"github.com/jackc/pgx/v5/pgconn"
)

// maxMessageBytes bounds one message from the warehouse: a row can be 1 GiB long (PostgreSQL manual, Appendix K, "field
// size"), and the protocol's own limit for a message is just above.
const maxMessageBytes = 1<<30 + 1<<16

// Dial connects and logs in. runtimeParams are sent in the start-up packet (application_name, client_encoding, …). The
// context bounds the dial only, together with the configured timeout.
//
// An error names the warehouse's address and never the password. The server's own refusal can be found in it as a
// *pgconn.PgError.
func Dial(ctx context.Context, c Config, runtimeParams map[string]string) (*pgconn.PgConn, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("checking the connection: %w", err)
	}
	if c.Engine == EngineRedshift {
		return dialRedshift(ctx, c, runtimeParams)
	}
	pc, err := c.pgconn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", c.Address(), err)
	}
	pc.RuntimeParams = maps.Clone(runtimeParams)
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, pc)
	if err != nil {
		// A pgconn.ConnectError holds the whole configuration, the password included: only what it wraps goes on.
		var connectError *pgconn.ConnectError
		if errors.As(err, &connectError) {
			err = connectError.Unwrap()
		}
		return nil, fmt.Errorf("connecting to %s: %w", c.Address(), err)
	}
	return conn, nil
}

// pgconn makes the driver's configuration. The driver insists that it comes from ParseConfig, which reads the environment
// and files in the home folder; so every field is set here, and TestDialIgnoresTheEnvironment watches it.
func (c Config) pgconn(ctx context.Context) (*pgconn.Config, error) {
	pc, err := blankConfig()
	if err != nil {
		return nil, err
	}
	pc.Host, pc.Port, pc.Database = c.Host, uint16(c.Port), c.Database
	pc.ConnectTimeout = c.timeout()
	pc.DialFunc = (&net.Dialer{Timeout: c.timeout()}).DialContext
	pc.LookupFunc = net.DefaultResolver.LookupHost
	pc.MaxProtocolMessageBodyLen = maxMessageBytes
	pc.KerberosSrvName, pc.KerberosSpn = "", ""
	pc.Fallbacks, pc.ValidateConnect, pc.AfterConnect, pc.AfterNetConnect = nil, nil, nil, nil
	pc.SSLNegotiation, pc.SSLCertMode = "postgres", "disable"
	pc.OAuthTokenProvider = nil
	pc.MinProtocolVersion, pc.MaxProtocolVersion = "3.0", "3.0"
	pc.ChannelBinding = "prefer"
	pc.RequireAuth = c.requireAuth()
	if pc.TLSConfig, err = c.tlsConfig(); err != nil {
		return nil, err
	}
	login, err := c.Login(ctx)
	if err != nil {
		return nil, err
	}
	if login.Token {
		return nil, errors.New("the credentials are an identity provider's token, which PostgreSQL's protocol has no place for")
	}
	pc.User, pc.Password = login.User, login.Password.Reveal()
	return pc, nil
}

// requireAuth keeps the password from being sent in clear text to whoever answers, unless TLS has proven who that is or
// nobody can be in between.
func (c Config) requireAuth() string {
	if c.proven() {
		return ""
	}
	return "!password"
}

// proven reports that what is sent reaches the warehouse and nobody else.
func (c Config) proven() bool { return c.TLSMode() == TLSVerifyFull || c.unixSocket() }

// blankSettings override all that ParseConfig would otherwise look up and that could make it fail or read a file.
const blankSettings = "host=127.0.0.1 port=5432 user=nobody password=nothing database=nothing passfile='' " +
	"sslmode=disable sslcertmode=disable sslrootcert='' sslcert='' sslkey='' sslnegotiation=postgres connect_timeout=0 " +
	"target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth=''"

// blankConfig is a configuration that the driver accepts and in which nothing is set that matters.
func blankConfig() (*pgconn.Config, error) {
	settings := blankSettings
	if service, found := os.LookupEnv("PGSERVICE"); found && service != "" {
		// ParseConfig would read the service file; it gets one that says nothing.
		path, err := emptyServiceFile(service)
		if err != nil {
			return nil, err
		}
		defer os.Remove(path)
		settings += " servicefile='" + path + "'"
	}
	pc, err := pgconn.ParseConfig(settings)
	if err != nil {
		return nil, fmt.Errorf("preparing the driver: %w", err)
	}
	return pc, nil
}

func emptyServiceFile(service string) (string, error) {
	f, err := os.CreateTemp("", "postern-service-")
	if err != nil {
		return "", fmt.Errorf("preparing the driver: %w", err)
	}
	_, err = f.WriteString("[" + service + "]\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("preparing the driver: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}
