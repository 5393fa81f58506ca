package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

// ownWarehouse makes a database of a test's own with the service role's rights, registers it, and starts a server for it. The files say %[1]d for the
// port and %[2]s for the database.
func ownWarehouse(t *testing.T, prepare, files string, settings ...string) (in *instance, database string) {
	t.Helper()
	noticeSources(t)
	database = pgtest.Name("own")
	ctx := t.Context()
	if err := errors.Join(shared.cluster.CreateDatabase(ctx, database), shared.cluster.Exec(ctx, database, prepare)); err != nil {
		t.Fatal(err)
	}
	text := map[string]string{"all.yaml": fmt.Sprintf(`kind: Connection
name: own
engine: postgres
host: 127.0.0.1
port: %[1]d
database: %[2]s
user: postern_service
password: {env: TPCH_PASSWORD}
---
`, shared.cluster.Port, database) + files}
	if err := registerIn(ctx, database, text); err != nil {
		t.Fatal(err)
	}
	in, err := startInstance(shared.binary, shared.dir, text, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	})
	return in, database
}

// callOwn opens a session through the proxy.
func callOwn(t *testing.T, in *instance, who person) caller {
	t.Helper()
	return callAt(t, strings.Replace(dsn(in, who, "sslmode=disable"), "/tpch", "/own", 1))
}

func callAt(t *testing.T, url string) caller {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return caller{t, conn}
}

const switchingFiles = `kind: User
name: ann
password: {env: ANN_PASSWORD}
---
kind: User
name: bob
---
kind: Source
name: own.public.customer
columns: {phone: {tags: [Phone]}}
---
kind: SubscriptionPolicy
name: all
on: {tables: [own.public.*]}
access: read
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: phones
on: {columnTags: [Phone]}
rules:
  - mask: {columnTags: [Phone], "null": true}
    exceptFor: "isUsingPurpose('care')"
---
kind: Purpose
name: care
acknowledgement: I look at customers to care for them.
---
kind: Project
name: desk
purposes: [care]
members: {users: [ann]}
sources: {tables: [own.public.customer]}
---
kind: Project
name: other
members: {users: [bob]}
---
kind: APIToken
name: ann-herself
role: person
user: ann
token: {env: ANN_TOKEN}
---
kind: APIToken
name: governors
role: governor
token: {env: GOVERNOR_TOKEN}
`

// switchGoal is how soon a switch is effective in every open session.
const switchGoal = time.Second

