package proxy_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// eavesdropped is a client of the proxy of which every byte that it receives is kept.
type eavesdropped struct {
	*pgconn.PgConn
	mu    sync.Mutex
	heard strings.Builder
}

type eavesdroppedConn struct {
	net.Conn
	to *eavesdropped
}

func (c eavesdroppedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.to.mu.Lock()
	defer c.to.mu.Unlock()
	c.to.heard.Write(b[:n])
	return n, err
}

// has reports that a text has come over the wire.
func (e *eavesdropped) has(text string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Contains(e.heard.String(), text)
}

// eavesdrop connects without TLS and listens in.
func eavesdrop(t *testing.T, w *world, user string) *eavesdropped {
	t.Helper()
	config, err := pgconn.ParseConfig(w.url(user, ""))
	if err != nil {
		t.Fatal(err)
	}
	out := &eavesdropped{}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return eavesdroppedConn{conn, out}, err
	}
	if out.PgConn, err = pgconn.ConnectConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close(context.WithoutCancel(t.Context())) })
	return out
}

// marked are tables whose hidden rows and values hold MARKER: of lake.events the rows of one person, of part.parts nothing is registered.
var marked = []string{
	"CREATE SCHEMA sales", "CREATE SCHEMA part",
	"CREATE TABLE sales.customer (id bigint, name varchar(50), phone varchar(20), country varchar(2), k integer)",
	"INSERT INTO sales.customer VALUES (1, 'ann', '555-MARKER', 'US', 1), (2, 'bob', '555-MARKER', 'US', 2), (3, 'MARKER', 'MARKER', 'DE', 0), (4, 'it''s', NULL, 'US', NULL)",
	"CREATE TABLE sales.orders (id bigint, customer_id bigint, total numeric(12,2), memo varchar(100))", "INSERT INTO sales.orders VALUES (1, 1, 10, 'x'), (2, 2, 20, 'y')",
	"CREATE TABLE sales.secret (s varchar(20))", "INSERT INTO sales.secret VALUES ('MARKER')",
	"CREATE TABLE part.parts (p varchar(20))", "INSERT INTO part.parts VALUES ('MARKER')",
	"CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'd' IAM_ROLE default",
	"CREATE EXTERNAL TABLE lake.events (at timestamp, who varchar(10)) STORED AS PARQUET LOCATION 's3://b/p'", "CREATE EXTERNAL TABLE lake.raw (line varchar(10)) STORED AS PARQUET LOCATION 's3://b/q'",
	"INSERT INTO lake.events VALUES ('2024-01-01 00:00:00', 'ann'), ('2024-01-02 00:00:00', 'MARKER')", "INSERT INTO lake.raw VALUES ('MARKER')",
}

// newRedshiftCrawled is a world over what a crawl of the stand-in finds in marked and in what the test adds: ann reads customers of the US without their
// phones, orders, and events of her own; change adds policies.
func newRedshiftCrawled(t *testing.T, change func(*policy.Input), statements ...string) (*world, *rsfake.Server) {
	t.Helper()
	w, server := newRedshift(t)
	rsfaketest.Exec(t, server, marked...)
	rsfaketest.Exec(t, server, statements...)
	crawlRedshift(t, w, server, change)
	onRedshift, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Redshift()})
	if err != nil {
		t.Fatal(err)
	}
	w.config.Rewriter = &rewrite.Rewriters{Redshift: onRedshift, OnRedshift: func(name string) bool { return name == w.database }}
	return w, server
}

// crawlRedshift publishes what the stand-in has now.
func crawlRedshift(t *testing.T, w *world, server *rsfake.Server, change func(*policy.Input)) {
	t.Helper()
	conn, err := warehouse.Dial(t.Context(), warehouse.Config{Engine: warehouse.EngineRedshift, Host: server.Host(), Port: server.Port(), Database: server.Database(),
		User: rsfake.AdminUser, Credentials: warehouse.Fixed(secret.NewValue(rsfake.AdminPassword))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = table.Schema == "sales" || table.Name == "events"
		for i := range table.Columns {
			table.Columns[i].Reviewed = true
		}
	}
	constant, on := "***", func(names ...string) policy.Selector {
		var out policy.Selector
		for _, name := range names {
			out.Tables = append(out.Tables, w.database+"."+name)
		}
		return out
	}
	in := policy.Input{Version: 1,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "s", On: on("sales.customer", "sales.orders", "sales.v_*", "lake.events"), Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{
			{Name: "d", On: on("sales.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"phone"}, Constant: &constant}}, {Rows: "country = 'US'"}}},
			{Name: "e", On: on("lake.events"), Rules: []policy.Rule{{Rows: "who = 'ann'"}}},
		}}
	if in.Snapshot, err = catalog.New(1, w.database, tables); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&in)
	}
	program, _, err := policy.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	w.change(func(s *state) { s.program = program })
}
