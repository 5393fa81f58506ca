package difftest

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/difftest/querygen"
	"github.com/posternsql/postern/internal/difftest/sanitised"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

const systemRole = "difftest_system"

// How many queries are asked directly unless POSTERN_ORACLE_PUSHED says otherwise, and what has to come of them.
const (
	pushedQueries           = 10_500
	minimumPushedCompared   = 10_000
	minimumPushedAcceptance = 75.0 // percent
)

// pushAll maintains the raw database for the people of the oracle, and says which relations they read through views.
func pushAll(t testing.TB, p *postern, enforce push.Enforce) map[string]bool {
	t.Helper()
	program, found := p.publisher.Current().Program(connectionName)
	if !found {
		t.Fatal("no program")
	}
	r := warehouse.PushRegistration{Database: sanitised.Raw, SystemRole: systemRole, CreateRoles: true}
	in := push.Input{Program: program, Now: time.Now()}
	for _, table := range program.Snapshot().Tables() {
		if table.Registered {
			r.Tables = append(r.Tables, warehouse.TableName{Schema: table.Schema, Name: table.Name})
		}
	}
	for _, person := range []string{"ann", "bob", "cyd", "dora"} {
		who, err := p.publisher.Current().Principal(person)
		if err != nil {
			t.Fatal(err)
		}
		in.People = append(in.People, push.Person{Principal: who, Account: person})
	}
	admin, err := pgconn.Connect(t.Context(), shared.cluster.DSN(sanitised.Raw))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.WithoutCancel(t.Context()))
	registerSystem(t, admin, r)
	if enforce == push.EnforceRowSecurity {
		ownSanitised(t, admin, program)
	}
	in.Settings = push.Settings{Connection: connectionName, Database: sanitised.Raw, SystemRole: systemRole, ServiceRole: serviceRole, CreateRoles: true, ReadOnly: true, Enforce: enforce}.WithDefaults()
	report, err := pusher(t, in.Settings).Sync(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Log(f)
	}
	if !report.Done {
		t.Fatal("not everything is pushed")
	}
	results, err := admin.Exec(t.Context(), "SELECT schemaname, viewname FROM pg_views WHERE starts_with(schemaname, '"+push.DefaultSchemaPrefix+"')").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	views := map[string]bool{}
	for _, row := range results[0].Rows {
		views[string(row[0])+"."+string(row[1])] = true
	}
	return views
}

