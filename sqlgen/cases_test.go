package sqlgen

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

const casesDir = "../testdata/cases"

// update writes what the cases give into their files; the difference is for a reviewer to read.
var update = flag.Bool("update", false, "rewrite the wanted sections of testdata/cases")

// caseSource is a registered source of a case.
type caseSource struct {
	Name      string   `yaml:"name"` // schema.table
	Tags      []string `yaml:"tags"`
	Key       []string `yaml:"key"`
	EventTime string   `yaml:"eventTime"`
	Columns   map[string]struct {
		Tags       []string `yaml:"tags"`
		Unreviewed bool     `yaml:"unreviewed"`
	} `yaml:"columns"`
}

// casePerson is one who asks in a case.
type casePerson struct {
	Name       string              `yaml:"name"`
	Groups     []string            `yaml:"groups"`
	Attributes map[string][]string `yaml:"attributes"`
	Purposes   []string            `yaml:"purposes"`
	Project    string              `yaml:"project"`
}

// principal is the person while they act in their project.
func (p casePerson) principal() identity.Principal {
	return identity.NewPrincipal(identity.Spec{User: p.Name, Groups: p.Groups, Attributes: p.Attributes, Purposes: p.Purposes, Project: p.Project})
}

// caseProject is a project of a case; its members are the case's people who act in it.
type caseProject struct {
	Kind        string          `yaml:"kind"`
	Name        string          `yaml:"name"`
	Sources     policy.Selector `yaml:"sources"`
	Equalize    bool            `yaml:"equalize"`
	MaskedJoins bool            `yaml:"maskedJoins"`
}

// caseApproval is a request that was approved.
type caseApproval struct {
	Kind       string    `yaml:"kind"`
	Policy     string    `yaml:"policy"`
	User       string    `yaml:"user"`
	ApprovedBy []string  `yaml:"approvedBy"`
	Expires    time.Time `yaml:"expires"`
}

// caseFile is one story: testdata/cases/README.md says what its sections are.
type caseFile struct {
	path    string
	archive *txtar.Archive
	given   map[string]string
	sources []caseSource
	people  []casePerson
	subs    []policy.SubscriptionPolicy
	data    []policy.DataPolicy
	asked   []caseApproval
	grouped []caseProject
	now     time.Time
	stored  storedCounts
}

func TestCases(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(casesDir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	floor, err := os.ReadFile(filepath.Join(casesDir, "count"))
	if err != nil {
		t.Fatal(err)
	}
	least, err := strconv.Atoi(strings.TrimSpace(string(floor)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d case files, at least %d wanted", len(paths), least)
	if len(paths) < least {
		t.Errorf("%d case files are fewer than the %d of testdata/cases/count", len(paths), least)
	}
	var stored storedCounts
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			c := readCase(t, path)
			runCase(t, c)
			stored.add(c.stored)
		})
	}
	stored.enough(t, len(paths))
}

func readCase(t *testing.T, path string) *caseFile {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &caseFile{path: path, archive: archive, given: map[string]string{}}
	for _, f := range archive.Files {
		c.given[f.Name] = string(f.Data)
	}
	c.decode(t)
	return c
}

// decode reads the case's YAML.
func (c *caseFile) decode(t *testing.T) {
	t.Helper()
	decodeAll(t, c.given["sources.yaml"], &c.sources)
	decodeAll(t, c.given["people.yaml"], &c.people)
	for _, doc := range documents(t, c.given["policies.yaml"]) {
		var head struct {
			Kind string `yaml:"kind"`
		}
		strict(t, doc, &head, false)
		switch head.Kind {
		case "SubscriptionPolicy":
			var s struct {
				Kind                      string `yaml:"kind"`
				policy.SubscriptionPolicy `yaml:",inline"`
			}
			strict(t, doc, &s, true)
			c.subs = append(c.subs, s.SubscriptionPolicy)
		case "DataPolicy":
			var d struct {
				Kind              string `yaml:"kind"`
				policy.DataPolicy `yaml:",inline"`
			}
			strict(t, doc, &d, true)
			c.data = append(c.data, d.DataPolicy)
		case "Approval":
			var a caseApproval
			strict(t, doc, &a, true)
			c.asked = append(c.asked, a)
		case "Project":
			var p caseProject
			strict(t, doc, &p, true)
			c.grouped = append(c.grouped, p)
		default:
			t.Fatalf("kind %q", head.Kind)
		}
	}
	if text := strings.TrimSpace(c.given["now"]); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		c.now = now
	}
}

