// Package pgtest gives tests a real PostgreSQL: one cluster per test binary, started when the first test asks for it, and
// one fresh database per test.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestX(t *testing.T) {
//		conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
//
// It is tooling, outside the floors, and apart from pgcluster so that the product's binary does not link package testing.
//
//	pgtest.go   Main, Cluster, Database
//
// It must never skip a test: where PostgreSQL is missing, tests fail and say what was looked for.
package pgtest
