package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/examples"
	"github.com/posternsql/postern/warehouse"
)

// demo is the demo's folder: a configuration, resources and a certificate, as a user would write them.
type demo struct {
	folder, config, policies string
	people                   []demoPerson
}

// demoPerson can log in.
type demoPerson struct {
	name, password, about string
}

// writeDemoFolder writes everything that `serve` needs and sets the environment variables that the resources refer to.
func writeDemoFolder(w *demoWarehouse, o demoOptions) (_ *demo, err error) {
	folder, err := os.MkdirTemp("", "postern-demo-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	d := &demo{folder: folder, config: filepath.Join(folder, "postern.yaml"), policies: filepath.Join(folder, "policies")}
	if err := d.copyExample(); err != nil {
		return nil, err
	}
	files := map[string]string{
		"postern.yaml":             demoConfig(o),
		"policies/connection.yaml": demoConnection(w),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if err := writeSelfSigned(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")); err != nil {
		return nil, err
	}
	return d, d.setEnvironment(w)
}

// copyExample copies the example's resources, but for its connection and its configuration.
func (d *demo) copyExample() error {
	if err := os.Mkdir(d.policies, 0o700); err != nil {
		return err
	}
	entries, err := fs.ReadDir(examples.TPCH, "tpch")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") || e.Name() == "connection.yaml" || e.Name() == "postern.yaml" {
			continue
		}
		text, err := examples.TPCH.ReadFile(path.Join("tpch", e.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.policies, e.Name()), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func demoConfig(o demoOptions) string {
	return fmt.Sprintf(`listen: %q
tls: {cert: cert.pem, key: key.pem, mode: prefer}
admin: {listen: %q}
state: sqlite:postern.db
audit: {dir: audit}
resources: [policies/]
`, o.listen, o.admin)
}

func demoConnection(w *demoWarehouse) string {
	return fmt.Sprintf(`kind: Connection
name: %s
engine: postgres
host: %s
port: %d
database: %s
user: %s
password: {env: TPCH_PASSWORD}
`, demoDatabase, w.cluster.Host, w.cluster.Port, demoDatabase, demoRole)
}

// setEnvironment draws a password for each person of the example, and gives the service role's away.
func (d *demo) setEnvironment(w *demoWarehouse) error {
	if err := os.Setenv("TPCH_PASSWORD", w.password); err != nil {
		return err
	}
	set, err := resource.Load([]string{d.policies})
	if err != nil {
		return fmt.Errorf("reading the example: %w", err)
	}
	for _, u := range set.Users {
		p := demoPerson{name: u.Name, password: strings.ToLower(rand.Text()[:12]), about: describe(u)}
		if err := os.Setenv(u.Password.Env, p.password); err != nil {
			return err
		}
		d.people = append(d.people, p)
	}
	return nil
}

// describe says in a few words who a person is to the policies.
func describe(u resource.User) string {
	var parts []string
	if len(u.Groups) > 0 {
		parts = append(parts, strings.Join(u.Groups, ", "))
	}
	for _, name := range sortedKeys(u.Attributes) {
		parts = append(parts, name+" "+strings.Join(u.Attributes[name], "+"))
	}
	return strings.Join(parts, "; ")
}

// register installs in the warehouse what the policies need, as its administrator would with `postern register`.
func (d *demo) register(ctx context.Context, w *demoWarehouse) error {
	set, err := resource.Load([]string{d.policies})
	if err != nil {
		return err
	}
	r, err := control.Registration(set, demoDatabase)
	if err != nil {
		return err
	}
	account, err := setupAccount(w.cluster.DSN(demoDatabase))
	if err != nil {
		return err
	}
	conn, err := dialSetup(ctx, account)
	if err != nil {
		return err
	}
	_, err = registerAt(ctx, conn, r, warehouse.PushRegistration{}, nil)
	err = errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	return err
}
