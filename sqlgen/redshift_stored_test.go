package sqlgen

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/policy"
)

// storedOnRedshift prints the deferred decision of each source, and reads it on a stand-in for Redshift as everybody: the rows are those of the
// view that was printed for the person.
func (c *caseFile) storedOnRedshift(t *testing.T, conn *pgconn.PgConn, program *policy.Program, got map[string]string) {
	t.Helper()
	if err := program.Deferrable(); err != nil {
		got["redshift.stored.refused"] = err.Error() + "\n"
		return
	}
	var texts strings.Builder
	views, refused := map[string]string{}, map[string]bool{}
	for _, s := range c.sources {
		d := c.decide(t, program, policy.BindDeferred(), s)
		if !d.Allowed {
			continue
		}
		view, err := Redshift().StoredView(&d)
		if err != nil {
			refused[err.Error()+"\n"] = true
			continue
		}
		storedReadsAlike(t, view.SQL)
		c.stored.texts++
		if view.Fence != FenceUnproven {
			t.Errorf("fence %d of %s", view.Fence, view.SQL)
		}
		views[s.Name] = view.SQL
		texts.WriteString(view.SQL + "\n")
	}
	got["redshift.stored.refused"] = strings.Join(slices.Sorted(maps.Keys(refused)), "")
	got["redshift.stored.sql"] = texts.String()
	f := newFake(t, conn)
	for _, p := range c.people {
		f.profile(t, program, p.principal(), c.now)
		for _, s := range c.sources {
			d := c.decide(t, program, policy.BindPrincipal(p.principal()), s)
			bound, stored := []string{}, []string{}
			if d.Allowed {
				view, err := Redshift().View(&d)
				if err != nil {
					t.Fatal(err)
				}
				bound = f.read(t, c.clocked(view.SQL))
			}
			if sql, ok := views[s.Name]; ok {
				stored = f.read(t, c.clocked(sql))
			} else if len(refused) > 0 {
				continue
			}
			c.stored.add(storedCounts{compared: 1, rows: len(bound)})
			if !slices.Equal(bound, stored) {
				t.Errorf("%s reads of %s\n%s\nand in what is stored\n%s\n%s", p.Name, s.Name, strings.Join(bound, "\n"), strings.Join(stored, "\n"), views[s.Name])
			}
		}
	}
	f.nobody(t, views)
}

func (c *caseFile) decide(t *testing.T, program *policy.Program, who policy.Binding, s caseSource) policy.Decision {
	t.Helper()
	schema, name, _ := strings.Cut(s.Name, ".")
	table, ok := program.Snapshot().Table(schema, name)
	if !ok {
		t.Fatalf("no table %s", s.Name)
	}
	return program.Decide(who.At(c.now), []policy.Want{{Table: table}})[0]
}

// clocked is the text at the case's time.
func (c *caseFile) clocked(sql string) string {
	if c.now.IsZero() {
		return sql
	}
	return strings.ReplaceAll(sql, "getdate()", "CAST('"+c.now.UTC().Format("2006-01-02 15:04:05")+"' AS timestamp without time zone)")
}

// storedCounts is what was done.
type storedCounts struct{ texts, compared, rows int }

func (s *storedCounts) add(o storedCounts) {
	s.texts, s.compared, s.rows = s.texts+o.texts, s.compared+o.compared, s.rows+o.rows
}

// enough holds the counts of all cases against those of testdata/cases/redshift.stored.count: texts, comparisons, rows.
func (s storedCounts) enough(t *testing.T, cases int) {
	t.Helper()
	t.Logf("%d stored views of %d cases for Redshift, %d comparisons with what is bound, %d rows", s.texts, cases, s.compared, s.rows)
	floor, err := os.ReadFile(filepath.Join(casesDir, "redshift.stored.count"))
	if err != nil {
		t.Fatal(err)
	}
	var least storedCounts
	if _, err := fmt.Sscan(string(floor), &least.texts, &least.compared, &least.rows); err != nil {
		t.Fatal(err)
	}
	if s.texts < least.texts || s.compared < least.compared || s.rows < least.rows {
		t.Errorf("these are fewer than the %+v of testdata/cases/redshift.stored.count", least)
	}
}

// storedReadsAlike is readsAlike for a view's query, in which nothing is correlated.
func storedReadsAlike(t *testing.T, sql string) {
	t.Helper()
	readsAlike(t, sql)
	if err := rsconform.CheckStored(sql); err != nil {
		t.Errorf("%v in\n%s", err, sql)
	}
}

