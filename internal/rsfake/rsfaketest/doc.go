// Package rsfaketest gives tests a stand-in for Amazon Redshift on the test binary's cluster.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestX(t *testing.T) {
//		server := rsfaketest.New(t)
//		conn, err := pgconn.Connect(t.Context(), server.DSN())
//
// It is apart from rsfake so that the product's binary does not link package testing.
package rsfaketest
