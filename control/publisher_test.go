package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/tpch"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a TPC-H database with a registered service role, and the example's files in a folder that a test may change.
type world struct {
	t      *testing.T
	dsn    string
	folder string
	role   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dsn: pgtest.Database(t), folder: t.TempDir(), role: pgtest.Name("service")}
	conn := w.conn()
	c, err := pgconn.ParseConfig(w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := (tpch.Generator{Scale: tpch.MinScale}).Build(t.Context(), conn, nil); err != nil {
		t.Fatal(err)
	}
	w.exec("CREATE ROLE " + w.role + " LOGIN PASSWORD 'pw'")
	t.Cleanup(func() {
		if err := pgtest.Cluster(t).Exec(context.Background(), c.Database, "DROP OWNED BY "+w.role+"; DROP ROLE "+w.role); err != nil {
			t.Error(err)
		}
	})
	for name, value := range map[string]string{"TPCH_PASSWORD": "pw", "ANN_PASSWORD": "a", "BOB_PASSWORD": "b", "CYD_PASSWORD": "c"} {
		t.Setenv(name, value)
	}
	for _, name := range []string{"users.yaml", "sources.yaml", "policies.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "examples", "tpch", name))
		if err != nil {
			t.Fatal(err)
		}
		w.write(name, string(text))
	}
	w.write("connection.yaml", fmt.Sprintf("kind: Connection\nname: tpch\nengine: postgres\nhost: %s\nport: %d\ndatabase: %s\nuser: %s\npassword: {env: TPCH_PASSWORD}\n",
		c.Host, c.Port, c.Database, w.role))
	w.register()
	return w
}

func (w *world) conn() *pgconn.PgConn {
	w.t.Helper()
	conn, err := pgconn.Connect(w.t.Context(), w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func (w *world) exec(sql string) {
	w.t.Helper()
	if _, err := w.conn().Exec(w.t.Context(), sql).ReadAll(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) register() {
	w.t.Helper()
	r, err := Registration(w.set(), "tpch")
	if err != nil {
		w.t.Fatal(err)
	}
	if warnings, err := warehouse.Register(w.t.Context(), w.conn(), r); err != nil || len(warnings) > 0 {
		w.t.Fatal(warnings, err)
	}
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) edit(name, old, with string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder, name))
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		w.t.Fatalf("%q is not in %s", old, name)
	}
	w.write(name, strings.Replace(string(text), old, with, 1))
}

func (w *world) set() *resource.Set {
	w.t.Helper()
	set, err := resource.Load([]string{w.folder})
	if err != nil {
		w.t.Fatal(err)
	}
	return set
}

func (w *world) publisher(reviews ReviewStore) *Publisher {
	w.t.Helper()
	p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler), Reviews: reviews})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) publish(p *Publisher) *Generation {
	w.t.Helper()
	g, err := p.Publish(w.t.Context(), w.set())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// refused publishes and wants each text in the refusal, and nothing changed.
func (w *world) refused(p *Publisher, want ...string) {
	w.t.Helper()
	before := p.Current()
	_, err := p.Publish(w.t.Context(), w.set())
	var mistakes resource.Mistakes
	if !errors.As(err, &mistakes) {
		w.t.Fatalf("got %v (%T)", err, err)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			w.t.Errorf("%q is not in:\n%s", text, err)
		}
	}
	if p.Current() != before {
		w.t.Error("something was published")
	}
}

