package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// dialSetup logs in as the setup account of a connection URL.
func dialSetup(ctx context.Context, address string) (*pgconn.PgConn, error) {
	account, err := setupAccount(address)
	if err != nil {
		return nil, err
	}
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
