package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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

// TestSetupConnection: the setup account can log in by a Connection of its own, to the same warehouse only.
func TestSetupConnection(t *testing.T) {
	folder := t.TempDir()
	u, err := url.Parse(shared.cluster.DSN(databaseName))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	t.Setenv("SETUP_PASSWORD", password)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	connection := func(user, database, password string) string {
		return fmt.Sprintf("kind: Connection\nname: tpch\nengine: postgres\nhost: %s\nport: %s\ndatabase: %s\nuser: %s\npassword: {env: %s}\n", u.Hostname(), u.Port(), database, user, password)
	}
	resources := write("resources.yaml", connection(serviceRole, databaseName, "SERVICE_PASSWORD"))
	for name, c := range map[string]struct{ setup, says string }{
		"the same":         {connection(u.User.Username(), databaseName, "SETUP_PASSWORD"), "Registered 0 sources"},
		"another database": {connection(u.User.Username(), "postgres", "SETUP_PASSWORD"), "and not to"},
		"no password":      {connection(u.User.Username(), databaseName, "NOT_SET"), "NOT_SET"},
		"two":              {connection("a", databaseName, "X") + "---\n" + strings.Replace(connection("a", databaseName, "X"), "tpch", "other", 1), "has 2 connections"},
	} {
		out, err := exec.CommandContext(t.Context(), shared.binary, "register", "--resources", resources, "--setup-connection", write("setup.yaml", c.setup), "--yes").CombinedOutput()
		if (err == nil) != (name == "the same") || !strings.Contains(string(out), c.says) || strings.Contains(string(out), password) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
