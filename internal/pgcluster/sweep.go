package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	// folderPrefix begins the name of every cluster's folder.
	folderPrefix = "postern-pg-"
	lockName     = "owner.lock"
)

// lockFolder marks a folder as in use for as long as this process lives: the kernel drops the lock with the process, and a
// lock holds across containers that share a temporary folder, where a process id would not.
func lockFolder(root string) (*os.File, error) {
	// The name that sweep looks for appears only once the lock is held.
	young := filepath.Join(root, lockName+".new")
	f, err := os.OpenFile(young, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the lock of the cluster's folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = os.Rename(young, filepath.Join(root, lockName))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the cluster's folder: %w", err), f.Close())
	}
	return f, nil
}

// sweep removes the folders of clusters whose process was killed before it could. It is tidiness: what cannot be removed,
// being somebody else's or still shutting down, is left for the next time.
func sweep(parent string) {
	locks, err := filepath.Glob(filepath.Join(parent, folderPrefix+"*", lockName))
	if err != nil { // only for a malformed pattern, when the parent's name holds one
		return
	}
	for _, path := range locks {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		_ = f.Close()
	}
}
