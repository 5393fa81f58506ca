package pgcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Cluster is a running PostgreSQL server that belongs to this process. Its fields are not changed after Start.
type Cluster struct {
	Host      string // always 127.0.0.1
	Port      int    // a port that was free when the server started
	SocketDir string // the folder of the Unix-domain socket, which needs no password
	Superuser string // always postgres
	Password  string // the superuser's, drawn at random; connections to Host need it (SCRAM-SHA-256)
	Version   int    // the server's major version

	root   string   // the cluster's own folder, removed by Stop
	lock   *os.File // held as long as we live, so that nobody takes the folder for a left-over
	server *process
	once   sync.Once
	err    error // of Stop
}

const (
	host      = "127.0.0.1"
	superuser = "postgres"
	// portTries is how often another port is tried: between choosing a free one and the server binding it somebody else
	// may take it.
	portTries = 5
	// maxSocketPath is the longest address of a Unix-domain socket that every system takes (sun_path, less the final zero).
	maxSocketPath = 103
)

// Start makes a cluster and starts its server; it returns when the server accepts connections, in one to two seconds. The
// context bounds the start only: the server runs until Stop, or until this process ends.
func Start(ctx context.Context, cfg Config) (_ *Cluster, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the cluster's configuration: %w", err)
	}
	programs, err := Find(ctx)
	if err != nil {
		return nil, err
	}
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	root, err := makeFolder(cfg.Dir, as)
	if err != nil {
		return nil, err
	}
	sweep(filepath.Dir(root))
	lock, err := lockFolder(root)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(root), lock.Close())
		}
	}()
	c := &Cluster{
		Host: host, Superuser: superuser, Password: rand.Text(), Version: programs.Version,
		SocketDir: filepath.Join(root, "s"), root: root, lock: lock,
	}
	if err := c.initialize(ctx, programs, as, cfg); err != nil {
		return nil, err
	}
	if err := c.launch(ctx, programs, as, cfg.Log); err != nil {
		return nil, err
	}
	return c, nil
}

// makeFolder makes the folder of one cluster, entered by the server's account alone: the socket inside needs no password.
func makeFolder(parent string, as account) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	if err := as.canEnter(parent); err != nil {
		return "", err
	}
	root, err := os.MkdirTemp(parent, folderPrefix)
	if err != nil {
		return "", fmt.Errorf("making the cluster's folder: %w", err)
	}
	socketDir := filepath.Join(root, "s")
	if longest := filepath.Join(socketDir, ".s.PGSQL.65535.lock"); len(longest) > maxSocketPath {
		return "", errors.Join(fmt.Errorf("the folder %s is too long for a socket in it", parent), os.Remove(root))
	}
	if err := errors.Join(os.Mkdir(socketDir, 0o700), as.own(socketDir), as.own(root)); err != nil {
		return "", errors.Join(err, os.RemoveAll(root))
	}
	return root, nil
}

// initialize runs initdb and writes the settings.
func (c *Cluster) initialize(ctx context.Context, programs Programs, as account, cfg Config) error {
	passwordFile := filepath.Join(c.root, "password")
	if err := errors.Join(os.WriteFile(passwordFile, []byte(c.Password+"\n"), 0o600), as.own(passwordFile)); err != nil {
		return fmt.Errorf("writing the superuser's password: %w", err)
	}
	initdb, err := startProcess(as, nil, c.root, filepath.Join(programs.Dir, "initdb"),
		"--pgdata="+c.data(), "--username="+superuser, "--pwfile="+passwordFile, "--auth-local=trust",
		"--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if err != nil {
		return fmt.Errorf("starting initdb: %w", err)
	}
	select {
	case <-initdb.done:
	case <-ctx.Done():
		initdb.stop(syscall.SIGTERM, time.Second)
		return fmt.Errorf("running initdb: %w", ctx.Err())
	}
	if initdb.err != nil {
		return fmt.Errorf("running initdb: %w\n%s", initdb.err, initdb.output)
	}
	settings := throwAway()
	maps.Copy(settings, cfg.Settings)
	settings["listen_addresses"] = host
	settings["unix_socket_directories"] = c.SocketDir
	return errors.Join(os.Remove(passwordFile), appendFile(filepath.Join(c.data(), "postgresql.conf"), settingsFile(settings)))
}