func codeOf(err error) string {
	var e *pgerror.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestNothingBeforeTheFirstPublication(t *testing.T) {
	p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	g := p.Current()
	if _, found := g.Verifier("ann"); found || g.Version() != 0 || len(g.Users()) > 0 || len(g.Warnings()) > 0 {
		t.Error("somebody is known")
	}
	if _, err := g.Principal("ann"); codeOf(err) != pgerror.CodeCannotConnectNow {
		t.Errorf("got %v", err)
	}
	if _, found := g.Program("tpch"); found {
		t.Error("there is a program")
	}
	if _, found := g.Connection("tpch"); found {
		t.Error("there is a connection")
	}
	if _, err := NewPublisher(Config{}); err == nil {
		t.Error("a publisher without a logger")
	}
}

func TestPublishExample(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	g := w.publish(p)
	if p.Current() != g || g.Version() != 1 {
		t.Errorf("version %d", g.Version())
	}
	if got := g.Users(); !slices.Equal(got, []string{"ann", "bob", "cyd"}) {
		t.Errorf("users %v", got)
	}
	for name, password := range map[string]string{"ann": "a", "bob": "b", "cyd": "c"} {
		v, found := g.Verifier(name)
		if !found || !v.VerifyPassword(password) || v.VerifyPassword("x") {
			t.Errorf("%s cannot log in with her password alone", name)
		}
	}
	ann, err := g.Principal("ann")
	if err != nil || !ann.InGroup("analysts") || !ann.HasAttribute("region", "ASIA") || ann.Exempt() {
		t.Errorf("%v, %v", ann, err)
	}
	if _, err := g.Principal("nobody"); codeOf(err) != pgerror.CodeInvalidAuthorization {
		t.Errorf("got %v", err)
	}
	program, found := g.Program("tpch")
	if !found {
		t.Fatal("no program")
	}
	registered := 0
	for _, table := range program.Snapshot().Tables() {
		if table.Registered {
			registered++
		}
		for _, c := range table.Columns {
			if c.Reviewed != table.Registered {
				t.Errorf("%s.%s: reviewed %v", table.QualifiedName(), c.Name, c.Reviewed)
			}
		}
	}
	customer, _ := program.Snapshot().Table("public", "customer")
	phone, _ := customer.Column("c_phone")
	if registered != 6 || !slices.Equal(phone.Tags, []string{"PII.Phone"}) || !slices.Equal(customer.Tags, []string{"Sales"}) {
		t.Errorf("%d registered, %v", registered, customer)
	}
	if config, found := g.Connection("tpch"); !found || config.User != w.role {
		t.Errorf("connection %v", config)
	}
}

// TestRepublishKeepsSalts: an unchanged password keeps its verifier, a changed one does not.
func TestRepublishKeepsSalts(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	first := w.publish(p)
	t.Setenv("BOB_PASSWORD", "new")
	second := w.publish(p)
	if second.Version() != first.Version()+1 {
		t.Errorf("version %d after %d", second.Version(), first.Version())
	}
	same := func(name string) bool {
		a, _ := first.Verifier(name)
		b, _ := second.Verifier(name)
		return a.String() == b.String()
	}
	if !same("ann") || same("bob") {
		t.Errorf("ann kept hers: %v, bob kept his: %v", same("ann"), same("bob"))
	}
	if v, _ := second.Verifier("bob"); !v.VerifyPassword("new") || v.VerifyPassword("b") {
		t.Error("bob's new password is not in force")
	}
}

func TestDisabledAndExemptUsers(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.edit("users.yaml", "name: ann", "name: ann\ndisabled: true")
	w.edit("users.yaml", "name: bob", "name: bob\nexempt: true")
	g := w.publish(p)
	if _, found := g.Verifier("ann"); found {
		t.Error("a disabled user has a verifier")
	}
	if _, err := g.Principal("ann"); codeOf(err) != pgerror.CodeInvalidAuthorization {
		t.Errorf("got %v", err)
	}
	if bob, err := g.Principal("bob"); err != nil || !bob.Exempt() {
		t.Errorf("%v, %v", bob, err)
	}
	if !strings.Contains(fmt.Sprint(g.Warnings()), "user bob is exempt") {
		t.Errorf("warnings %v", g.Warnings())
	}
}

// TestGroupsAndDisabledSources: members come from both sides, and a source out of service is denied.
func TestGroupsAndDisabledSources(t *testing.T) {
	w := newWorld(t)
	w.write("more.yaml", "kind: Group\nname: auditors\nmembers: [ann, bob]\n")
	w.edit("sources.yaml", "name: tpch.public.customer", "name: tpch.public.customer\nenabled: false")
	w.edit("sources.yaml", "name: tpch.public.supplier", "name: tpch.public.supplier\nkey: [s_suppkey]")
	p := w.publisher(nil)
	g := w.publish(p)
	for name, want := range map[string]bool{"ann": true, "bob": true, "cyd": false} {
		if person, err := g.Principal(name); err != nil || person.InGroup("auditors") != want || !person.InGroup(map[bool]string{true: "analysts", false: "marketing"}[want]) {
			t.Errorf("%s: %v, %v", name, person.Groups(), err)
		}
	}
	program, _ := g.Program("tpch")
	bob, _ := g.Principal("bob")
	for name, want := range map[string]bool{"customer": false, "orders": true} {
		table, _ := program.Snapshot().Table("public", name)
		if d := program.Decide(policy.BindPrincipal(bob), []policy.Want{{Table: table}})[0]; d.Allowed != want {
			t.Errorf("%s is allowed: %v", name, d.Allowed)
		}
	}
	w.edit("sources.yaml", "key: [s_suppkey]", "key: [nothing]\neventTime: never")
	w.edit("sources.yaml", "s_phone:   {", "s_phone:   {predicates: rawEquality, ")
	w.refused(p, `no column "nothing"`, `no column "never"`)
}

// TestLookUpColumns: a column is opened to look-ups by its raw value where the comparison is known not to fail, and refused elsewhere.
func TestLookUpColumns(t *testing.T) {
	w := newWorld(t)
	w.edit("sources.yaml", "s_phone:   {", "s_phone:   {predicates: rawEquality, ")
	p := w.publisher(nil)
	program, _ := w.publish(p).Program("tpch")
	table, _ := program.Snapshot().Table("public", "supplier")
	if c, ok := table.Column("s_phone"); !ok || !c.RawEquality {
		t.Errorf("s_phone: %+v", c)
	}
	w.exec("ALTER TABLE public.supplier ALTER s_phone TYPE varchar(15)[] USING ARRAY[s_phone]")
	w.refused(w.publisher(nil), "column s_phone: predicates rawEquality: column s_phone has type character varying(15)[], of which it is not known that its equality never fails")
}

// TestRefusals: each mistake keeps everything as it was, and all of them are named at once.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.publish(p)
	w.write("more.yaml", "kind: Source\nname: tpch.public.nothing\n---\nkind: User\nname: dan\npassword: {env: POSTERN_TEST_UNSET}\n")
	w.edit("sources.yaml", "o_clerk:", "o_clark:")
	w.refused(p, "more.yaml:1: Source tpch.public.nothing: the warehouse has no such table",
		"more.yaml:4: User dan: reading secret from env POSTERN_TEST_UNSET", `the table has no column "o_clark"`)
	w.edit("sources.yaml", "o_clark:", "o_clerk:")
	w.write("more.yaml", "kind: Sandbox\nname: s\nconnection: tpch\nschema: own\n---\nkind: APIToken\nname: t\nrole: admin\ntoken: {env: SHORT}\n")
	t.Setenv("SHORT", "too short")
	w.refused(p, "more.yaml:6: APIToken t: the token is shorter than 32 characters")
	w.write("more.yaml", "kind: DataPolicy\nname: new-domain\non: {tags: [Sales]}\nrules:\n  - mask: {columns: [c_name], hash: {domain: unheard-of}}\n")
	w.refused(p, `more.yaml:5: DataPolicy new-domain: connection tpch has no key for token domain "unheard-of": run `+"`postern register`")
	w.register()
	w.publish(p)
}