// registerSystem makes the system role, which logs in with everybody's password.
func registerSystem(t testing.TB, admin *pgconn.PgConn, r warehouse.PushRegistration) {
	t.Helper()
	verifier, err := identity.NewVerifier(shared.password, 4096, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	r.Verifier = secret.NewValue(verifier.String())
	if _, err := warehouse.RegisterPush(t.Context(), admin, r); err != nil {
		t.Fatal(err)
	}
}

// pusher maintains one database of the cluster.
func pusher(t testing.TB, settings push.Settings) *push.Syncer {
	t.Helper()
	s, err := push.New(push.Config{
		Settings: settings, Log: slog.New(slog.DiscardHandler), Record: func(context.Context, ...audit.Event) error { return nil },
		Dial: func(ctx context.Context) (*pgconn.PgConn, error) {
			return pgconn.Connect(ctx, shared.cluster.URL(settings.SystemRole, shared.password, settings.Database))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// administer lets the system role alter a person's, as the plan's script says from PostgreSQL 16 on.
func administer(t testing.TB, admin *pgconn.PgConn, account string) {
	t.Helper()
	if shared.cluster.Version < 16 {
		return
	}
	if _, err := admin.Exec(t.Context(), "GRANT "+quoted(account)+" TO "+systemRole+" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE").ReadAll(); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// relationName is a qualified name as the queries of the oracle write it.
var relationName = regexp.MustCompile(`\b(shop|ref|hr)\.("[^"]+"|[a-z_0-9]+)`)

// directly is the statement for somebody who is connected to the warehouse: relations that are read through a view have the view's schema.
func directly(sql string, views map[string]bool) string {
	return relationName.ReplaceAllStringFunc(sql, func(name string) string {
		plain := relationName.FindStringSubmatch(name)
		view := push.DefaultSchemaPrefix + plain[1] + "." + unquote(plain[2])
		if views[view] {
			return push.DefaultSchemaPrefix + name
		}
		return name
	})
}

// plainView is what the server says of a plain view by its bare name; those of the oracle end in _v.
var plainView = regexp.MustCompile(`^relation "(shop\.)?([a-z]+_v|order_totals)" does not exist$`)

func unquote(name string) string {
	if name[0] == '"' {
		return name[1 : len(name)-1]
	}
	return name
}

// nativeLimit are the codes by which PostgreSQL refuses on a view, or on a table that was not given, what it does on a copy: no privilege, a primary
// key that a view has not, TABLESAMPLE, row locks, system columns.
func nativeLimit(code string) bool {
	switch code {
	case "42501", "42803", "42809", "0A000", "42703", "42704", "42P10":
		return true
	}
	return false
}

// TestPushed asks directly, as each person, in the database that is maintained; and on the person's copy. No byte may hold a marker.
func TestPushed(t *testing.T) {
	p := startPostern(t, damage{})
	total := askPushed(t, p, pushAll(t, p, push.EnforceViews), envCount(t, "POSTERN_ORACLE_PUSHED", pushedQueries))
	if total.cases < minimumPushedCompared {
		t.Errorf("only %d comparisons", total.cases)
	}
	if got := percent(total.accepted, total.cases); got < minimumPushedAcceptance {
		t.Errorf("%.1f %% are answered, at least %.0f %% have to be", got, minimumPushedAcceptance)
	}
}

// askPushed asks generated queries, and every table.
func askPushed(t *testing.T, p *postern, views map[string]bool, queries uint64) (total tally) {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", shared.cluster.Port)
	var mu sync.Mutex
	causes := map[string]int{}
	count := func(v verdict, who, sql string) {
		mu.Lock()
		defer mu.Unlock()
		total.add(v)
		switch v.outcome {
		case differing, leaking:
			if total.differing+total.leaking <= shownFailures {
				t.Errorf("%s: %s\n%s", who, sql, v.detail)
			}
		case refused, equalError:
			causes[v.code+" "+v.detail]++
		case equal, unfinished:
		}
	}
	var wait sync.WaitGroup
	for worker := range uint64(generatedWorkers) {
		sessions := map[string]*oracle{}
		for _, person := range []string{"ann", "bob", "cyd", "dora"} {
			o := &oracle{person: person, proxied: connect(t, address, sanitised.Raw, person), plain: connect(t, address, sanitised.Database(person), person)}
			if a := o.proxied.ask(t.Context(), simple, statement{sql: "SET search_path = governed_hr, hr, governed_shop, shop, governed_ref, ref, public"}); a.code != "" {
				t.Fatal(a.message)
			}
			sessions[person] = o
		}
		wait.Go(func() {
			for i := worker; i < queries; i += generatedWorkers {
				q := querygen.Generate(generatedSeed, i)
				how, person := protocolOf(i), personOf(i)
				st := render(q, q.Root, how)
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				v := sessions[person].compareDirect(ctx, how, st, views)
				cancel()
				count(v, person, st.sql)
			}
			if worker > 0 {
				return
			}
			for person, o := range sessions {
				for _, table := range everyTable() {
					st := statement{sql: "SELECT * FROM " + table}
					count(o.compareDirect(context.Background(), simple, st, views), person, st.sql)
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d relations are read through views; %s", len(views), &total)
	for i, cause := range frequent(causes) {
		if i < shownRefusalCauses {
			t.Logf("%d times: %s", causes[cause], cause)
		}
	}
	return total
}

// compareDirect is compare for the maintained database.
func (o *oracle) compareDirect(ctx context.Context, p protocol, st statement, views map[string]bool) verdict {
	// ONLY means nothing before a view: it shows the rows of the tables that inherit too, as the policies of the parent say.
	st.sql = strings.ReplaceAll(st.sql, "ONLY ", "")
	want := o.plain.ask(ctx, p, st)
	direct := st
	direct.sql = directly(st.sql, views)
	got := o.proxied.ask(ctx, p, direct)
	if leaked := o.proxied.tap.take(); leaked != "" {
		return verdict{outcome: leaking, detail: fmt.Sprintf("a hidden value came back: %q", leaked)}
	}
	v := verdict{rows: len(want.rows), code: got.code, detail: got.message}
	switch {
	case got.code == "57014" || want.code == "57014":
		v.outcome = unfinished
	case got.code == "" && want.code == "42P01":
		// The server asks for no privilege on what its plan does not read, an unused WITH query for instance; and the tap saw nothing.
		v.outcome, v.code, v.detail = refused, "unread", want.message
	case got.code == "42P01" && want.code != "42P01" && plainView.MatchString(got.message):
		// Nobody is given a plain view: it reads its tables with its owner's rights.
		v.outcome = refused
	case got.code != "" && got.code != want.code && want.code == "42P01":
		// The copy has not got the table at all; the server asks for privileges last, and finds another mistake first.
		v.outcome = refused
	case nativeLimit(got.code) && got.code != want.code:
		v.outcome = refused
	case got.code != want.code:
		v.outcome, v.detail = differing, fmt.Sprintf("SQLSTATE %q (%s), want %q (%s)", got.code, got.message, want.code, want.message)
	case got.code != "":
		v.outcome = equalError
	default:
		if d := differenceOf(got, want); d != "" {
			v.outcome, v.detail = differing, d
		}
	}
	return v
}

// ownType is the object identifier of a type that is no part of the server: it is another one in each database.
var ownType = regexp.MustCompile(`:(1[6-9][0-9]{3}|[2-9][0-9]{4,}):`)

func differenceOf(got, want answer) string {
	columns := func(a answer) string { return ownType.ReplaceAllString(fmt.Sprint(a.columns), ":own:") }
	switch {
	case columns(got) != columns(want):
		return fmt.Sprintf("columns\n got %v\nwant %v", got.columns, want.columns)
	case fmt.Sprint(got.rows) != fmt.Sprint(want.rows):
		return "rows\n" + difference(got.rows, want.rows)
	case got.tag != want.tag:
		return fmt.Sprintf("tag %q, want %q", got.tag, want.tag)
	}
	return ""
}
