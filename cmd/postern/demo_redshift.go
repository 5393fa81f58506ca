package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/posternsql/postern/internal/rsfake"
)

// demoRedshift is a stand-in for a Redshift, over the demo's cluster. It is the warehouse of the demo then.
type demoRedshift struct {
	server *rsfake.Server
	// service and its password are the proxy's account.
	service, password string
}

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
	return &demoRedshift{server: w.redshift, service: demoRole, password: w.password}, nil
}

// resources are the connection, and what is maintained in the warehouse.
func (r *demoRedshift) resources(certificate string) string {
	return fmt.Sprintf(`kind: Connection
name: %s
engine: redshift
host: %s
port: %d
database: %s
user: %s
password: {env: TPCH_PASSWORD}
tls: {mode: verify-full, ca: %q}
`, demoDatabase, r.server.Host(), r.server.Port(), r.server.Database(), r.service, certificate)
}

// prepare makes the accounts, as the administrator of a cluster would: the proxy's, which reads, and one for each person, which may nothing.
func (r *demoRedshift) prepare(ctx context.Context, people []demoPerson) error {
	statements := []string{
		"CREATE USER " + r.service + " PASSWORD '" + r.password + "'", "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
		"GRANT USAGE ON SCHEMA public TO " + r.service, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + r.service,
	}
	for _, p := range people {
		statements = append(statements, "CREATE USER "+p.name+" PASSWORD '"+p.password+"'")
	}
	if err := r.server.Exec(ctx, statements...); err != nil {
		return fmt.Errorf("preparing the stand-in for Redshift: %w", err)
	}
	return nil
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

// inviteDrivers prints how the drivers of Redshift connect as the first of the people.
func (d *demo) inviteDrivers(out io.Writer, proxy *net.TCPAddr) {
	p := d.people[0]
	fmt.Fprintf(out, `
# The same with the drivers of Amazon Redshift, which verify the certificate:
SSL_CERT_FILE=%[5]s python3 -c "import redshift_connector as r; c = r.connect(host='%[1]s', port=%[2]d, database='%[6]s', user='%[3]s', password='%[4]s').cursor(); c.execute('SELECT c_name, c_phone FROM customer ORDER BY c_custkey LIMIT 5'); print(c.fetchall())"
jdbc:redshift://%[1]s:%[2]d/%[6]s?user=%[3]s&password=%[4]s&ssl=true&sslMode=verify-full&sslRootCert=%[5]s
`, proxy.IP, proxy.Port, p.name, p.password, d.certificate, demoDatabase)
}
