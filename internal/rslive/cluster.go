package rslive

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// Given is what a run has beside the cluster, of the environment; what is empty leaves points not run.
type Given struct {
	// External is a table of Spectrum's, schema.table, with at least one row (REDSHIFT_TEST_EXTERNAL).
	External string
	// Lambda is a function made as docs/lambda.md says, schema.name, whose Lambda answers with the user that it was told (REDSHIFT_TEST_LAMBDA).
	Lambda string
	// Shared is a table of a datashare, database.schema.table (REDSHIFT_TEST_SHARED).
	Shared string
	// Unload is a folder of S3, s3://bucket/folder/, that the cluster's default role may write to (REDSHIFT_TEST_UNLOAD).
	Unload string
	// Registration says that schemas called postern_… may be made, and dropped (REDSHIFT_TEST_REGISTER=yes).
	Registration bool
}

// Cluster is a Redshift, or a stand-in, that is asked.
type Cluster struct {
	Config warehouse.Config
	Given  Given
	// StandIn says that it is none.
	StandIn bool
	// Admin is logged in as the superuser of the DSN.
	Admin *pgconn.PgConn
	// Schema, Role, Account and Password are of this run alone. $s, $r and $p stand for the first three in statements.
	Schema, Role, Account, Password string
	person                          *pgconn.PgConn
}

// Open logs in and makes what every point needs. The DSN is a URL: postgres://user:password@host:5439/database?sslmode=verify-full&sslrootcert=….
func Open(ctx context.Context, dsn string, given Given) (_ *Cluster, err error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	drawn := make([]byte, 4)
	_, _ = rand.Read(drawn) // never fails
	id := hex.EncodeToString(drawn)
	c := &Cluster{Config: config, Given: given, Schema: "postern_live_" + id, Role: "postern_live_role_" + id, Account: "postern_live_user_" + id, Password: "Aa1" + id + id}
	if c.Admin, err = warehouse.Dial(ctx, config, map[string]string{"application_name": "postern:live", "datestyle": "ISO, MDY", "timezone": "UTC"}); err != nil {
		return nil, err
	}
	c.StandIn = c.Admin.ParameterStatus("stand_in") != ""
	err = c.Exec(ctx, "CREATE SCHEMA $s", "CREATE USER $p PASSWORD '"+c.Password+"'", "CREATE ROLE $r", "GRANT ROLE $r TO $p", "GRANT USAGE ON SCHEMA $s TO ROLE $r",
		"CREATE TABLE $s.t (id integer, owner varchar(128), name varchar(40), day date, amount decimal(12,2))",
		"INSERT INTO $s.t VALUES (1, '$p', 'Ada', '2024-01-31', 10), (2, 'nobody', 'a!b', '2024-02-29', 5), (3, 'nobody', 'Cyd', NULL, NULL)")
	if err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

func parse(dsn string) (warehouse.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.User == nil {
		return warehouse.Config{}, errors.New("REDSHIFT_TEST_DSN is no URL with a user") // not quoted: it holds a password
	}
	password, _ := u.User.Password()
	port := 5439
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return warehouse.Config{}, errors.New("the port of REDSHIFT_TEST_DSN is no number")
		}
	}
	out := warehouse.Config{Engine: warehouse.EngineRedshift, Host: u.Hostname(), Port: port, Database: strings.TrimPrefix(u.Path, "/"), User: u.User.Username(),
		Credentials: warehouse.Fixed(secret.NewValue(password)), ConnectTimeout: 30 * time.Second}
	switch mode := u.Query().Get("sslmode"); mode {
	case "", "verify-full":
		if file := u.Query().Get("sslrootcert"); file != "" {
			out.TLS = warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: file}
		}
	case "require":
		out.TLS.Mode = warehouse.TLSRequire
	case "disable":
		out.TLS.Mode = warehouse.TLSOff
	default:
		return warehouse.Config{}, fmt.Errorf("sslmode %q of REDSHIFT_TEST_DSN is none of verify-full, require, disable", mode)
	}
	return out, nil
}

// Close drops all that the run made.
func (c *Cluster) Close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if c.person != nil {
		_ = c.person.Close(ctx)
	}
	var errs []error
	for _, sql := range []string{"DROP SCHEMA IF EXISTS $s CASCADE", "REVOKE ROLE $r FROM $p", "DROP ROLE $r FORCE", "DROP USER $p"} {
		errs = append(errs, c.Exec(ctx, sql))
	}
	return errors.Join(append(errs, c.Admin.Close(ctx))...)
}

// words puts the run's own names into a text.
func (c *Cluster) words(sql string) string {
	return strings.NewReplacer("$s", c.Schema, "$r", c.Role, "$p", c.Account).Replace(sql)
}

// Exec runs statements as the superuser.
func (c *Cluster) Exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := c.Admin.Exec(ctx, c.words(sql)).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", c.words(sql), err)
		}
	}
	return nil
}

// Ask runs one statement and prints its rows, values by | and rows by ;.
func (c *Cluster) Ask(ctx context.Context, conn *pgconn.PgConn, sql string) (string, error) {
	got := conn.ExecParams(ctx, c.words(sql), nil, nil, nil, nil).Read()
	if got.Err != nil {
		return "", got.Err
	}
	var rows []string
	for _, row := range got.Rows {
		var values []string
		for _, v := range row {
			text := string(v)
			if v == nil {
				text = "NULL"
			}
			values = append(values, strings.TrimRight(text, " "))
		}
		rows = append(rows, strings.Join(values, "|"))
	}
	return strings.Join(rows, ";"), nil
}

// As logs in as an account of the run's password.
func (c *Cluster) As(ctx context.Context, account string) (*pgconn.PgConn, error) {
	config := c.Config
	config.User, config.Credentials = account, warehouse.Fixed(secret.NewValue(c.Password))
	return warehouse.Dial(ctx, config, map[string]string{"application_name": "postern:live", "timezone": "UTC"})
}

// Person is logged in as somebody who has the role and nothing else.
func (c *Cluster) Person(ctx context.Context) (*pgconn.PgConn, error) {
	if c.person != nil && !c.person.IsClosed() {
		return c.person, nil
	}
	var err error
	c.person, err = c.As(ctx, c.Account)
	return c.person, err
}

// Reads asks one statement as that person.
func (c *Cluster) Reads(ctx context.Context, sql string) (string, error) {
	person, err := c.Person(ctx)
	if err != nil {
		return "", fmt.Errorf("logging the person in: %w", err)
	}
	return c.Ask(ctx, person, sql)
}

func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
