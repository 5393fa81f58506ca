package direct

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
	"github.com/posternsql/postern/warehouse/queryhistory"
	"github.com/posternsql/postern/warehouse/serverlog"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const redshiftPassword = "Passw0rd1"

// cluster is a stand-in for a Redshift whose history is collected.
type cluster struct {
	world
	server  *rsfake.Server
	service string
	// account of ann's; IAM is that of bob's temporary credentials.
	ann, iam, stray string
	reader          *queryhistory.Reader
}

// people maps accounts to persons.
type people struct {
	fixed
	of map[string]string
}

func (p *people) Person(connection, account string) (string, bool) {
	user, ok := p.of[account]
	return user, ok && connection == "shop"
}

func newCluster(t *testing.T, views queryhistory.Views) *cluster {
	t.Helper()
	c := &cluster{world: world{t: t}, server: rsfaketest.New(t), service: pgtest.Name("service"), ann: pgtest.Name("ann"), stray: pgtest.Name("stray")}
	bob := pgtest.Name("bob")
	c.iam = "IAM:" + bob
	statements := []string{"CREATE SCHEMA other", "CREATE SCHEMA governed_public", "CREATE TABLE public.customer (id int, phone varchar(20))", "CREATE TABLE public.twice (id int)", "CREATE TABLE other.twice (id int)",
		"CREATE USER " + c.service + " PASSWORD '" + redshiftPassword + "' SYSLOG ACCESS UNRESTRICTED", "CREATE VIEW governed_public.customer AS SELECT id, NULL::varchar(20) AS phone FROM public.customer WHERE id > 1"}
	for _, account := range []string{c.ann, c.stray} {
		statements = append(statements, "CREATE USER "+account+" PASSWORD '"+redshiftPassword+"'")
	}
	for _, object := range []string{"public.customer", "public.twice", "governed_public.customer"} {
		statements = append(statements, "GRANT SELECT ON "+object+" TO PUBLIC")
	}
	rsfaketest.Exec(t, c.server, append(statements, "GRANT USAGE ON SCHEMA governed_public TO PUBLIC", "GRANT USAGE ON SCHEMA other TO PUBLIC")...)
	c.direct(`CREATE ROLE "` + c.iam + `" LOGIN`) // past the stand-in, which folds quoted names
	c.reader = &queryhistory.Reader{Views: views, Dial: c.dial(c.service, redshiftPassword)}
	t.Cleanup(func() {
		if err := c.reader.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	c.configure(c.server.Database(), sqlgen.Redshift(), &people{fixed{programOf(t, "character varying(20)", 1043)}, map[string]string{c.ann: "ann", bob: "ann"}}, c.service)
	c.config.Log, c.config.Redshift, c.config.Overlap = c.reader, true, queryhistory.DefaultOverlap
	return c
}

func (c *cluster) dial(account, password string) func(context.Context) (*pgconn.PgConn, error) {
	config := warehouse.Config{Engine: warehouse.EngineRedshift, Host: c.server.Host(), Port: c.server.Port(), Database: c.server.Database(), User: account,
		Credentials: warehouse.Fixed(secret.NewValue(password))}
	return func(ctx context.Context) (*pgconn.PgConn, error) {
		return warehouse.Dial(ctx, config, map[string]string{"application_name": "postern:log", "datestyle": "ISO, MDY", "timezone": "UTC"})
	}
}

// collectOnce looks once.
func (c *cluster) collectOnce(collector *Collector) {
	c.t.Helper()
	if err := collector.Collect(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// in runs a text as an account over the simple protocol.
func (c *cluster) in(account, sql string) {
	c.t.Helper()
	conn, err := pgconn.Connect(c.t.Context(), c.server.URL(account, redshiftPassword))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close(c.t.Context()) }()
	_, _ = conn.Exec(c.t.Context(), sql).ReadAll() // what fails is on record
}

// toldShort is what is on record, with the accounts' names as they were given.
func (c *cluster) toldShort() (out []string) {
	names := strings.NewReplacer(c.iam, "IAM:bob", c.ann, "ann_account", c.stray, "stray")
	for i := range c.events {
		e := &c.events[i]
		line := names.Replace(told(e))
		if e.Error != "" {
			line += " | error " + e.Error
		}
		if e.Rows > 0 {
			line += fmt.Sprintf(" | %d rows", e.Rows)
		}
		out = append(out, line)
	}
	return out
}

// TestCollectRedshift joins the statements of a Redshift to people, sources, columns and policies.
func TestCollectRedshift(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	collector := c.collector()
	c.collectOnce(collector)
	c.events = nil
	c.in(c.ann, `SELECT phone FROM governed_public.customer WHERE phone = '\'' MINUS SELECT phone FROM "PUBLIC"."Customer"`)
	c.in(c.ann, "SELECT TOP 3 id FROM customer -- all\nWHERE id > 0; SELECT count(*) FROM public.customer")
	c.in(c.ann, "SELECT 1 / c.id FROM (SELECT 0 AS id) z, public.customer c WHERE z.id = 0 OR c.id = 1")
	c.in(c.ann, "SELECT 1 / 0 FROM public.customer UNION ALL SELECT 1 / 0")
	c.in(c.ann, "SELECT * FROM twice")
	c.in(c.ann, "SELEC")
	c.ran(c.iam, "0 minutes", "success", "SELECT id FROM public.customer")
	c.in(c.stray, "SELECT * FROM other.twice")
	c.in(c.service, "SELECT id FROM customer")
	c.collectOnce(collector)
	want := []string{
		`ann_account as ann ran SELECT phone FROM governed_public.customer WHERE phone = '\'' MINUS SELECT phone FROM "PUBLIC"."Customer" | shop.public.customer [phone] filtered masks [{phone null}] rules [all care] | policies 7`,
		"ann_account as ann ran SELECT TOP 3 id FROM customer -- all\nWHERE id > 0 | shop.public.customer [id] | policies 7",
		"ann_account as ann ran SELECT count(*) FROM public.customer | shop.public.customer [] | policies 7 | 1 rows",
		"ann_account as ann ran SELECT 1 / c.id FROM (SELECT 0 AS id) z, public.customer c WHERE z.id = 0 OR c.id = 1 | shop.public.customer [id] | policies 7",
		"ann_account as ann ran SELECT 1 / 0 FROM public.customer UNION ALL SELECT 1 / 0 | shop.public.customer [] | policies 7 | error division by zero",
		"ann_account as ann ran SELECT * FROM twice | policies 7 | which table twice is, of those of that name, is not known",
		"ann_account as ann ran SELEC | policies 7 | the text cannot be parsed, so its tables are not known | error syntax error at or near \"selec\"",
		"IAM:bob as ann ran SELECT id FROM public.customer | shop.public.customer [id] | which policies were in force is not known",
		"stray as  ran SELECT * FROM other.twice | shop.other.twice [] | policies 7 | the account is nobody's; which columns were used is not known | error permission denied for table twice",
	}
	if diff := cmp.Diff(want, c.toldShort()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestCollectRedshiftOnce has each statement on record once, over looks that overlap, a log that cannot be written, a crash and many pages.
func TestCollectRedshiftOnce(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	collector := c.collector()
	c.in(c.ann, strings.Repeat("SELECT 1;", 1_203))
	c.broken = true
	if err := collector.Collect(t.Context()); err == nil {
		t.Fatal("the broken log is not noticed")
	}
	c.broken = false
	c.collectOnce(collector)
	c.in(c.ann, "SELECT 2")
	c.collectOnce(collector)
	c.collectOnce(collector)
	// A crash between the record and the position.
	c.config.Positions = lostPosition{c.config.Positions}
	c.in(c.ann, strings.Repeat("SELECT 3;", 2))
	if err := c.collector().Collect(t.Context()); err == nil {
		t.Fatal("there was nothing to crash on")
	}
	c.config.Positions = c.config.Positions.(lostPosition).Positions
	c.in(c.ann, "SELECT 4")
	// A page ends where its long texts are too many.
	long := "SELECT '" + strings.Repeat("5", 4_500) + "'"
	c.in(c.ann, strings.Repeat(long+";", 70))
	c.collectOnce(c.collector())
	if got, want := c.counts(), map[string]int{"SELECT 1": 1_203, "SELECT 2": 1, "SELECT 3": 2, "SELECT 4": 1, long: 70}; !cmp.Equal(got, want) {
		t.Errorf("on record are %v, want %v", got, want)
	}
	t.Logf("%d statements of many pages are on record once, over a broken log and a crash", len(c.events))
}

func (c *cluster) counts() map[string]int {
	out := map[string]int{}
	for _, e := range c.events {
		out[e.SQL]++
	}
	return out
}

// TestCollectRedshiftLate takes statements that come into the view out of order, and none that still runs.
func TestCollectRedshiftLate(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	collector := c.collector()
	c.in(c.ann, "SELECT 1")
	c.collectOnce(collector)
	c.ran(c.ann, "5 minutes", "success", "SELECT 2")
	c.ran(c.ann, "0 minutes", "running", "SELECT 3")
	c.ran(c.ann, "20 minutes", "success", "SELECT 'too late'")
	c.collectOnce(collector)
	c.direct("UPDATE pg_rs_shim.query_log SET status = 'canceled', end_time = now() AT TIME ZONE 'UTC', error_message = '' WHERE status = 'running'")
	c.collectOnce(collector)
	want := []string{"SELECT 1", "SELECT 2", "SELECT 3"}
	var got []string
	for _, e := range c.events {
		got = append(got, e.SQL)
	}
	if !slices.Equal(got, want) {
		t.Errorf("on record are %q, want %q", got, want)
	}
	if last := c.events[len(c.events)-1]; last.Error != "the server says canceled, and not why" || last.Duration < time.Second {
		t.Errorf("the cancelled one is told as %+v", last)
	}
}

// ran puts a row of an account into the history, of what ended some time ago.
func (c *cluster) ran(account, ago, status, sql string) {
	c.t.Helper()
	c.direct(fmt.Sprintf(`INSERT INTO pg_rs_shim.query_log (user_name, session_id, database_name, start_time, end_time, status, query_text)
		VALUES ('%s', 7, current_database(), (now() - interval '%s 2 seconds') AT TIME ZONE 'UTC', (now() - interval '%s') AT TIME ZONE 'UTC', '%s', $$%s$$)`, account, ago, ago, status, sql))
}

// direct runs a text in the stand-in's PostgreSQL.
func (c *cluster) direct(sql string) {
	c.t.Helper()
	conn, err := pgconn.Connect(c.t.Context(), pgtest.Cluster(c.t).DSN(c.server.Database()))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close(c.t.Context()) }()
	if _, err := conn.Exec(c.t.Context(), sql).ReadAll(); err != nil {
		c.t.Fatal(err)
	}
}

// TestCollectRedshiftTexts puts long texts together from their pieces, in either generation of views, and says where the end is missing.
func TestCollectRedshiftTexts(t *testing.T) {
	for _, views := range []queryhistory.Views{queryhistory.SYS, queryhistory.STL} {
		t.Run(string(views), func(t *testing.T) {
			c := newCluster(t, views)
			long := "SELECT id, '" + strings.Repeat("x y ", 3_000) + "' -- all\nFROM public.customer"
			c.in(c.ann, long)
			c.in(c.ann, "SELECT id -- all\nFROM public.customer")
			if views == queryhistory.SYS { // the stand-in takes long for pieces of 200
				c.in(c.ann, "SELECT '"+strings.Repeat("z", 1_200_000)+"' FROM public.customer")
			}
			c.collectOnce(c.collector())
			var got []string
			for _, e := range c.events {
				line := fmt.Sprintf("%d", len(e.SQL))
				for _, s := range e.Sources {
					line += fmt.Sprint(" ", s.Name, s.ColumnsRequested)
				}
				got = append(got, line+" "+e.Detail)
			}
			extra := 0
			if views == queryhistory.STL {
				extra = 1 // a new line is two characters
			}
			want := []string{fmt.Sprintf("%d shop.public.customer[id] ", len(long)+extra), fmt.Sprintf("%d shop.public.customer[id] ", 37+extra),
				fmt.Sprintf("%d the server kept the beginning of the text only, which may name more tables; the text cannot be parsed, so its tables are not known", 256*4_000)}
			if views == queryhistory.STL {
				want = want[:2]
			}
			if len(got) != len(want) {
				t.Fatalf("on record is %q", got)
			}
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "which policies were in force is not known", "")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestCollectRedshiftSight refuses an account that sees its own statements only, and takes one whose role sees all.
func TestCollectRedshiftSight(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	c.reader.Dial = c.dial(c.stray, redshiftPassword)
	err := c.collector().Collect(t.Context())
	var blind *queryhistory.BlindError
	if !errors.As(err, &blind) || blind.Account != c.stray {
		t.Errorf("collecting as an account that sees nothing: %v", err)
	}
	role := pgtest.Name("monitor")
	rsfaketest.Exec(t, c.server, "CREATE ROLE "+role, "GRANT ACCESS SYSTEM TABLE TO ROLE "+role, "GRANT ROLE "+role+" TO "+c.stray)
	if err := c.collector().Collect(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCollectRedshiftGap says that statements are lost where nobody looked for as long as they are kept, once.
func TestCollectRedshiftGap(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	before := time.Now().Add(-8 * 24 * time.Hour)
	if err := c.config.Positions.Save(serverlog.Position{File: "SYS_QUERY_HISTORY", Time: before}); err != nil {
		t.Fatal(err)
	}
	c.in(c.ann, "SELECT 1")
	collector := c.collector()
	c.collectOnce(collector)
	c.collectOnce(collector)
	if len(c.events) != 2 || c.events[0].Kind != audit.Admin || c.events[0].Action != "direct.gap" || c.events[1].SQL != "SELECT 1" {
		t.Errorf("on record are %+v", c.events)
	}
}

// TestCollectRedshiftActing has both names on record where a session acts as another account: who logged in, and as whom it was.
func TestCollectRedshiftActing(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	dan := pgtest.Name("dan")
	rsfaketest.Exec(t, c.server, "CREATE USER "+dan+" PASSWORD '"+redshiftPassword+"'", "CREATE SCHEMA postern_system", "CREATE SCHEMA postern_procedures", "GRANT USAGE ON SCHEMA postern_procedures TO PUBLIC",
		"CREATE TABLE postern_system.impersonation_log (logged_at timestamp NOT NULL, event varchar(16) NOT NULL, account varchar(128) NOT NULL, target varchar(128) NOT NULL, pid integer NOT NULL, done_by varchar(128) NOT NULL)",
		"CREATE PROCEDURE postern_procedures.impersonate(v varchar(128)) AS $$ BEGIN INSERT INTO postern_system.impersonation_log VALUES (SYSDATE, CASE WHEN v IS NULL THEN 'end' ELSE 'begin' END, session_user, NVL(v, ''), pg_backend_pid(), session_user); END; $$ LANGUAGE plpgsql SECURITY DEFINER",
		"GRANT EXECUTE ON PROCEDURE postern_procedures.impersonate(varchar) TO "+dan)
	state := &people{fixed{programOf(t, "character varying(20)", 1043)}, map[string]string{c.ann: "ann", dan: "dan"}}
	c.config.Current = func() (State, error) { return state, nil }
	asked := 0
	c.config.Ignore = append(c.config.Ignore, rsfake.AdminUser)
	c.config.Acting = func(ctx context.Context, since time.Time) ([]queryhistory.Acting, error) {
		asked++
		conn, err := c.dial(rsfake.AdminUser, rsfake.AdminPassword)(ctx)
		if err != nil {
			return nil, err
		}
		out, err := queryhistory.ReadActing(ctx, conn, since)
		return out, errors.Join(err, conn.Close(ctx))
	}
	collector := c.collector()
	c.in(dan, "SELECT 1; CALL postern_procedures.impersonate('"+c.ann+"')")
	conn, err := pgconn.Connect(t.Context(), c.server.URL(dan, redshiftPassword))
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SELECT id FROM public.customer", "CALL postern_procedures.impersonate('" + c.ann + "')", "SELECT id FROM governed_public.customer", "CALL postern_procedures.impersonate(NULL)", "SELECT 2", "CALL postern_procedures.impersonate('" + c.stray + "')", "SELECT 3"} {
		if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	c.collectOnce(collector)
	c.collectOnce(collector)
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range c.events {
		if strings.HasPrefix(e.SQL, "CALL") {
			if e.User != "dan" {
				t.Errorf("%s is told as %s's", e.SQL, e.User)
			}
			continue
		}
		line := fmt.Sprintf("%s as %s: %s", e.Login, e.User, e.SQL)
		for _, s := range e.Sources {
			line += fmt.Sprint(" ", s.Name, s.RowFilter)
		}
		got = append(got, strings.NewReplacer(c.ann, "ANN", c.stray, "STRAY", dan, "DAN").Replace(line+" ("+e.Detail+")"))
	}
	want := []string{"DAN as dan: SELECT 1 ()", "DAN as dan: SELECT id FROM public.customer shop.public.customerfalse (which columns were used is not known)",
		"DAN as ann: SELECT id FROM governed_public.customer shop.public.customertrue (dan acts as ann (account ANN))", "DAN as dan: SELECT 2 ()", "DAN as : SELECT 3 (dan acts as account STRAY, which is nobody's)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if asked != 1 {
		t.Errorf("asked %d times who acted, for one look with anything new", asked)
	}
}
