package rslive

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/posternsql/postern/warehouse"
)

// accountPoints are about who is who, and what registration does.
func accountPoints() []Point {
	return []Point{
		{Name: "authentication-code", Proves: "which authentication request an account gets; for temporary credentials of AWS give a DSN with those (3 is likely)", try: authenticationCode},
		{Name: "federated-name", Proves: "what current_user is for the account of the DSN, letter by letter, as accounts are mapped by it", try: federatedName},
		{Name: "database-collation", Proves: "whether the database tells capitals apart; nothing is maintained in one that does not", try: collation},
		seen("system-views-of-others", "an ordinary account is not shown the statements of others", "SELECT count(*) FROM sys_query_history WHERE user_id <> (SELECT user_id FROM svv_user_info WHERE user_name = current_user)", "0"),
		{Name: "registration", Proves: "that the SQL of registration is taken, gives what it says, and can be taken back", Needs: "REDSHIFT_TEST_REGISTER=yes, and a database without schemas called postern_…", try: registration},
		{Name: "lambda-user", Proves: "that the Lambda is told who queries, and not who owns the view", Needs: "REDSHIFT_TEST_LAMBDA, a function whose Lambda answers with the user that it was told", try: lambdaUser},
	}
}

// authenticationCode begins a log-in and gives it up before any secret is sent.
func authenticationCode(ctx context.Context, c *Cluster) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(c.Config.Host, strconv.Itoa(c.Config.Port)))
	if err != nil {
		return "", err
	}
	defer func() { _ = raw.Close() }()
	deadline, _ := ctx.Deadline()
	if err := raw.SetDeadline(deadline); err != nil {
		return "", err
	}
	conn, err := encrypted(ctx, raw, c.Config)
	if err != nil {
		return "", err
	}
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	for _, p := range []string{"user", c.Config.User, "database", c.Config.Database, "client_encoding", "UTF8"} {
		body = append(append(body, p...), 0)
	}
	body = append(body, 0)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		return "", err
	}
	var head [9]byte
	if _, err := io.ReadFull(bufio.NewReader(conn), head[:]); err != nil {
		return "", err
	}
	if head[0] != 'R' {
		return "", fmt.Errorf("the server answers with a message of type %q", head[0])
	}
	return told("%s is asked by code %d", c.Config.User, binary.BigEndian.Uint32(head[5:]))
}

// encrypted asks for TLS unless the DSN says not to. Nothing secret is sent, so that the certificate is not looked at.
func encrypted(ctx context.Context, raw net.Conn, config warehouse.Config) (net.Conn, error) {
	if config.TLSMode() == warehouse.TLSOff {
		return raw, nil
	}
	if _, err := raw.Write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, 80877103)); err != nil {
		return nil, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(raw, answer[:]); err != nil || answer[0] != 'S' {
		return nil, errors.Join(err, errors.New("the server has no TLS"))
	}
	conn := tls.Client(raw, &tls.Config{ServerName: config.Host, InsecureSkipVerify: true})
	return conn, conn.HandshakeContext(ctx)
}

func federatedName(ctx context.Context, c *Cluster) (string, error) {
	got, err := c.Ask(ctx, c.Admin, "SELECT current_user")
	if err != nil {
		return "", err
	}
	return told("the DSN says %q, and current_user is %q", c.Config.User, got)
}

func collation(ctx context.Context, c *Cluster) (string, error) {
	got, err := c.Ask(ctx, c.Admin, "SELECT count(*) FROM $s.t WHERE name = 'ADA'")
	if err != nil {
		return "", err
	}
	return told("%s rows of name Ada are ADA", got)
}

// registration registers the run's own table for accounts of its own, and takes it back.
func registration(ctx context.Context, c *Cluster) (saw string, err error) {
	if !c.Given.Registration {
		return "", errNeeds("REDSHIFT_TEST_REGISTER is not yes")
	}
	r := warehouse.RedshiftRegistration{Database: c.Config.Database, Service: c.Account, System: c.Account + "_s", History: true, Write: true, Tables: []warehouse.TableName{{Schema: c.Schema, Name: "t"}}}
	state, err := warehouse.CheckRedshift(ctx, c.Admin, r)
	if err != nil {
		return "", err
	}
	if len(state.Schemas) > 0 {
		return "", errNeeds("the database has schemas of Postern's")
	}
	warnings, err := warehouse.RegisterRedshift(ctx, c.Admin, r, state)
	if err != nil {
		return "", err
	}
	after, err := warehouse.LookRedshift(ctx, c.Admin)
	if err == nil {
		err = warehouse.RemoveRedshift(ctx, c.Admin, r, after)
	}
	return fmt.Sprintf("%d statements, warnings: %s", len(r.Statements(state)), strings.Join(warnings, "; ")), err
}

func lambdaUser(ctx context.Context, c *Cluster) (string, error) {
	if c.Given.Lambda == "" {
		return "", errNeeds("REDSHIFT_TEST_LAMBDA is not set")
	}
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.masked AS SELECT "+c.Given.Lambda+"('default', name) AS who FROM $s.t", "GRANT SELECT ON $s.masked TO ROLE $r"); err != nil {
		return "", err
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	got, err := c.Ask(ctx, person, "SELECT who FROM $s.masked LIMIT 1")
	if err != nil || got != c.Account {
		return "", errors.Join(err, fmt.Errorf("the Lambda is told %q and not %q", got, c.Account))
	}
	return got, nil
}