func (c *Cluster) data() string { return filepath.Join(c.root, "data") }

// appendFile adds to a file and keeps its owner.
func appendFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("opening the server's settings: %w", err)
	}
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(fmt.Errorf("writing the server's settings: %w", err), f.Close())
	}
	return f.Close()
}

// launch starts the server on a free port and waits until it accepts connections.
func (c *Cluster) launch(ctx context.Context, programs Programs, as account, log io.Writer) error {
	var last error
	for range portTries {
		port, err := freePort()
		if err != nil {
			return err
		}
		server, err := startProcess(as, log, c.root, filepath.Join(programs.Dir, "postgres"),
			"-D", c.data(), "-p", strconv.Itoa(port))
		if err != nil {
			return fmt.Errorf("starting postgres: %w", err)
		}
		c.server, c.Port = server, port
		err = c.awaitReady(ctx)
		if err == nil {
			return nil
		}
		server.stop(syscall.SIGQUIT, 5*time.Second)
		last = fmt.Errorf("starting postgres on port %d: %w\n%s", port, err, server.output)
		if ctx.Err() != nil || !strings.Contains(server.output.String(), "could not bind") {
			return last
		}
	}
	return last
}

// awaitReady waits for the server to say that it is ready, in the file that pg_ctl reads too: a connection would not do, for
// it might reach somebody else's server on the same port.
func (c *Cluster) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.server.done:
			return fmt.Errorf("the server ended: %w", c.server.err)
		case <-tick.C:
			// Line 8 of postmaster.pid is the status (src/include/utils/pidfile.h).
			text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
			if err != nil {
				continue
			}
			if lines := strings.Split(string(text), "\n"); len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready" {
				return nil
			}
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", host+":0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("freeing port %d: %w", port, err)
	}
	return port, nil
}

// Stop ends the server at once, without a checkpoint, and removes its folder. It may be called more than once and by
// several goroutines; all get the same answer.
func (c *Cluster) Stop() error {
	c.once.Do(func() {
		c.server.stop(syscall.SIGQUIT, 10*time.Second)
		if err := errors.Join(os.RemoveAll(c.root), c.lock.Close()); err != nil {
			c.err = fmt.Errorf("removing the cluster's folder: %w", err)
		}
	})
	return c.err
}

// Done is closed when the server has ended, by Stop or by itself.
func (c *Cluster) Done() <-chan struct{} { return c.server.done }

// DSN is the URL of a database for the superuser, over TCP with its password; every PostgreSQL driver takes it.
func (c *Cluster) DSN(database string) string { return c.URL(c.Superuser, c.Password, database) }

// URL is the URL of a database for any role.
func (c *Cluster) URL(user, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password),
		Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Exec runs SQL text, which may hold several statements, as the superuser in the database.
func (c *Cluster) Exec(ctx context.Context, database, sql string) error {
	conn, err := pgconn.Connect(ctx, c.DSN(database))
	if err != nil {
		return fmt.Errorf("connecting to the cluster: %w", err)
	}
	_, err = conn.Exec(ctx, sql).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// CreateDatabase makes an empty database.
func (c *Cluster) CreateDatabase(ctx context.Context, name string) error {
	if err := c.Exec(ctx, superuser, "CREATE DATABASE "+quoteIdent(name)); err != nil {
		return fmt.Errorf("creating database %s: %w", name, err)
	}
	return nil
}

// DropDatabase removes a database and ends its sessions.
func (c *Cluster) DropDatabase(ctx context.Context, name string) error {
	if err := c.Exec(ctx, superuser, "DROP DATABASE "+quoteIdent(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("dropping database %s: %w", name, err)
	}
	return nil
}

func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
