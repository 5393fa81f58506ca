package pgcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Replicated are the settings of a cluster that has standbys.
func Replicated() map[string]string {
	return map[string]string{"wal_level": "replica", "max_wal_senders": "5", "wal_keep_size": "256MB"}
}

// Standby makes a streaming standby of the cluster, which was started with the settings of Replicated, by pg_basebackup, and starts it; it returns when
// the standby answers. It is a cluster of its own, which the caller stops. The context bounds the start only.
func (c *Cluster) Standby(ctx context.Context) (_ *Cluster, err error) {
	programs, err := Find(ctx)
	if err != nil {
		return nil, err
	}
	backup := filepath.Join(programs.Dir, "pg_basebackup")
	if _, err := exec.LookPath(backup); err != nil {
		return nil, fmt.Errorf("making a standby: %w", err)
	}
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	root, err := makeFolder(filepath.Dir(c.root), as)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(root)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(root), lock.Close())
		}
	}()
	s := &Cluster{Host: host, Superuser: superuser, Password: c.Password, Version: programs.Version, SocketDir: filepath.Join(root, "s"), root: root, lock: lock}
	if err := s.copyFrom(ctx, c, backup, as); err != nil {
		return nil, err
	}
	return s, s.launch(ctx, programs, as, nil)
}

func (c *Cluster) copyFrom(ctx context.Context, primary *Cluster, program string, as account) error {
	from := "host=" + primary.SocketDir + " port=" + strconv.Itoa(primary.Port) + " user=" + superuser + " application_name=standby_" + rand.Text()
	p, err := startProcess(as, nil, c.root, program, "-D", c.data(), "-d", from, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return fmt.Errorf("starting pg_basebackup: %w", err)
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.stop(syscall.SIGTERM, time.Second)
		return fmt.Errorf("running pg_basebackup: %w", ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("running pg_basebackup: %w\n%s", p.err, p.output)
	}
	return appendFile(filepath.Join(c.data(), "postgresql.conf"), settingsFile(map[string]string{"unix_socket_directories": c.SocketDir}))
}

// Promote ends the standby's being one and returns when it takes writes.
func (c *Cluster) Promote(ctx context.Context) error {
	return c.Exec(ctx, superuser, "DO $$ BEGIN IF NOT pg_promote(true, 60) THEN RAISE EXCEPTION 'not promoted'; END IF; END $$")
}
