// Package admin serves the administrator over HTTP: health, readiness, metrics, and the API under /v1.
//
// Floor 6, beside proxy.
//
//   - server.go: Server, its routes and its life
//   - check.go: Check, the named conditions behind /readyz
//   - api.go: API, who may ask it, bounded bodies, answers
//   - ratelimit.go: how often it may be asked
//   - decisions.go: POST /v1/decisions; reveal.go: POST /v1/reveal; projects.go: in which project a person acts
//   - objects.go: the warehouses' tables, what became of them, and sources in and out of service
//   - push.go: what is maintained inside warehouses: looked at, and asked for
//
// The life of one request: the mux answers /healthz from the process alone, /readyz from the Checks that the wiring
// registered, /metrics from the Prometheus registry. Under /v1 the bearer's token is found by its digest and its role is
// compared with what the route wants; a refusal is on record.
//
// It must never answer with a policy's constant, a user's name, SQL text or a secret on a route that asks for no token.
package admin