// approvals and projects are the case's as the control plane would resolve them.
func (c *caseFile) approvals() (out []policy.Approved) {
	for _, a := range c.asked {
		given := policy.Approved{Policy: a.Policy, User: a.User, Expires: a.Expires}
		for _, name := range a.ApprovedBy {
			by := policy.Approver{Name: name}
			for _, p := range c.people {
				if p.Name == name {
					by.Groups = p.Groups
				}
			}
			given.By = append(given.By, by)
		}
		out = append(out, given)
	}
	return out
}

func (c *caseFile) projects() (out []policy.Project) {
	for _, g := range c.grouped {
		p := policy.Project{Name: g.Name, Sources: g.Sources, Equalize: g.Equalize}
		if g.MaskedJoins {
			p.Domain = "project"
		}
		for _, who := range c.people {
			if who.Project == g.Name {
				p.Members = append(p.Members, who.principal())
			}
		}
		out = append(out, p)
	}
	return out
}

func documents(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	for _, doc := range strings.Split(text, "\n---\n") {
		if strings.TrimSpace(doc) != "" {
			out = append(out, doc)
		}
	}
	return out
}

// strict decodes YAML as the resource decoder does: unknown fields are refused, and the key null is a name.
func strict(t *testing.T, text string, into any, known bool) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(strings.NewReplacer(" null: ", ` "null": `, "{null: ", `{"null": `).Replace(text)))
	d.KnownFields(known)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%v in\n%s", err, text)
	}
}

func decodeAll[T any](t *testing.T, text string, into *[]T) {
	t.Helper()
	for _, doc := range documents(t, text) {
		var one T
		strict(t, doc, &one, true)
		*into = append(*into, one)
	}
}

func runCase(t *testing.T, c *caseFile) {
	c.compare(t, c.run(t, connect(t)))
}

// run publishes the case's policies, asks for everybody, and returns the sections that come of it.
func (c *caseFile) run(t *testing.T, conn *pgconn.PgConn) map[string]string {
	t.Helper()
	run(t, conn, registration(t))
	run(t, conn, c.given["setup.sql"])
	snapshot := c.crawl(t, conn)
	program, warnings, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Subscriptions: c.subs, Data: c.data, Approvals: c.approvals(), Projects: c.projects()})
	got := map[string]string{"warnings": lines(warnings)}
	if err != nil {
		got["refused"] = err.Error() + "\n"
	} else {
		for _, sample := range program.Samples() {
			if err := Postgres().Check(&sample); err != nil {
				t.Error(err)
			}
		}
		for _, p := range c.people {
			c.ask(t, conn, program, p, got)
		}
		c.redshift(t, conn, snapshot, got)
	}
	return got
}

// ask decides for one person over all sources, prints the Views and runs them.
func (c *caseFile) ask(t *testing.T, conn *pgconn.PgConn, program *policy.Program, p casePerson, got map[string]string) {
	t.Helper()
	who := policy.BindPrincipal(p.principal()).At(c.now)
	var why, sql, rows strings.Builder
	for _, s := range c.sources {
		schema, name, _ := strings.Cut(s.Name, ".")
		table, ok := program.Snapshot().Table(schema, name)
		if !ok {
			t.Fatalf("no table %s", s.Name)
		}
		d := program.Decide(who, []policy.Want{{Table: table}})[0]
		fmt.Fprintf(&why, "%s: %s\n", s.Name, map[bool]string{true: "allowed", false: "denied"}[d.Allowed])
		for _, r := range d.Because {
			rule := fmt.Sprintf(" rule %d", r.Rule+1)
			if r.Effect == policy.EffectAllow || r.Effect == policy.EffectDeny {
				rule = "" // a subscription policy has no rules
			}
			why.WriteString(strings.TrimSuffix(fmt.Sprintf("  %s %s%s: %s", r.Effect, r.Policy, rule, r.Detail), ": ") + "\n")
		}
		if len(d.Privileges) > 0 {
			fmt.Fprintf(&why, "  writes: %v\n", d.Privileges)
		}
		for _, u := range d.Unloads {
			fmt.Fprintf(&why, "  unloads to %s%s\n", u.To, map[bool]string{true: ", overwriting"}[u.Overwrite])
		}
		if !d.ValidUntil.IsZero() {
			fmt.Fprintf(&why, "  until %s\n", d.ValidUntil.Format(time.RFC3339))
		}
		if !d.Allowed {
			if _, err := Postgres().View(&d); err == nil {
				t.Error("a denied decision was printed")
			}
			continue
		}
		view, err := Postgres().View(&d)
		if err != nil {
			t.Fatal(err)
		}
		wanted := d.Filter != nil || strings.Contains(view.SQL, " OVER (")
		if wanted != (view.Fence == FenceOffset0) || wanted != strings.HasSuffix(view.SQL, " OFFSET 0") {
			t.Errorf("fence %d of %s", view.Fence, view.SQL)
		}
		sql.WriteString(view.SQL + "\n")
		rows.WriteString(s.Name + "\n" + fetch(t, conn, "SELECT * FROM ("+view.SQL+") AS v"))
		exactTypes(t, conn, &d, view)
	}
	got[p.Name+".decision"], got[p.Name+".sql"], got[p.Name+".rows"] = why.String(), sql.String(), rows.String()
}