// TestWarehouseDown: without an earlier crawl nothing is published; with one, a revocation is.
func TestWarehouseDown(t *testing.T) {
	w := newWorld(t)
	t.Setenv("TPCH_PASSWORD", "wrong")
	p := w.publisher(nil)
	w.refused(p, "connection.yaml:1: Connection tpch: connecting to")
	t.Setenv("TPCH_PASSWORD", "pw")
	w.publish(p)
	t.Setenv("TPCH_PASSWORD", "wrong")
	w.edit("users.yaml", "name: ann", "name: ann\ndisabled: true")
	g := w.publish(p)
	if _, err := g.Principal("ann"); err == nil {
		t.Error("the revocation is not in force")
	}
	if !strings.Contains(fmt.Sprint(g.Warnings()), "could not be crawled") {
		t.Errorf("warnings %v", g.Warnings())
	}
	// Another database is another warehouse: its tables are not known.
	w.edit("connection.yaml", "database: ", "database: x")
	w.refused(p, "connecting to")
}

// TestWarehouseHangs: a publication does not wait for a warehouse that does not answer.
func TestWarehouseHangs(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.publish(p)
	p.config.crawl = func(ctx context.Context, _ warehouse.Config, _ []string) (crawled, error) {
		<-ctx.Done()
		return crawled{}, ctx.Err()
	}
	w.edit("users.yaml", "name: ann", "name: ann\ndisabled: true")
	start := time.Now()
	g := w.publish(p)
	if _, err := g.Principal("ann"); err == nil || time.Since(start) > time.Second {
		t.Errorf("the revocation took %s", time.Since(start))
	}
}

// TestWarehouseChanges: a table that is gone is a mistake for who never had it, and no reason to keep a revocation from taking effect.
func TestWarehouseChanges(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.publish(p)
	w.exec("ALTER TABLE lineitem RENAME TO moved")
	w.refused(w.publisher(nil), "Source tpch.public.lineitem: the warehouse has no such table")
	w.edit("users.yaml", "name: ann", "name: ann\ndisabled: true")
	g := w.publish(p)
	if _, err := g.Principal("ann"); err == nil {
		t.Error("the revocation is not in force")
	}
	if !strings.Contains(fmt.Sprint(g.Warnings()), "source tpch.public.lineitem is held, and nobody reads it: the table is public.moved now") {
		t.Errorf("warnings %v", g.Warnings())
	}
	if err := p.Refresh(t.Context()); err != nil || p.Current() != g {
		t.Errorf("refreshing gave %v", err)
	}
	// A mistake of the set itself is still one.
	w.write("more.yaml", "kind: Source\nname: tpch.public.nothing\n")
	w.refused(p, "tpch.public.nothing")
}

