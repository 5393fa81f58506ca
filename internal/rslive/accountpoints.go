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
		{Name: "database-collation", Proves: "that db_collation() says whether the database tells capitals apart; nothing is maintained in one that does not", try: collation},
		seen("system-views-of-others", "an ordinary account is not shown the statements of others", "SELECT count(*) FROM sys_query_history WHERE user_id <> (SELECT user_id FROM svv_user_info WHERE user_name = current_user)", "0"),
		{Name: "privilege-views", Proves: "that the views by which push reads privileges back have the columns that it asks for, and show all of them to an account with ACCESS SYSTEM TABLE", try: privilegeViews},
		{Name: "sessions-are-shown", Proves: "that STV_SESSIONS shows an account with ACCESS SYSTEM TABLE everybody's sessions (Serverless has no such view)", try: sessions},
		{Name: "grant-option-to-roles", Proves: "that a privilege held WITH GRANT OPTION may be handed on to a role, and is taken back by who gave it", try: grantOption},
		{Name: "scoped-permissions", Proves: "that a permission FOR TABLES IN SCHEMA is told by SVV_SCHEMA_PRIVILEGES with its scope, and is taken back by the statement that findings name", try: scopedPermissions},
		{Name: "grantor-is-told", Proves: "whether SHOW GRANTS tells the owner of a role who granted it something, as findings do; without it they name the owner of the table", try: grantorTold},
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

// monitored gives the person ACCESS SYSTEM TABLE while a question is asked.
func monitored(ctx context.Context, c *Cluster, sql string) (saw string, err error) {
	if err := c.Exec(ctx, "CREATE ROLE $r_monitor", "GRANT ACCESS SYSTEM TABLE TO ROLE $r_monitor", "GRANT ROLE $r_monitor TO $p"); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Exec(ctx, "DROP ROLE $r_monitor FORCE")) }()
	person, err := c.As(ctx, c.Account)
	if err != nil {
		return "", err
	}
	defer func() { _ = person.Close(context.WithoutCancel(ctx)) }()
	return c.Ask(ctx, person, sql)
}

func privilegeViews(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE TABLE $s.listed (a integer)", "GRANT SELECT ON $s.listed TO ROLE $r"); err != nil {
		return "", err
	}
	for _, sql := range []string{
		"SELECT namespace_name, relation_name, column_name, privilege_type, identity_name, identity_type FROM svv_column_privileges LIMIT 1",
		"SELECT namespace_name, privilege_type, identity_name, identity_type, admin_option, privilege_scope FROM svv_schema_privileges LIMIT 1",
		"SELECT namespace_name, function_name, argument_types, privilege_type, identity_name, identity_type FROM svv_function_privileges LIMIT 1",
		"SELECT user_name, role_name, admin_option FROM svv_user_grants LIMIT 1", "SELECT role_name, granted_role_name FROM svv_role_grants LIMIT 1",
		"SELECT system_privilege, identity_name, identity_type FROM svv_system_privileges LIMIT 1", "SELECT user_name, superuser, syslog_access FROM svv_user_info LIMIT 1",
		"SELECT schema_name, object_type, owner_name, privilege_type, grantee_name, grantee_type FROM svv_default_privileges LIMIT 1", "SELECT database_name, privilege_type, identity_name, identity_type, privilege_scope FROM svv_database_privileges LIMIT 1",
		"SELECT database_type FROM svv_redshift_databases WHERE database_name = current_database()", "SELECT schemaname FROM svv_external_schemas WHERE eskind = 5 LIMIT 1", "SELECT share_name, share_type FROM svv_datashares LIMIT 1", "SELECT role_name, role_owner FROM svv_roles LIMIT 1",
	} {
		if _, err := c.Ask(ctx, c.Admin, sql); err != nil {
			return "", fmt.Errorf("%s: %w", sql, err)
		}
	}
	got, err := monitored(ctx, c, "SELECT LOWER(TRIM(privilege_type)), identity_name, identity_type, admin_option FROM svv_relation_privileges WHERE namespace_name = '$s' AND relation_name = 'listed'")
	if want := "select|" + c.Role + "|role|f"; err != nil || got != want {
		return "", errors.Join(err, fmt.Errorf("the grant is told as %q and not %q", got, want))
	}
	return got, nil
}