// compare holds every section that the case gave against what the case wants; none may be missing.
func (c *caseFile) compare(t *testing.T, got map[string]string) {
	t.Helper()
	archive := &txtar.Archive{Comment: c.archive.Comment}
	for _, f := range c.archive.Files {
		if strings.HasSuffix(f.Name, ".yaml") || f.Name == "setup.sql" || f.Name == "now" {
			archive.Files = append(archive.Files, f)
		}
	}
	sections := []string{"refused", "warnings", "redshift.refused", "redshift.stored.refused", "redshift.stored.sql", "redshift.builtin.refused", "redshift.builtin.stored.sql"}
	for _, p := range c.people {
		sections = append(sections, p.Name+".decision", p.Name+".sql", p.Name+".redshift.sql", p.Name+".redshift.builtin.sql", p.Name+".rows")
	}
	for _, name := range sections {
		if got[name] != "" {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
		if diff := cmp.Diff(c.given[name], got[name]); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(bytes.TrimSpace(c.archive.Comment)) == 0 {
		t.Error("the case tells no story")
	}
	if *update {
		if err := os.WriteFile(c.path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// crawl reads what setup.sql made and registers the case's sources.
func (c *caseFile) crawl(t *testing.T, conn *pgconn.PgConn) *catalog.Snapshot {
	t.Helper()
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.sources {
		for _, table := range tables {
			if table.QualifiedName() != s.Name {
				continue
			}
			table.Registered, table.Tags, table.Key, table.EventTime = true, s.Tags, s.Key, s.EventTime
			for i := range table.Columns {
				col := &table.Columns[i]
				col.Tags, col.Reviewed = s.Columns[col.Name].Tags, !s.Columns[col.Name].Unreviewed
			}
		}
	}
	snapshot, err := catalog.New(1, "tpch", tables)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func lines(warnings []policy.Warning) string {
	var b strings.Builder
	for _, w := range warnings {
		b.WriteString(w.String() + "\n")
	}
	return b.String()
}

// connect opens a new database with the settings that the proxy pins upstream.
func connect(t *testing.T) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	run(t, conn, "SET search_path = pg_catalog, pg_temp; SET standard_conforming_strings = on")
	return conn
}

// registration installs the keyed functions with keys that are the same at every run.
func registration(t *testing.T) string {
	t.Helper()
	role := pgtest.Name("service")
	r := warehouse.Registration{Database: "postgres", ServiceRole: role, Domains: []string{"default", "name", "project"}, Ciphers: true}
	return "CREATE ROLE " + role + ";" + strings.Join(r.Statements(), ";\n") + `;
		UPDATE postern_functions.keys SET key = '\x01', inner_prefix = pg_catalog.convert_to(domain, 'UTF8'), outer_pad = '\x02'`
}

func run(t *testing.T, conn *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in\n%.2000s", err, sql)
	}
}

// fetch runs a query and returns its rows as text, one a line, in the order of that text.
func fetch(t *testing.T, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	results, err := conn.Exec(t.Context(), "SELECT * FROM ("+sql+") AS r ORDER BY r.*::text").ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, sql)
	}
	var b strings.Builder
	for _, row := range results[0].Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = string(cell); cell == nil {
				cells[i] = "NULL"
			}
		}
		b.WriteString("  " + strings.Join(cells, " | ") + "\n")
	}
	return b.String()
}

// exactTypes holds that the View's columns have the names and exact types, modifiers included, of the base table's.
func exactTypes(t *testing.T, conn *pgconn.PgConn, d *policy.Decision, view View) {
	t.Helper()
	run(t, conn, "CREATE TEMP VIEW exact AS "+view.SQL)
	got := fetch(t, conn, "SELECT pg_catalog.lpad(attnum::text, 3, '0'), attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'pg_temp.exact'::regclass")
	run(t, conn, "DROP VIEW pg_temp.exact")
	var want strings.Builder
	for i, c := range d.Columns {
		fmt.Fprintf(&want, "  %03d | %s | %s\n", i+1, c.Column.Name, c.Column.Type)
	}
	if got != want.String() {
		t.Errorf("types of the view:\n%s\nof the table:\n%s", got, want.String())
	}
}
