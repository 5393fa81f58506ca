package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// pgbouncerSettings is the file of a PgBouncer that does what Postern does with connections: session pooling, SCRAM on
// both sides, one service role upstream, no TLS. Clients are checked against a stored verifier: with a plain password
// PgBouncer would do the slow part of SCRAM on its event loop at each login.
const pgbouncerSettings = `[databases]
%[1]s = host=%[2]s port=%[3]d dbname=%[1]s user=%[4]s password=%[5]s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[6]d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %[7]s
pool_mode = session
max_client_conn = 300
default_pool_size = 200
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
logfile = %[8]s
pidfile = %[9]s
`

// startPgBouncer starts PgBouncer in front of the warehouse, with its files in a folder below dir.
func startPgBouncer(ctx context.Context, program, dir string, w *warehouse) (competitor, error) {
	as, err := unprivileged()
	if err != nil {
		return competitor{}, err
	}
	port, err := freePort()
	if err != nil {
		return competitor{}, err
	}
	home := filepath.Join(dir, "pgbouncer")
	file := func(name string) string { return filepath.Join(home, name) }
	settings := fmt.Sprintf(pgbouncerSettings, database, w.cluster.Host, w.cluster.Port, service, w.password, port,
		file("users"), file("log"), file("pid"))
	users := fmt.Sprintf("\"%s\" \"%s\"\n", service, w.verifier)
	err = errors.Join(os.Mkdir(home, 0o700), os.WriteFile(file("ini"), []byte(settings), 0o600),
		os.WriteFile(file("users"), []byte(users), 0o600), give(as, home, file("ini"), file("users")))
	if err != nil {
		return competitor{}, fmt.Errorf("writing PgBouncer's files: %w", err)
	}
	s, err := startServer(as, home, program, "-q", file("ini"))
	if err != nil {
		return competitor{}, err
	}
	version, err := pgbouncerVersion(ctx, program)
	if err != nil {
		return competitor{}, errors.Join(err, closeServer(s))
	}
	c := competitor{
		Name: "PgBouncer", What: version + ", session pooling, one process", host: "127.0.0.1", port: port,
		user: service, password: w.password, proxy: s,
	}
	if err := s.await(ctx, c.answers); err != nil {
		return competitor{}, errors.Join(err, closeServer(s))
	}
	return c, nil
}

// closeServer is stop in the form that errors.Join takes.
func closeServer(s *server) error { s.stop(); return nil }

func pgbouncerVersion(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking PgBouncer for its version: %w", err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first), nil
}

// give hands files to the account; nil is ourselves.
func give(as *syscall.Credential, paths ...string) error {
	if as == nil {
		return nil
	}
	var all []error
	for _, p := range paths {
		all = append(all, os.Chown(p, int(as.Uid), int(as.Gid)))
	}
	return errors.Join(all...)
}

// answers logs in and asks for one row of the benchmark's table.
func (c competitor) answers(ctx context.Context) error {
	conn, err := pgconn.Connect(ctx, c.url())
	if err != nil {
		return err
	}
	results, err := conn.Exec(ctx, "SELECT abalance FROM pgbench_accounts WHERE aid = 1").ReadAll()
	if err == nil && (len(results) != 1 || len(results[0].Rows) != 1) {
		err = fmt.Errorf("%s does not give the one row that was asked for", c.Name)
	}
	return errors.Join(err, conn.Close(ctx))
}
