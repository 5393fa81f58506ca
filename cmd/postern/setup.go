package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// setup is how the setup account of a registration logs in. Nothing of it is kept.
type setup struct {
	// url refers to a connection URL.
	url secret.Ref
	// connection is a file with one Connection.
	connection string
}

// account is the setup account of the warehouse of a Connection.
func (s setup) account(to resource.Connection) (warehouse.Config, error) {
	switch {
	case s.connection != "":
		return connectionAccount(s.connection, to)
	case s.url.IsZero():
		return warehouse.Config{}, usageError{errors.New("one of --print, --setup-env, --setup-file and --setup-connection is needed")}
	}
	address, err := s.url.Resolve()
	if err != nil {
		return warehouse.Config{}, err
	}
	account, err := setupAccount(address.Reveal())
	account.Engine = to.Warehouse().Engine
	return account, err
}

// connectionAccount is that of a file with a Connection, which has to be to the same database as the registered one.
func connectionAccount(file string, to resource.Connection) (warehouse.Config, error) {
	set, err := resource.Load([]string{file})
	if err != nil {
		return warehouse.Config{}, fmt.Errorf("reading the setup account's connection:\n%w", err)
	}
	if len(set.Connections) != 1 {
		return warehouse.Config{}, usageError{fmt.Errorf("%s has %d connections, and not one", file, len(set.Connections))}
	}
	as, at := set.Connections[0].Warehouse(), to.Warehouse()
	if as.Engine != at.Engine || as.Host != at.Host || as.Port != at.Port || as.Database != at.Database {
		return warehouse.Config{}, fmt.Errorf("%s is a connection to %s, and not to %s", file, as.Address(), at.Address())
	}
	return as, nil
}

// dial logs in as the setup account of the warehouse of a Connection.
func (s setup) dial(ctx context.Context, to resource.Connection) (*pgconn.PgConn, error) {
	account, err := s.account(to)
	if err != nil {
		return nil, err
	}
	return dialSetup(ctx, account)
}

// dialSetup logs in as the setup account.
func dialSetup(ctx context.Context, account warehouse.Config) (*pgconn.PgConn, error) {
	conn, err := warehouse.Dial(ctx, account, map[string]string{"application_name": "postern:register"})
	if err != nil {
		return nil, fmt.Errorf("as the setup account: %w", err)
	}
	return conn, nil
}

// setupAccount is the setup account of a connection URL. Its password is behind a CredentialSource, as that of every account is. TLS is as the URL says;
// what would fall back to clear text is not taken: without a word it is as for every other connection.
func setupAccount(address string) (warehouse.Config, error) {
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		// The driver's own message would quote the URL.
		return warehouse.Config{}, errors.New("the setup account's connection URL cannot be parsed")
	}
	out := warehouse.Config{
		Engine: warehouse.EnginePostgres, Host: config.Host, Port: int(config.Port), Database: config.Database, User: config.User, ConnectTimeout: config.ConnectTimeout,
	}
	if config.Password != "" {
		out.Credentials = warehouse.Fixed(secret.NewValue(config.Password))
	}
	mode, authorities := tlsOfURL(address)
	switch mode {
	case "disable":
		out.TLS.Mode = warehouse.TLSOff
	case "require":
		out.TLS.Mode = warehouse.TLSRequire
	case "verify-ca", "verify-full":
		out.TLS.Mode = warehouse.TLSVerifyFull
		if authorities != "system" {
			out.TLS.CAFile = authorities
		}
	case "", "allow", "prefer":
		out.TLS.Mode = warehouse.TLSDefault
	default:
		return warehouse.Config{}, fmt.Errorf("sslmode %.20q of the setup account's connection URL is not one that PostgreSQL has", mode)
	}
	return out, nil
}

// tlsOfURL reads sslmode and sslrootcert of a connection URL or string, or else of the environment, as libpq does.
func tlsOfURL(text string) (mode, authorities string) {
	values := map[string]string{"sslmode": os.Getenv("PGSSLMODE"), "sslrootcert": os.Getenv("PGSSLROOTCERT")}
	given := func(name, value string) {
		if _, known := values[name]; known && value != "" {
			values[name] = value
		}
	}
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		for name := range u.Query() {
			given(name, u.Query().Get(name))
		}
		return values["sslmode"], values["sslrootcert"]
	}
	for _, word := range strings.Fields(text) {
		name, value, _ := strings.Cut(word, "=")
		given(name, strings.Trim(value, "'"))
	}
	return values["sslmode"], values["sslrootcert"]
}
