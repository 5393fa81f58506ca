// Package e2e runs the built binary between real clients and a real warehouse.
//
// A harness, outside the floors. It holds tests only:
//
//   - main_test.go: what all tests share: the binary, a cluster with TPC-H data, one running server
//   - instance_test.go: a server as a child process, with its folders
//   - people_test.go: the three people of the tour, and what each must see, asked of the raw database
//   - clients_test.go, goclients_test.go: the clients, each a function from a person and a query to rows
//   - tour_test.go: every client as every person, and the committed list of these runs
//   - large_test.go: a result that fits no buffer
//   - tls_test.go: clients that verify the certificate, and bind the log-in to it
//   - demo_test.go: `postern demo --once`, in front of a PostgreSQL and of a stand-in for a Redshift
//   - register_test.go: what an administrator does in the warehouse first
//   - metadata_test.go: psql's descriptions and JDBC's DatabaseMetaData, with nothing in them that is hidden
//   - login_test.go, multi_test.go, cancel_test.go, revocation_test.go, audit_test.go: one promise each
//
// The life of one run: the client connects with its own defaults, asks the tour's query, and its rows are printed as lines
// of values separated by '|'; they must be the rows that a statement written by hand for this person yields when the
// superuser asks the raw database.
//
// It must never: take what is expected from Postern's own code, or skip a client that is not installed.
package e2e