// readsAlike checks a text with the checker, and by both lexers.
func readsAlike(t *testing.T, sql string) {
	t.Helper()
	if err := rsconform.Check(sql); err != nil {
		t.Errorf("%v in\n%s", err, sql)
	}
	if err := lex.Same(sql); err != nil {
		t.Errorf("%v in\n%s", err, sql)
	}
}

// fakeRedshift is a stand-in over a test's database.
type fakeRedshift struct {
	server *rsfake.Server
	conn   *pgconn.PgConn
}

// newFake starts a stand-in with the relations that stored views read, empty.
func newFake(t *testing.T, conn *pgconn.PgConn) fakeRedshift {
	t.Helper()
	run(t, conn, shims)
	name := strings.TrimSpace(fetch(t, conn, "SELECT pg_catalog.current_database() AS name"))
	server, err := rsfake.Start(t.Context(), rsfake.Config{Cluster: pgtest.Cluster(t), Database: name})
	if err != nil {
		t.Fatal(err)
	}
	f := fakeRedshift{server: server}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if f.conn, err = pgconn.Connect(t.Context(), server.URL(rsfake.AdminUser, rsfake.AdminPassword)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.conn.Close(context.WithoutCancel(t.Context())) })
	f.exec(t, "CREATE SCHEMA "+RedshiftSystemSchema)
	for name, columns := range map[string][]RedshiftColumn{RedshiftProfileView: RedshiftProfileColumns(), RedshiftEntitlementView: RedshiftEntitlementColumns()} {
		var list []string
		for _, c := range columns {
			list = append(list, `"`+c.Name+`" `+c.Type+" NOT NULL")
		}
		f.exec(t, "CREATE TABLE "+RedshiftSystemSchema+"."+name+" ("+strings.Join(list, ", ")+") DISTSTYLE ALL")
	}
	return f
}

func (f fakeRedshift) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := f.conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in\n%.2000s", err, sql)
	}
}

// read returns the rows of a SELECT, one text each, sorted.
func (f fakeRedshift) read(t *testing.T, sql string) []string {
	t.Helper()
	result := f.conn.ExecParams(t.Context(), "SELECT * FROM ("+sql+") AS v", nil, nil, nil, nil).Read()
	if result.Err != nil {
		t.Fatalf("%v in\n%s", result.Err, sql)
	}
	rows := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, v := range row {
			rows[i] += fmt.Sprintf("|%q%t", v, v == nil)
		}
	}
	slices.Sort(rows)
	return rows
}

// profile writes what is stored of one person, in place of what is there; nothing for nobody.
func (f fakeRedshift) profile(t *testing.T, program *policy.Program, who identity.Principal, at time.Time) {
	t.Helper()
	f.exec(t, "DELETE FROM postern_system.user_profile")
	f.exec(t, "DELETE FROM postern_system.user_entitlement")
	if who.IsZero() {
		return
	}
	attributes := map[string][]string{}
	for _, name := range who.AttributeNames() {
		attributes[name] = who.Attribute(name)
	}
	flags, _ := program.FlagsAt(who, at)
	row, entitlements, err := NewRedshiftProfile(RedshiftPerson{Account: who.User(), User: who.User(), Project: who.Project(), Groups: who.Groups(), Purposes: who.Purposes(),
		Attributes: attributes, Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	f.insert(t, RedshiftProfileView, row.Values())
	for _, e := range entitlements {
		f.insert(t, RedshiftEntitlementView, e.Values())
	}
}

func (f fakeRedshift) insert(t *testing.T, into string, values []string) {
	t.Helper()
	texts := make([]string, len(values))
	for i, v := range values {
		var err error
		if texts[i], err = Redshift().Text(v); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(t, "INSERT INTO postern_system."+into+" VALUES ("+strings.Join(texts, ", ")+")")
}

// nobody has no rows, nor has who has two profiles.
func (f fakeRedshift) nobody(t *testing.T, views map[string]string) {
	t.Helper()
	f.exec(t, "INSERT INTO postern_system.user_profile SELECT * FROM postern_system.user_profile")
	for _, how := range []string{"twice", "never"} {
		for name, sql := range views {
			if rows := f.read(t, sql); len(rows) > 0 {
				t.Errorf("who has a profile %s reads of %s\n%s", how, name, strings.Join(rows, "\n"))
			}
		}
		f.exec(t, "DELETE FROM postern_system.user_profile")
	}
}