// scopedPermissions gives the run's role all tables of its schema, now and later.
func scopedPermissions(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "GRANT SELECT FOR TABLES IN SCHEMA $s TO ROLE $r"); err != nil {
		return "", err
	}
	shown, err := monitored(ctx, c, "SELECT UPPER(TRIM(privilege_type)), identity_name, identity_type, privilege_scope FROM svv_schema_privileges WHERE namespace_name = '$s' AND privilege_scope <> 'SCHEMA'")
	if want := "SELECT|" + c.Role + "|role|TABLES"; err != nil || shown != want {
		return "", errors.Join(err, fmt.Errorf("it is told as %q and not %q", shown, want), c.Exec(ctx, "REVOKE SELECT FOR TABLES IN SCHEMA $s FROM ROLE $r"))
	}
	person, err := c.Person(ctx)
	if err == nil {
		err = c.Exec(ctx, "CREATE TABLE $s.made_later (a integer)")
	}
	if err != nil {
		return "", err
	}
	before, failed := c.Ask(ctx, person, "SELECT count(*) FROM $s.made_later")
	if err := c.Exec(ctx, "REVOKE SELECT FOR TABLES IN SCHEMA $s FROM ROLE $r"); err != nil {
		return "", err
	}
	after, refused := c.Ask(ctx, person, "SELECT count(*) FROM $s.made_later")
	if sqlState(refused) == "" {
		return "", fmt.Errorf("a table that was made later is read as %q (%w) when it was taken back", after, refused)
	}
	return fmt.Sprintf("%s; a table that was made later is read with it as %q (%v)", shown, before, failed), nil
}

// grantorTold has the owner of a role ask who granted it something.
func grantorTold(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE TABLE $s.given (a integer)", "GRANT SELECT ON $s.given TO ROLE $r"); err != nil {
		return "", err
	}
	results, err := c.Admin.Exec(ctx, c.words("SHOW GRANTS ON TABLE $s.given")).ReadAll()
	if err != nil || len(results) != 1 {
		return told("SHOW GRANTS: %v", err)
	}
	var names []string
	for _, f := range results[0].FieldDescriptions {
		names = append(names, f.Name)
	}
	return told("%d rows of %s", len(results[0].Rows), strings.Join(names, ", "))
}

func sessions(ctx context.Context, c *Cluster) (string, error) {
	got, err := monitored(ctx, c, "SELECT count(*) > 0 FROM stv_sessions WHERE TRIM(user_name) = '"+c.Config.User+"'")
	if err != nil {
		return told("%v", err)
	}
	if got != "t" {
		return "", errors.New("the superuser's session is not shown")
	}
	return got, nil
}

// grantOption hands a privilege on and takes it back, as somebody who may.
func grantOption(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE TABLE $s.handed (a integer)", "GRANT SELECT ON $s.handed TO $p WITH GRANT OPTION"); err != nil {
		return "", err
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	const holders = "SELECT count(*) FROM svv_relation_privileges WHERE namespace_name = '$s' AND relation_name = 'handed' AND identity_type = 'role'"
	saw := ""
	for _, sql := range []string{"GRANT SELECT ON $s.handed TO ROLE $r", "REVOKE SELECT ON $s.handed FROM ROLE $r"} {
		if _, err := c.Ask(ctx, person, sql); err != nil {
			return "", err
		}
		n, err := c.Ask(ctx, c.Admin, holders)
		if err != nil {
			return "", err
		}
		saw += n
	}
	if saw != "10" {
		return "", fmt.Errorf("roles that hold it: %s, and not 1 and then 0", saw)
	}
	return "given and taken", nil
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
	said, err := c.Ask(ctx, c.Admin, "SELECT db_collation()")
	if err != nil {
		return "", err
	}
	if (got == "0") != (said == "case_sensitive") {
		return "", fmt.Errorf("%s rows of name Ada are ADA, and db_collation() says %s", got, said)
	}
	return told("%s rows of name Ada are ADA, and db_collation() says %s", got, said)
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
	got, err := c.Reads(ctx, "SELECT who FROM $s.masked LIMIT 1")
	if err != nil || got != c.Account {
		return "", errors.Join(err, fmt.Errorf("the Lambda is told %q and not %q", got, c.Account))
	}
	return got, nil
}
