package push_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// marker stands in every value that ann may not see: in hidden rows, in columns that nobody has reviewed, in tables that are not hers, and under masks.
const marker = "MARKER"

// markerBytes are the marker as a client could receive it: as text, folded, and as bytea, trees of the planner and base64 have it.
func markerBytes() [][]byte {
	decimal := make([]string, len(marker))
	for i, c := range []byte(marker) {
		decimal[i] = strconv.Itoa(int(c))
	}
	return [][]byte{
		[]byte(marker), []byte(strings.ToLower(marker)), []byte(hex.EncodeToString([]byte(marker))), []byte(strings.Join(decimal, " ")),
		[]byte(base64.StdEncoding.EncodeToString([]byte(marker))),
	}
}

// tapped is a connection that keeps every byte that came.
type tapped struct {
	net.Conn
	received *bytes.Buffer
}

func (c tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.received.Write(b[:n])
	return n, err
}

// attacked is a warehouse full of what ann must not see.
const attacked = `
CREATE TABLE public.customer (id integer PRIMARY KEY, name text, phone text, region text, note text, k integer, balance numeric, ssn text, email text, card text);
INSERT INTO public.customer SELECT i, 'MARKER name ' || i, '0' || i || ' MARKER', CASE WHEN i % 4 = 0 THEN 'EUROPE' ELSE 'MARKERLAND' END,
    CASE WHEN i % 4 = 0 THEN i::text ELSE 'MARKER(' || i % 3 END, CASE WHEN i % 4 = 0 THEN i ELSE 0 END, i, 'MARKER ssn', 'MARKER@' || i, 'MARKER' || 100000 + i FROM generate_series(1, 200) AS i;
CREATE INDEX ON public.customer (note text_pattern_ops);
CREATE TABLE public.orders (id integer, customer_id integer, day date, memo text) PARTITION BY RANGE (day);
CREATE TABLE public.orders_2024 PARTITION OF public.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO public.orders SELECT i, i, '2024-05-05', CASE WHEN i % 4 = 0 THEN 'memo ' || i ELSE 'MARKER' || i % 3 END FROM generate_series(1, 200) AS i;
CREATE TABLE public.parent (id integer, v text);
CREATE TABLE public.child () INHERITS (public.parent);
INSERT INTO public.parent VALUES (1, 'one');
INSERT INTO public.child VALUES (2, 'MARKER');
CREATE TABLE public.nation (id integer PRIMARY KEY, title text);
INSERT INTO public.nation VALUES (1, 'FRANCE'), (2, 'JAPAN');
CREATE TABLE public.secret (s text);
INSERT INTO public.secret VALUES ('MARKER');
CREATE TABLE public.own (id integer, v text);
INSERT INTO public.own VALUES (1, 'MARKER');
CREATE STATISTICS public.both (mcv) ON region, note FROM public.customer;
SELECT lo_from_bytea(4711, 'MARKER');
ANALYZE`

// underAttack has ann, who is in Europe and has a schema of her own, and bob, who sees nothing.
func underAttack(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, pgtest.Database, attacked,
		identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}},
		identity.Spec{User: "bob", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"MARKERLAND"}}})
	// The functions of all masks, and the system role's right to call them.
	all := warehouse.Registration{Database: w.database, ServiceRole: w.service, Tables: w.tables, Domains: []string{"default"}, Ciphers: true}
	if _, err := warehouse.Register(t.Context(), w.admin, all); err != nil {
		t.Fatal(err)
	}
	w.register()
	// The keys are what nobody may ever see.
	w.exec(w.admin, `UPDATE postern_functions.keys SET key = 'MARKER', inner_prefix = convert_to(domain || 'MARKER', 'UTF8'), outer_pad = 'MARKER'`)
	w.hidden["public.customer.ssn"] = true
	w.subscriptions = []policy.SubscriptionPolicy{
		grant("analysts", tables("public.nation", "public.customer", "public.orders", "public.parent"), policy.Allow{When: "isInGroups('analysts')"}),
		grant("bob", tables("public.own"), policy.Allow{Users: []string{"bob"}}),
	}
	mask := func(m policy.Mask) policy.Rule { return policy.Rule{Mask: &m} }
	w.data = []policy.DataPolicy{
		{Name: "region", On: tables("public.customer"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', region)"},
			mask(policy.Mask{Columns: []string{"phone"}, Regex: &policy.RegexMask{Pattern: "[A-Z0-9]", Replace: "*"}}),
			mask(policy.Mask{Columns: []string{"name"}, Hash: &policy.HashMask{}}), mask(policy.Mask{Columns: []string{"email"}, Reversible: &policy.ReversibleMask{}}),
			mask(policy.Mask{Columns: []string{"card"}, FormatPreserving: &policy.FormatPreservingMask{Alphabet: "alphanumeric"}})}},
		{Name: "orders", On: tables("public.orders"), Rules: []policy.Rule{{Rows: "customer_id IN (SELECT id FROM public.customer WHERE region = 'EUROPE')"}}},
		{Name: "parent", On: tables("public.parent"), Rules: []policy.Rule{{Rows: "v NOT LIKE 'MARKER%'"}}},
	}
	w.sync()
	ann := w.accounts["ann"]
	w.exec(w.admin, "CREATE SCHEMA lab; GRANT ALL ON SCHEMA lab TO "+ann)
	return w
}

