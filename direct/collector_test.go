package direct

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse/serverlog"
)

// fixed is a state of one connection, in which the account postgres is the person ann.
type fixed struct{ program *policy.Program }

func (f *fixed) Person(connection, account string) (string, bool) {
	return "ann", connection == "shop" && account == "ann_account"
}
func (f *fixed) Principal(user string) (identity.Principal, error) {
	if user != "ann" {
		return identity.Principal{}, errors.New("nobody")
	}
	return identity.NewPrincipal(identity.Spec{User: "ann"}), nil
}
func (f *fixed) Program(name string) (*policy.Program, bool) { return f.program, name == "shop" }

func program(t *testing.T) *policy.Program {
	t.Helper()
	return programOf(t, "text", 25)
}

// programOf has tables whose phones are of a type.
func programOf(t *testing.T, text string, textOID uint32) *policy.Program {
	t.Helper()
	column := func(name, typ string, oid uint32, category byte) catalog.Column {
		return catalog.Column{Name: name, Type: typ, TypeOID: oid, Category: category, Reviewed: true}
	}
	table := func(oid uint32, schema, name string) *catalog.Table {
		return &catalog.Table{OID: oid, Schema: schema, Name: name, Kind: catalog.KindTable, Registered: true,
			Columns: []catalog.Column{column("id", "integer", 23, 'N'), column("phone", text, textOID, 'S')}}
	}
	snapshot, err := catalog.New(1, "shop", []*catalog.Table{table(1, "public", "customer"), table(2, "public", "twice"), table(3, "other", "twice")})
	if err != nil {
		t.Fatal(err)
	}
	all := policy.Selector{Tables: []string{"shop.*.*"}}
	p, _, err := policy.Compile(policy.Input{Version: 7, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: all, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "care", On: all, Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"phone"}, Null: true}}, {Rows: "id > 1"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world is a server whose log is collected.
type world struct {
	t       *testing.T
	cluster *pgcluster.Cluster
	config  Config
	events  []audit.Event
	broken  bool
	// versions begin with the world.
	versions Versions
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	all := map[string]string{"logging_collector": "on", "log_destination": "csvlog", "log_statement": "all"}
	for name, value := range settings {
		all[name] = value
	}
	c, err := pgcluster.Start(t.Context(), pgcluster.Config{Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, cluster: c}
	folder := w.run("postgres", `CREATE ROLE ann_account LOGIN SUPERUSER; CREATE ROLE stray LOGIN; CREATE ROLE service LOGIN;
		CREATE TABLE customer (id integer, phone text); GRANT SELECT ON customer TO stray, service; CREATE SCHEMA other; CREATE TABLE twice (id integer); CREATE TABLE other.twice (id integer);
		CREATE SCHEMA governed_public; CREATE VIEW governed_public.customer AS SELECT id, NULL::text AS phone FROM customer WHERE id > 1;
		SELECT current_setting('data_directory') || '/' || current_setting('log_directory')`)
	w.configureLog(folder)
	return w
}

// configureLog has a collector read the log in a folder.
func (w *world) configureLog(folder string) {
	w.t.Helper()
	w.configure("postgres", sqlgen.Postgres(), &fixed{program(w.t)}, "service", "postgres")
	w.config.Log = &serverlog.Follower{Source: serverlog.Folder{Path: folder, Format: "csv"}, Format: "csv"}
}

// configure has a collector record here what is said of a database, where policies are in force from now on.
func (w *world) configure(database string, dialect sqlgen.Dialect, state State, ignore ...string) {
	w.t.Helper()
	rewriter, err := rewrite.New(rewrite.Config{Dialect: dialect})
	if err != nil {
		w.t.Fatal(err)
	}
	w.versions.Note(7, time.Now())
	w.config = Config{
		Connection: "shop", Database: database, SchemaPrefix: "governed_", Ignore: ignore, Rewriter: rewriter, Logger: slog.New(slog.DiscardHandler),
		Positions: PositionFile{filepath.Join(w.t.TempDir(), "position.json")}, Current: func() (State, error) { return state, nil }, InForce: w.versions.At,
		Record: w.recordAll, Recorded: w.recorded,
	}
}

// recordAll is the audit log.
func (w *world) recordAll(_ context.Context, events ...audit.Event) error {
	if w.broken {
		return errors.New("the disk is full")
	}
	for i := range events {
		if err := events[i].Validate(); err != nil {
			return err
		}
	}
	w.events = append(w.events, events...)
	return nil
}

func (w *world) recorded(since time.Time, fn func(string)) error {
	for _, e := range w.events {
		if e.Kind == audit.Direct && !e.Time.Before(since) {
			fn(e.ID)
		}
	}
	return nil
}

// run sends a text as an account and returns the first value of its last result.
func (w *world) run(account, sql string) string {
	w.t.Helper()
	conn, err := pgconn.Connect(w.t.Context(), w.cluster.URL(account, w.password(account), "postgres"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(w.t.Context()) }()
	results, err := conn.Exec(w.t.Context(), sql).ReadAll()
	if err != nil {
		return err.Error()
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

func (w *world) password(account string) string {
	if account == w.cluster.Superuser {
		return w.cluster.Password
	}
	w.run("postgres", fmt.Sprintf("ALTER ROLE %s PASSWORD 'x'", account))
	return "x"
}

// collect looks at the log until the mark is on record.
func (w *world) collect(c *Collector, mark string) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err := c.Collect(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if slices.ContainsFunc(w.events, func(e audit.Event) bool { return strings.Contains(e.SQL, mark) }) {
			return
		}
	}
	w.t.Fatalf("%s is not on record", mark)
}

// told is an event in a line.
func told(e *audit.Event) string {
	out := fmt.Sprintf("%s as %s ran %s", e.Login, e.User, e.SQL)
	for _, s := range e.Sources {
		out += fmt.Sprintf(" | %s %v", s.Name, s.ColumnsRequested)
		if s.RowFilter {
			out += fmt.Sprintf(" filtered masks %v rules %v", s.Masks, s.Rules)
		}
	}
	if e.SQLState != "" {
		out += " | failed " + e.SQLState
	}
	if e.Program != "" {
		out += " | policies " + e.Program
	}
	if e.Detail != "" {
		out += " | " + e.Detail
	}
	return out
}

func (w *world) told() (out []string) {
	for i := range w.events {
		if e := &w.events[i]; !strings.HasPrefix(e.SQL, "SELECT 'mark") {
			out = append(out, told(e))
		}
	}
	return out
}

func (w *world) collector() *Collector {
	w.t.Helper()
	c, err := New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// TestCollect joins a real server's statements to people, sources, columns and policies, once, over crashes.
func TestCollect(t *testing.T) {
	w := newWorld(t, nil)
	c := w.collector()
	if err := c.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.run("ann_account", "SELECT phone FROM governed_public.customer WHERE id = 3")
	w.run("ann_account", "SELECT id FROM customer")
	w.run("ann_account", "SELECT id / 0 FROM public.customer WHERE 1 / (id - id) = 1 OR 1 / 0 = 1")
	w.run("ann_account", "SELECT * FROM twice")
	w.run("ann_account", "SELEC")
	w.run("stray", "SELECT id FROM customer")
	w.run("stray", "SELECT * FROM other.twice")
	w.run("service", "SELECT id FROM customer")
	w.run("ann_account", "SELECT 'mark 1'")
	w.collect(c, "mark 1")
	want := []string{
		"ann_account as ann ran SELECT phone FROM governed_public.customer WHERE id = 3 | shop.public.customer [id phone] filtered masks [{phone null}] rules [all care] | policies 7",
		"ann_account as ann ran SELECT id FROM customer | shop.public.customer [id] | policies 7",
		"ann_account as ann ran SELECT id / 0 FROM public.customer WHERE 1 / (id - id) = 1 OR 1 / 0 = 1 | shop.public.customer [id] | failed 22012 | policies 7",
		"ann_account as ann ran SELECT * FROM twice | policies 7 | which table twice is, of those of that name, is not known",
		"ann_account as ann ran SELEC | failed 42601 | policies 7 | the text cannot be parsed, so its tables are not known",
		"stray as  ran SELECT id FROM customer | shop.public.customer [] | policies 7 | the account is nobody's; which columns were used is not known",
		"stray as  ran SELECT * FROM other.twice | shop.other.twice [] | failed 42501 | policies 7 | the account is nobody's; which columns were used is not known",
	}
	if diff := cmp.Diff(want, w.told()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	// The audit log cannot write: nothing is passed over.
	w.broken = true
	w.run("ann_account", "SELECT 'mark 2'")
	for end := time.Now().Add(20 * time.Second); c.Collect(t.Context()) == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the broken log is not noticed")
		}
	}
	w.broken = false
	w.collect(c, "mark 2")

	// A crash between the record and the position: nothing is told twice, and what came meanwhile is told.
	before := len(w.events)
	w.config.Positions = lostPosition{w.config.Positions}
	w.run("ann_account", "SELECT 'mark 3'")
	crashing := w.collector()
	for end := time.Now().Add(20 * time.Second); crashing.Collect(t.Context()) == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("there was nothing to crash on")
		}
	}
	w.config.Positions = w.config.Positions.(lostPosition).Positions
	w.config.InForce = new(Versions).At // of a new process
	w.run("ann_account", "SELECT 'mark 4'")
	again := w.collector()
	w.collect(again, "mark 4")
	if got := len(w.events) - before; got != 2 {
		t.Errorf("%d statements are told over a crash, want 2: %v", got, w.events[before:])
	}
	if last := w.events[len(w.events)-1]; last.Program != "" || !strings.Contains(last.Detail, "which policies were in force is not known") {
		t.Errorf("what ran while nobody looked is told as %+v", last)
	}
}

// lostPosition crashes before the position is kept.
type lostPosition struct{ Positions }

func (lostPosition) Save(serverlog.Position) error { return errors.New("killed") }

// TestCollectPgaudit takes the relations from the extension, and one statement for all of its entries.
func TestCollectPgaudit(t *testing.T) {
	w := newWorld(t, map[string]string{"shared_preload_libraries": "pgaudit", "pgaudit.log": "read", "pgaudit.log_relation": "on"})
	w.config.Pgaudit = true
	c := w.collector()
	if err := c.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.run("ann_account", "SET search_path = governed_public; SELECT phone FROM customer")
	w.run("ann_account", "SELECT 'mark' FROM public.customer")
	w.collect(c, "mark")
	got := w.told()
	if len(got) != 1 || !strings.Contains(got[0], "shop.public.customer") || !strings.Contains(got[0], "rules [all care]") {
		t.Errorf("told is %q", got)
	}
}

// TestGapIsTold: what cannot be had is on record as missing.
func TestGapIsTold(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.config.Positions.Save(serverlog.Position{File: "gone.csv", Offset: 7, Time: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	w.run("ann_account", "SELECT 'mark'")
	w.collect(w.collector(), "mark")
	if e := w.events[0]; e.Kind != audit.Admin || e.Action != "direct.gap" || !strings.Contains(e.Detail, "gone.csv") {
		t.Errorf("first on record is %+v", e)
	}
}

func TestConfigMistakes(t *testing.T) {
	_, err := New(Config{Interval: -1})
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("mistakes: %v", err)
	}
}

func TestVersions(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	var v Versions
	for _, n := range []struct {
		version uint64
		since   int64
	}{{3, 10}, {3, 15}, {4, 20}, {7, 30}} {
		v.Note(n.version, at(n.since))
	}
	for second, want := range map[int64]uint64{9: 0, 10: 3, 19: 3, 20: 0, 29: 0, 30: 7, 99: 7} {
		if got, ok := v.At(at(second)); ok != (want != 0) || ok && got != want {
			t.Errorf("at %d: %d, %t; want %d", second, got, ok, want)
		}
	}
}
