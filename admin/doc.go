// Package admin serves the administrator over HTTP: health, readiness and metrics.
//
// Floor 6, beside proxy.
//
//   - server.go: Server, its routes and its life
//   - check.go: Check, the named conditions behind /readyz
//
// The life of one request: the mux answers /healthz from the process alone, /readyz from the Checks that the wiring
// registered, /metrics from the Prometheus registry. No request changes anything.
//
// It must never answer with a policy's constant, a user's name, SQL text or a secret on a route that asks for no token.
package admin