// attack is one pin: testdata/leaks/push/README.md says what its sections are.
type attack struct {
	name       string
	statements []string
	want       string
}

const attackFolder = "../testdata/leaks/push"

func attacks(t *testing.T) (out []attack) {
	t.Helper()
	files, err := filepath.Glob(attackFolder + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		archive, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		a := attack{name: strings.TrimSuffix(filepath.Base(f), ".txtar")}
		for _, part := range archive.Files {
			switch part.Name {
			case "sql":
				a.statements = strings.Split(strings.TrimSpace(string(part.Data)), "\n\n")
			case "want":
				a.want = strings.TrimSpace(string(part.Data))
			default:
				t.Fatalf("%s: unknown part %s", f, part.Name)
			}
		}
		if len(bytes.TrimSpace(archive.Comment)) == 0 || len(a.statements) == 0 || a.want == "" {
			t.Errorf("%s: a story, statements and what is wanted belong in it", f)
		}
		out = append(out, a)
	}
	return out
}

// TestAttacks: whatever somebody who is connected directly tries, no byte that they receive holds a hidden value. What the server tells all the same is in the
// pins whose names begin with open-.
func TestAttacks(t *testing.T) {
	all := attacks(t)
	w := underAttack(t)
	floor, err := os.ReadFile(attackFolder + "/MINIMUM")
	if err != nil {
		t.Fatal(err)
	}
	least, err := strconv.Atoi(strings.TrimSpace(string(floor)))
	if err != nil {
		t.Fatal(err)
	}
	open, refused, received := 0, 0, 0
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			got, n := w.attack(t, a)
			received += n
			if strings.HasPrefix(a.name, "open-") {
				open++
			}
			if strings.HasPrefix(got, "refused") {
				refused++
			}
			if !met(a.want, got) {
				t.Errorf("got %.1000s\nwant %s", got, a.want)
			}
		})
	}
	t.Logf("%d attacks, at least %d wanted: %d refused, %d show what the server cannot keep back; %d bytes without a marker", len(all), least, refused, open, received)
	if len(all) < least {
		t.Errorf("only %d attacks", len(all))
	}
}

// met compares what came of the last statement with what is wanted.
func met(want, got string) bool {
	verdict, words, _ := strings.Cut(want, " ")
	switch verdict {
	case "runs":
		return strings.HasPrefix(got, "runs")
	case "shows":
		return strings.HasPrefix(got, "runs") && strings.Contains(got, words)
	case "rows":
		return strings.HasPrefix(got, "runs rows "+words+"\n")
	case "refused":
		return strings.HasPrefix(got, want)
	case "any":
		return true
	}
	return false
}

// attack runs the statements of one pin as ann, in a session of its own, and says what came of the last one.
func (w *world) attack(t *testing.T, a attack) (got string, received int) {
	t.Helper()
	config, err := pgconn.ParseConfig(pgtest.Cluster(t).URL(w.accounts["ann"], "pw", w.database))
	if err != nil {
		t.Fatal(err)
	}
	var all, notices bytes.Buffer
	config.RuntimeParams["statement_timeout"] = "20s"
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		return tapped{conn, &all}, nil
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Fprintln(&notices, n.Message) }
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range a.statements {
		sql = strings.NewReplacer("{ann}", w.accounts["ann"], "{bob}", w.accounts["bob"], "{system}", w.settings.SystemRole, "{service}", w.service, "{database}", w.database).Replace(sql)
		notices.Reset()
		got = w.last(conn, sql, &notices)
	}
	// Trees are broken into lines.
	came := bytes.Join(bytes.Fields(all.Bytes()), []byte(" "))
	for _, m := range markerBytes() {
		if i := bytes.Index(came, m); i >= 0 {
			t.Errorf("a hidden value came back: %q", came[max(0, i-200):min(len(came), i+60)])
			break
		}
	}
	return got, all.Len()
}

// last is the outcome of a statement in words.
func (w *world) last(conn *pgconn.PgConn, sql string, notices *bytes.Buffer) string {
	if strings.HasPrefix(sql, "COPY ") && strings.HasSuffix(sql, "STDOUT") {
		var out bytes.Buffer
		tag, err := conn.CopyTo(w.t.Context(), &out, sql)
		if err == nil {
			return fmt.Sprintf("runs rows %d\n%s", tag.RowsAffected(), out.String())
		}
		return refusedAs(err)
	}
	results, err := conn.Exec(w.t.Context(), sql).ReadAll()
	if err != nil {
		return refusedAs(err)
	}
	var b strings.Builder
	rows := 0
	for _, r := range results {
		rows = len(r.Rows)
		for _, row := range r.Rows {
			b.Write(bytes.Join(row, []byte("|")))
			b.WriteByte('\n')
		}
	}
	return fmt.Sprintf("runs rows %d\n%s%s", rows, b.String(), notices.String())
}

func refusedAs(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return "refused " + pe.Code + " " + pe.Message
	}
	return "broken " + err.Error()
}
