package main

import (
	"context"
	"crypto/rand"
	"embed"
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
	certificate, key         string
	people                   []demoPerson
	// redshift is the stand-in, nil where the warehouse is a PostgreSQL.
	redshift *demoRedshift
}

// demoPerson can log in.
type demoPerson struct {
	name, password, about string
}

// makeDemoFolder makes the folder, with a certificate in it.
func makeDemoFolder() (_ *demo, err error) {
	folder, err := os.MkdirTemp("", "postern-demo-")
	if err != nil {
		return nil, err
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	d := &demo{folder: folder, config: at("postern.yaml"), policies: at("policies"), certificate: at("cert.pem"), key: at("key.pem")}
	if err := errors.Join(os.Mkdir(d.policies, 0o700), writeSelfSigned(d.certificate, d.key)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return d, nil
}

// prepare makes the warehouse ready, writes everything that `serve` needs, and sets the environment variables that the resources refer to.
func (d *demo) prepare(ctx context.Context, w *demoWarehouse, o demoOptions) (err error) {
	if o.redshift {
		if d.redshift, err = w.standIn(ctx, d); err != nil {
			return err
		}
	}
	connection := demoConnection(w)
	if d.redshift != nil {
		connection = d.redshift.resources()
	}
	for name, text := range map[string]string{d.config: demoConfig(o), filepath.Join(d.policies, "connection.yaml"): connection} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := d.copyExamples(); err != nil {
		return err
	}
	if err := d.setEnvironment(w); err != nil {
		return err
	}
	if d.redshift != nil {
		return d.redshift.prepare(ctx, d)
	}
	if err := w.createService(ctx); err != nil {
		return err
	}
	return d.register(ctx, w)
}

// copyExamples copies the example's resources, and in place of some those for a Redshift.
func (d *demo) copyExamples() error {
	if err := d.copyExample(examples.TPCH, "tpch"); err != nil || d.redshift == nil {
		return err
	}
	return d.copyExample(examples.Redshift, "redshift")
}

// copyExample copies resources, but for their connection and their configuration.
func (d *demo) copyExample(files embed.FS, folder string) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") || e.Name() == "connection.yaml" || e.Name() == "postern.yaml" {
			continue
		}
		text, err := files.ReadFile(path.Join(folder, e.Name()))
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
		if d.redshift != nil {
			p.password = redshiftPassword()
		}
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
