package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// register runs `postern register` as an administrator of the warehouse would.
func register(ctx context.Context, files map[string]string) error {
	return registerIn(ctx, databaseName, files)
}

// registerIn is register for another database.
func registerIn(ctx context.Context, database string, files map[string]string) error {
	folder, err := os.MkdirTemp(shared.dir, "register-")
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, shared.binary, "register", "--resources", folder, "--setup-env", "SETUP_URL", "--yes")
	cmd.Env = append(os.Environ(), "SETUP_URL="+shared.cluster.DSN(database))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running postern register: %w\n%s", err, out)
	}
	return nil
}
