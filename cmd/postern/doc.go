// Command postern is the one binary: wiring only.
//
// Floor 7: it may import everything; nothing imports it.
//
//   - main.go: hands arguments and streams to run
//   - root.go: the command tree and its exit codes
//   - serve.go, server.go: `serve`: configuration file to running servers
//   - demo*.go: `demo`: a throw-away warehouse, three people, and the tour
//   - register.go: `register`: installs postern_functions and grants in a warehouse
//   - audit.go: `audit tail|search|verify`
//   - user.go, version.go: small commands
//
// The life of `serve`: the configuration is read and validated, the audit log opened, the resources published, and then
// the proxy and the admin server run under one errgroup until a signal; a second signal ends the process at once.
//
// It must never decide anything about data.
package main
