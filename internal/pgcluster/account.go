package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs the server. PostgreSQL refuses to run as root, so when we are root another one is needed.
type account struct {
	name     string
	uid, gid uint32
	switched bool // we are root and become this account
}

// serverAccount returns our own account, or, when we are root, postgres or else nobody.
func serverAccount() (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: "the current user", uid: uint32(uid), gid: uint32(os.Getegid())}, nil
	}
	var missed []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			missed = append(missed, err)
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("reading the number of user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("reading the group of user %s: %w", name, err)
		}
		return account{name: name, uid: uint32(uid), gid: uint32(gid), switched: true}, nil
	}
	return account{}, fmt.Errorf("finding an unprivileged account to run PostgreSQL: %w", errors.Join(missed...))
}

// credential is what the kernel needs to start a process as the account; nil when that is who we are.
func (a account) credential() *syscall.Credential {
	if !a.switched {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own hands a folder or file to the account.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("giving %s to %s: %w", path, a.name, err)
	}
	return nil
}

// canEnter reports, as an error that names the folder, whether the account can reach dir: each folder on the way must be
// searchable. initdb's own message for this is hard to understand.
func (a account) canEnter(dir string) error {
	if !a.switched {
		return nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("resolving the folder %s: %w", dir, err)
	}
	for at := real; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("looking at the folder %s: %w", at, err)
		}
		if !a.searchable(info) {
			return fmt.Errorf("user %s, who runs PostgreSQL, cannot enter %s (mode %v)", a.name, at, info.Mode())
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func (a account) searchable(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case st.Uid == a.uid:
		return mode&0o100 != 0
	case st.Gid == a.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
