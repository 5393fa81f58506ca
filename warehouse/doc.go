// Package warehouse dials a registered warehouse and says what is in it.
//
// Floor 1: it is the only network I/O below the servers. It imports catalog and secret.
//
//   - config.go: Config, its Validate, and where the TLS default comes from
//   - credential.go: CredentialSource and LoginSource, asked at each use
//   - dial.go: Dial, a logged-in connection that nothing in the environment can steer
//   - tls.go: the TLS side of dialing
//   - redshift.go, handshake.go, digest.go, scram.go: the log-in to Redshift, which the driver cannot do
//   - cancel.go: Cancel, a CancelRequest for a backend by its process id and secret key
//   - crawl.go: Crawl, the tables and columns of a database; crawlprogress.go: how far it is, Identity, and CatalogMark; viewdefs.go: the queries behind views, and what they read;
//     own.go: functions, operators, types and casts that are not built in
//   - registerpush.go: the system role of push; setup.go: what the setup account lacks
//   - register.go, registerkeys.go, *.sql: the objects that registration installs, and the grants of the service role
//   - domains.go: Domains, what a warehouse has of keys and functions
//   - try.go: Try, whether the warehouse accepts queries
//   - procedures.go: what people ask of Postern by procedures in the warehouse, and the answers
//   - selfcheck.go: what the service role can do that it should not
//   - redshiftregister.go, redshiftsetup.go, redshiftselfcheck.go: registration of a Redshift; redshiftkeys.go: the keys of masks that it computes by itself; redshiftudf.go: functions in Python, and who calls the Lambda
//
// The life of one connection: the configuration is validated when it is published; Dial resolves the password from its
// reference, dials, demands TLS as configured, logs in and hands the connection on; the caller closes it.
//
// It must never take a setting from PG* variables, ~/.pgpass or a service file, never put a secret into an error, and
// never fall back from TLS to clear text.
package warehouse
