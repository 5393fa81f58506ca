package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// demoRedshift is a stand-in for a Redshift, over the demo's cluster. It is the warehouse of the demo then.
type demoRedshift struct {
	server      *rsfake.Server
	certificate string
	// password is that of the proxy's account, system that of the account that maintains views.
	password, system string
}

// The account that maintains views, and the schema that holds those of schema public.
const (
	demoSystem   = "postern_system"
	demoGoverned = push.DefaultSchemaPrefix + "public"
)

// redshiftPassword draws one that Redshift takes: with a capital, a small letter and a digit, and nothing that needs quoting.
func redshiftPassword() string { return "P1" + strings.ToLower(rand.Text()[:14]) }

// standIn starts the stand-in with the demo's certificate. It ends with the warehouse.
func (w *demoWarehouse) standIn(ctx context.Context, d *demo) (*demoRedshift, error) {
	certificate, err := tls.LoadX509KeyPair(d.certificate, d.key)
	if err != nil {
		return nil, fmt.Errorf("reading the demo's certificate: %w", err)
	}
	w.redshift, err = rsfake.Start(ctx, rsfake.Config{
		Cluster: w.cluster, Database: demoDatabase, RequireTLS: true, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		return nil, fmt.Errorf("starting the stand-in for Redshift: %w", err)
	}
	w.password = redshiftPassword()
	r := &demoRedshift{server: w.redshift, certificate: d.certificate, password: w.password, system: redshiftPassword()}
	return r, os.Setenv("TPCH_SYSTEM_PASSWORD", r.system)
}

// resources are the connection, what is maintained in the warehouse, and who may act as whom there.
func (r *demoRedshift) resources() string {
	return fmt.Sprintf(`kind: Connection
name: %[1]s
engine: redshift
host: %[2]s
port: %[3]d
database: %[1]s
user: %[4]s
password: {env: TPCH_PASSWORD}
tls: {mode: verify-full, ca: %[5]q}
---
# For people who connect to the warehouse directly: views in schema %[7]s.
kind: PushSettings
name: %[1]s
connection: %[1]s
user: %[6]s
password: {env: TPCH_SYSTEM_PASSWORD}
enforce: views
readOnly: true
impersonation: true
---
# Bob may act as the others: SET SESSION AUTHORIZATION at the proxy, CALL postern_procedures.impersonate('ann') in the warehouse.
kind: Group
name: global-analysts
impersonate: {users: [ann, cyd]}
`, demoDatabase, r.server.Host(), r.server.Port(), demoRole, r.certificate, demoSystem, demoGoverned)
}

// prepare makes the accounts, as the administrator of a cluster would: the proxy's, and one for each person, which may nothing. Then it
// registers the warehouse, as `postern register` does.
func (r *demoRedshift) prepare(ctx context.Context, d *demo) (err error) {
	statements := []string{"CREATE USER " + demoRole + " PASSWORD '" + r.password + "'", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"}
	for _, p := range d.people {
		statements = append(statements, "CREATE USER "+p.name+" PASSWORD '"+p.password+"'")
	}
	if err := r.server.Exec(ctx, statements...); err != nil {
		return fmt.Errorf("preparing the stand-in for Redshift: %w", err)
	}
	set, err := resource.Load([]string{d.policies})
	if err != nil {
		return err
	}
	registration, err := control.RedshiftRegistration(set, demoDatabase, warehouse.RedshiftLambda{}, false)
	if err != nil {
		return err
	}
	conn, err := dialSetup(ctx, warehouse.Config{
		Engine: warehouse.EngineRedshift, Host: r.server.Host(), Port: r.server.Port(), Database: demoDatabase, User: rsfake.AdminUser,
		Credentials: warehouse.Fixed(secret.NewValue(rsfake.AdminPassword)), TLS: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: r.certificate},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	state, err := warehouse.CheckRedshift(ctx, conn, registration)
	if err != nil {
		return err
	}
	_, err = warehouse.RegisterRedshift(ctx, conn, registration, state)
	return err
}

// sync makes the views, before anybody is told of them.
func (r *demoRedshift) sync(ctx context.Context, s *server) error {
	for _, p := range s.publisher.Current().Pushes() {
		syncer, err := push.New(s.syncerConfig(p))
		if err != nil {
			return err
		}
		if run := push.Do(ctx, syncer, push.RunSync, pushInput(p)); run.State != push.RunDone {
			return fmt.Errorf("maintaining views in the stand-in for Redshift: %s %s", run.State, run.Error)
		}
	}
	return nil
}

// directURL is where a person finds the warehouse itself, with their own account there.
func (r *demoRedshift) directURL(p demoPerson) string {
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(p.name, p.password), Host: net.JoinHostPort(r.server.Host(), strconv.Itoa(r.server.Port())), Path: "/" + demoDatabase,
		RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {r.certificate}}.Encode(),
	}
	return dsn.String()
}

// tour shows each person's two answers side by side, and fails where they are not the same.
func (r *demoRedshift) tour(ctx context.Context, d *demo, proxy *net.TCPAddr, query string, out io.Writer) error {
	answers := map[string][]string{}
	for _, p := range d.people {
		byProxy, err := askAt(ctx, d.proxyURL(proxy, p), query)
		if err != nil {
			return fmt.Errorf("asking as %s: %w", p.name, err)
		}
		byView, err := askAt(ctx, r.directURL(p), "SET search_path TO "+demoGoverned, query)
		if err != nil {
			return fmt.Errorf("asking the warehouse itself as %s: %w", p.name, err)
		}
		fmt.Fprintf(out, "\n%s (%s)\n\n", p.name, p.about)
		printBeside(out, [][]string{append([]string{"by the proxy", ""}, byProxy...), append([]string{"by the view in the warehouse", ""}, byView...)})
		if !slices.Equal(byProxy, byView) {
			return fmt.Errorf("%s gets one answer by the proxy and another by the view in the warehouse", p.name)
		}
		answers[p.name] = byView
	}
	fmt.Fprintf(out, "\nThe same answers by both ways: %s.\n", strings.Join(sortedKeys(answers), ", "))
	return r.acting(ctx, d, query, answers, out)
}

// acting has bob ask the warehouse itself as ann: the answer is hers.
func (r *demoRedshift) acting(ctx context.Context, d *demo, query string, answers map[string][]string, out io.Writer) error {
	i := slices.IndexFunc(d.people, func(p demoPerson) bool { return p.name == "bob" })
	if i < 0 {
		return nil
	}
	got, err := askAt(ctx, r.directURL(d.people[i]), actAsAnn, "SET search_path TO "+demoGoverned, query)
	if err != nil {
		return fmt.Errorf("asking the warehouse itself as bob, who acts as ann: %w", err)
	}
	if !slices.Equal(got, answers["ann"]) {
		return errors.New("bob, who acts as ann in the warehouse, gets another answer than ann")
	}
	_, err = fmt.Fprintf(out, "Bob gets ann's answer in the warehouse after %s.\n", actAsAnn)
	return err
}

// actAsAnn is how somebody who may acts as ann.
const actAsAnn = "CALL postern_procedures.impersonate('ann')"

// invite prints how the drivers of Redshift connect as the first of the people, and how everybody reads the warehouse itself.
func (r *demoRedshift) invite(d *demo, out io.Writer, proxy *net.TCPAddr, query string) {
	p := d.people[0]
	fmt.Fprintf(out, `
# The same with the drivers of Amazon Redshift, which verify the certificate:
SSL_CERT_FILE=%[5]s python3 -c "import redshift_connector as r; c = r.connect(host='%[1]s', port=%[2]d, database='%[6]s', user='%[3]s', password='%[4]s').cursor(); c.execute('SELECT c_name, c_phone FROM customer ORDER BY c_custkey LIMIT 5'); print(c.fetchall())"
jdbc:redshift://%[1]s:%[2]d/%[6]s?user=%[3]s&password=%[4]s&ssl=true&sslMode=verify-full&sslRootCert=%[5]s

# The warehouse itself, past the proxy, with the same accounts: the views show what the proxy shows.
`, proxy.IP, proxy.Port, p.name, p.password, d.certificate, demoDatabase)
	line := func(p demoPerson, statements ...string) {
		fmt.Fprintf(out, "PGPASSWORD=%s psql 'host=%s port=%d user=%s dbname=%s sslmode=verify-full sslrootcert=%s'", p.password, r.server.Host(), r.server.Port(), p.name, demoDatabase, r.certificate)
		for _, sql := range statements {
			fmt.Fprintf(out, " -c %s", shellQuote(sql))
		}
		fmt.Fprintln(out)
	}
	const path = "SET search_path TO " + demoGoverned
	for _, p := range d.people {
		line(p, path, query)
	}
	if i := slices.IndexFunc(d.people, func(p demoPerson) bool { return p.name == "bob" }); i >= 0 {
		fmt.Fprintln(out, "# bob, who may act as ann:")
		line(d.people[i], actAsAnn, path, query)
	}
}

// closeStandIn ends the stand-in before its cluster.
func (w *demoWarehouse) closeStandIn() error {
	if w.redshift == nil {
		return nil
	}
	if err := w.redshift.Close(); err != nil {
		return fmt.Errorf("closing the stand-in for Redshift: %w", err)
	}
	return nil
}
