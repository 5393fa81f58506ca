package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/posternsql/postern/control/resource"
)

// tokenPath is where the first admin token is kept: beside the state, or beside the audit log where the state is no file. Each server
// makes its own.
func tokenPath(cfg *resource.ServerConfig) string {
	file, ok := strings.CutPrefix(cfg.State, "sqlite:")
	if !ok {
		return filepath.Join(filepath.Dir(cfg.Audit.Dir), "postern.token")
	}
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".token"
}

// firstToken reads the token that an earlier start made, or makes one. Whoever can read the file may do everything, so it
// belongs to the server's account alone (mode 0600); a file that others can read is an error.
func firstToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		// 130 bits each (crypto/rand.Text).
		token := "postern_" + rand.Text() + rand.Text()
		return token, writeToken(path, token)
	}
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("%s can be read by others (mode %04o); it should have mode 0600", path, info.Mode().Perm())
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 32 {
		return "", fmt.Errorf("%s holds no token; remove it and a new one is made", path)
	}
	return token, nil
}

// writeToken makes the file; one that has appeared in the meantime is an error.
func writeToken(path, token string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(token + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}