// TestSwitchingEverywhere: the current project is switched by a statement, by the API and by a procedure in the warehouse, and each is effective
// in every open session, and in a result under way, in less than a second. Nobody switches to what is not theirs, or before they acknowledged.
func TestSwitchingEverywhere(t *testing.T) {
	for name, value := range map[string]string{"ANN_TOKEN": strings.Repeat("ann0", 10), "GOVERNOR_TOKEN": strings.Repeat("gov0", 10)} {
		t.Setenv(name, value)
	}
	in, database := ownWarehouse(t, `CREATE TABLE public.customer (id int PRIMARY KEY, phone text);
INSERT INTO public.customer SELECT g, '030-' || g FROM generate_series(1, 1000) AS g`, switchingFiles)
	ann := person{name: "ann", password: people()[0].password}
	direct := directAccount(t, database, "ann")
	var sessions []caller
	for range 20 {
		sessions = append(sessions, callOwn(t, in, ann))
	}
	api := func(method, path, token, body string) (int, string) { return askAPI(t, in, method, path, token, body) }
	effective := func(way, project string, do func() error) {
		t.Helper()
		from := time.Now()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		want := "0"
		if project == "desk" {
			want = "1000"
		}
		var wait sync.WaitGroup
		for _, c := range sessions {
			wait.Go(func() {
				for {
					shown, err := c.simple("SHOW postern.project")
					phones, err2 := c.extended("SELECT count(phone) FROM customer")
					if err == nil && err2 == nil && shown == project && phones == want {
						return
					}
					if time.Since(from) > switchGoal {
						t.Errorf("%s: a session is in %q (%v) and sees %s phones (%v), want %q and %s", way, shown, err, phones, err2, project, want)
						return
					}
				}
			})
		}
		wait.Wait()
		t.Logf("%s: effective in %d open sessions after %v", way, len(sessions), time.Since(from).Round(time.Millisecond))
	}
	statement := func(sql string) func() error {
		return func() error { _, err := sessions[0].simple(sql); return err }
	}
	put := func(token, project string) func() error {
		return func() error {
			if status, body := api(http.MethodPut, "/v1/users/ann/project", token, fmt.Sprintf(`{"project": %q}`, project)); status != 200 {
				return fmt.Errorf("%d %s", status, body)
			}
			return nil
		}
	}
	own, governor := os.Getenv("ANN_TOKEN"), os.Getenv("GOVERNOR_TOKEN")

	// Before the text is acknowledged no way leads into the project, and each says which way out.
	if e := direct.refused1("CALL postern_procedures.set_project('desk')", "42501"); !strings.Contains(e.Hint, "postern_procedures.acknowledge('desk')") ||
		e.Detail != "care: I look at customers to care for them." {
		t.Errorf("asks by %+v", e)
	}
	if status, body := api(http.MethodPut, "/v1/users/ann/project", own, `{"project": "desk"}`); status != 403 || !strings.Contains(body, `"sqlstate":"42501"`) ||
		!strings.Contains(body, "I look at customers") {
		t.Errorf("%d %s", status, body)
	}
	// Nobody acknowledges for somebody else, or switches somebody else by their own token.
	for _, q := range [][3]string{{http.MethodPost, "/v1/users/ann/acknowledgements", governor}, {http.MethodPut, "/v1/users/bob/project", own}, {http.MethodPut, "/v1/users/ann/project", "wrong"}} {
		if status, body := api(q[0], q[1], q[2], `{"project": "desk"}`); status != 403 && status != 401 {
			t.Errorf("%v: %d %s", q, status, body)
		}
	}
	direct.must(direct.simple, "CALL postern_procedures.acknowledge('desk')")

	effective("a statement", "desk", statement("SET postern.project = 'desk'"))
	effective("a statement", "", statement("RESET postern.project"))
	effective("the API", "desk", put(own, "desk"))
	effective("the API of a governor", "", put(governor, ""))
	effective("a procedure", "desk", func() error { _, err := direct.simple("CALL postern_procedures.set_project('desk')"); return err })
	if status, body := api(http.MethodGet, "/v1/users/ann/project", own, ""); status != 200 || strings.TrimSpace(body) != `{"user":"ann","project":"desk","purposes":["care"],"projects":["desk"]}` {
		t.Errorf("%d %s", status, body)
	}
	direct.refused1("CALL postern_procedures.set_project('other')", "42501")
	direct.refused1("CALL postern_procedures.set_project('nothing of the kind')", "42501")
	if _, err := direct.simple("BEGIN; CALL postern_procedures.set_project(''); COMMIT"); sqlState(err) != "2D000" {
		t.Errorf("in a transaction: %v", err)
	}
	direct.must(direct.simple, "ROLLBACK")
	effective("nothing else", "desk", func() error { return nil })
	// A result under way is decided again.
	reader := callOwn(t, in, ann)
	slow := reader.conn.Exec(t.Context(), "SELECT a.phone FROM customer a, customer b, customer c")
	if !slow.NextResult() || !slow.ResultReader().NextRow() || string(slow.ResultReader().Values()[0]) == "" {
		t.Fatal("no result under way")
	}
	effective("a procedure", "", func() error { _, err := direct.simple("CALL postern_procedures.set_project('')"); return err })
	if err := drained(slow); sqlState(err) != "42501" {
		t.Errorf("the result under way: %v", err)
	}

	// An account that is nobody, and the service role, as which everybody's statements run.
	stranger := directAccount(t, database, "stranger")
	stranger.refused1("CALL postern_procedures.set_project('desk')", "42501")
	service := callAt(t, shared.cluster.URL(serviceRole, serverPassword(), database))
	service.refused1("CALL postern_procedures.set_project('desk')", "42501")
	for _, c := range []caller{direct, stranger} {
		for _, sql := range []string{"SELECT * FROM postern_procedures.requests", "SELECT * FROM postern_procedures.claim()",
			"SELECT postern_procedures.answer(1, true, '', '', '')", "DELETE FROM postern_procedures.requests"} {
			c.refused1(sql, "42501")
		}
	}

	var got []string
	for _, e := range records(t, in, func(e audit.Event) bool { return e.Kind == audit.Admin && strings.HasPrefix(e.Action, "project.") }) {
		got = append(got, fmt.Sprintf("%s for %s by %s: %s %q", e.Login, e.User, e.Protocol, e.Action, e.Target))
	}
	want := []string{
		`ann for ann by procedure: project.acknowledge "desk"`, `ann for ann by : project.switch "desk"`, `ann for ann by : project.switch ""`,
		`ann-herself for ann by api: project.switch "desk"`, `governors for ann by api: project.switch ""`, `ann for ann by procedure: project.switch "desk"`,
		`ann for ann by procedure: project.switch ""`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("on record:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// refused1 is refused by the simple protocol alone, for what a warehouse itself refuses.
func (c caller) refused1(sql, code string) *pgconn.PgError {
	c.t.Helper()
	var e *pgconn.PgError
	if _, err := c.simple(sql); !errors.As(err, &e) || e.Code != code {
		c.t.Fatalf("%s: %v, want %s", sql, err, code)
	}
	return e
}

func drained(r *pgconn.MultiResultReader) error {
	for r.ResultReader().NextRow() {
	}
	return r.Close()
}

// directAccount logs in at the warehouse itself, as an account that is made for it.
func directAccount(t *testing.T, database, account string) caller {
	t.Helper()
	if err := shared.cluster.Exec(t.Context(), database, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'direct'", account)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.cluster.Exec(context.WithoutCancel(t.Context()), database, "DROP ROLE "+account); err != nil {
			t.Error(err)
		}
	})
	return callAt(t, shared.cluster.URL(account, "direct", database))
}

// askAPI sends a request to an instance's admin server.
func askAPI(t *testing.T, in *instance, method, path, token, body string) (int, string) {
	t.Helper()
	return askAddress(t, "http://"+adminAddressOf(t, in), method, path, token, body)
}

// askAddress is askAPI of a server, or what stands before it.
func askAddress(t *testing.T, address, method, path, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