// TestRefresh publishes again when the warehouse has changed, and only then.
func TestRefresh(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	if err := p.Refresh(t.Context()); err != nil || p.Current() != nil {
		t.Errorf("before the first publication: %v", err)
	}
	g := w.publish(p)
	if err := p.Refresh(t.Context()); err != nil || p.Current() != g {
		t.Errorf("unchanged: %v", err)
	}
	w.exec("ALTER TABLE customer ADD COLUMN ssn text")
	if err := p.Refresh(t.Context()); err != nil || p.Current() == g {
		t.Errorf("changed: %v", err)
	}
	if !strings.Contains(fmt.Sprint(p.Current().Warnings()), "column ssn") {
		t.Errorf("warnings %v", p.Current().Warnings())
	}
}

// TestLaterColumnsAreHidden, across restarts, until somebody lists them.
func TestLaterColumnsAreHidden(t *testing.T) {
	w := newWorld(t)
	store := ReviewFile{Path: filepath.Join(t.TempDir(), "reviews.json")}
	w.publish(w.publisher(store))
	w.exec("ALTER TABLE customer ADD COLUMN ssn text, ADD COLUMN note text")
	reviewed := func(g *Generation, column string) bool {
		program, _ := g.Program("tpch")
		table, _ := program.Snapshot().Table("public", "customer")
		c, found := table.Column(column)
		if !found {
			t.Fatalf("no column %s", column)
		}
		return c.Reviewed
	}
	p := w.publisher(store) // as after a restart
	g := w.publish(p)
	if reviewed(g, "ssn") || reviewed(g, "note") || !reviewed(g, "c_name") {
		t.Error("a column that appeared later counts as reviewed, or an old one does not")
	}
	if !strings.Contains(fmt.Sprint(g.Warnings()), "column ssn of source tpch.public.customer appeared after registration") {
		t.Errorf("warnings %v", g.Warnings())
	}
	w.edit("sources.yaml", "  c_name: ", "  note: {}\n  c_name: ")
	g = w.publish(p)
	if reviewed(g, "ssn") || !reviewed(g, "note") {
		t.Error("listing a column is its review")
	}
	// Dropped and made again: another column under an old name.
	w.exec("ALTER TABLE customer DROP COLUMN c_mktsegment; ALTER TABLE customer ADD COLUMN c_mktsegment text")
	if reviewed(w.publish(p), "c_mktsegment") {
		t.Error("a column made again counts as reviewed")
	}
	if err := os.WriteFile(store.Path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.refused(w.publisher(store), "reading the reviewed columns")
}

func TestSubscribe(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	ch, end := p.Subscribe()
	w.publish(p)
	last := w.publish(p)
	if got := <-ch; got != last {
		t.Errorf("version %d, want the last, %d", got.Version(), last.Version())
	}
	end()
	w.publish(p)
	select {
	case <-ch:
		t.Error("told after the end")
	default:
	}
}

// TestWatcher: a change of a file is in force within seconds, and mistakes leave in force what was.
func TestWatcher(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	watcher := &Watcher{Publisher: p, Paths: []string{w.folder}, Log: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond}
	if _, err := watcher.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- watcher.Run(ctx) }()
	time.Sleep(200 * time.Millisecond)
	if v := p.Current().Version(); v != 1 {
		t.Errorf("unchanged files were published: version %d", v)
	}
	w.edit("users.yaml", "name: ann", "name: ann\ndisabled: true")
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	wait("the change is not in force", func() bool { _, err := p.Current().Principal("ann"); return err != nil })
	version := p.Current().Version()
	w.edit("users.yaml", "kind: User", "kind: Usr")
	time.Sleep(200 * time.Millisecond)
	if p.Current().Version() != version {
		t.Error("a set with mistakes was published")
	}
	w.edit("users.yaml", "kind: Usr", "kind: User")
	w.edit("users.yaml", "disabled: true", "disabled: false")
	wait("the second change is not in force", func() bool { _, err := p.Current().Principal("ann"); return err == nil })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// rows runs a statement and returns its rows as lines.
func (w *world) rows(conn *pgconn.PgConn, sql string) string {
	w.t.Helper()
	results, err := conn.Exec(w.t.Context(), sql).ReadAll()
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	var out strings.Builder
	for _, row := range results[0].Rows {
		for _, v := range row {
			out.WriteString(strings.TrimRight(string(v), " ") + "|")
		}
		out.WriteString("\n")
	}
	return out.String()
}
