package rsfaketest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
)

// New starts a stand-in over an empty database of its own, and ends both with the test. Users, groups and roles belong to the
// whole cluster, as on Redshift: give them names of their own (pgtest.Name), or drop them.
func New(t testing.TB, options ...func(*rsfake.Config)) *rsfake.Server {
	t.Helper()
	url := pgtest.Database(t)
	name := url[strings.LastIndexByte(url, '/')+1:]
	name, _, _ = strings.Cut(name, "?")
	cfg := rsfake.Config{Cluster: pgtest.Cluster(t), Database: name}
	for _, o := range options {
		o(&cfg)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := rsfake.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Exec runs statements as the administrator and fails the test where one is refused.
func Exec(t testing.TB, server *rsfake.Server, statements ...string) {
	t.Helper()
	if err := server.Exec(t.Context(), statements...); err != nil {
		t.Fatal(err)
	}
}

// Connect logs in as a user, by clear text or MD5, and closes the connection with the test.
func Connect(t testing.TB, server *rsfake.Server, user, password string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), server.URL(user, password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
