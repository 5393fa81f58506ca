package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// objectFiles register two of the tables of objectWarehouse. %[1]s is the connection's place, %[2]s the interval of object sync.
const objectFiles = `kind: Connection
name: tpch
engine: postgres
%[1]s
user: objects_service
password: {env: OBJECTS_PASSWORD}
objectSync: {interval: %[2]s}
---
kind: User
name: ann
groups: [analysts]
password: {env: OBJECTS_PASSWORD}
---
kind: User
name: bob
password: {env: OBJECTS_PASSWORD}
---
kind: User
name: cyd
---
kind: Source
name: tpch.public.client
owner: bob
tags: [Sales]
columns: {phone: {tags: [Phone]}, name: {}}
---
kind: Source
name: tpch.public.bill
tags: [Sales]
---
kind: SubscriptionPolicy
name: analysts
on: {tags: [Sales]}
access: read
effect: grant
allow: {when: "isInGroups('analysts')"}
---
kind: DataPolicy
name: phones
on: {columnTags: [Phone]}
rules:
  - mask: {columnTags: [Phone], constant: hidden}
`

const objectWarehouse = `CREATE TABLE client (id int PRIMARY KEY, name text, phone text);
INSERT INTO client VALUES (1, 'Ada', '0123'), (2, 'Ben', '4567');
CREATE TABLE bill (id int, client_id int, total numeric(8,2));
INSERT INTO bill VALUES (1, 1, 10), (2, 2, 20);
CREATE TABLE payroll (id int, name text, phone text);
INSERT INTO payroll VALUES (1, 'Ada', 'SECRET-SALARY')`

// objectStory is a warehouse whose tables change, and the servers before it.
type objectStory struct {
	*operator
	database string

	mu     sync.Mutex
	events []string
}

// startObjectStory starts as many servers as there are states given.
func startObjectStory(t *testing.T, interval string, servers ...*instance) *objectStory {
	t.Helper()
	s := &objectStory{operator: &operator{t: t, folder: t.TempDir(), servers: servers}, database: "objects_" + strings.ToLower(rand.Text()[:8])}
	ctx := t.Context()
	if err := shared.cluster.CreateDatabase(ctx, s.database); err != nil {
		t.Fatal(err)
	}
	s.ddl(objectWarehouse)
	s.ddl(`DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'objects_service') THEN CREATE ROLE objects_service LOGIN PASSWORD 'shared'; END IF; END $$`)
	at := fmt.Sprintf("host: 127.0.0.1\nport: %d\ndatabase: %s", shared.cluster.Port, s.database)
	files := fmt.Sprintf(objectFiles, at, interval)
	s.write("all.yaml", files)
	if err := registerIn(ctx, s.database, map[string]string{"all.yaml": files}); err != nil {
		t.Fatal(err)
	}
	s.must(exitOK, "in force", "apply", "-f", "all.yaml")
	return s
}

func (s *objectStory) ddl(sql string) {
	s.t.Helper()
	if err := shared.cluster.Exec(s.t.Context(), s.database, sql); err != nil {
		s.t.Fatal(err)
	}
}

// hook has an endpoint told, and notes what it is told.
func (s *objectStory) hook() {
	s.t.Helper()
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var event struct {
			Type string `json:"type"`
			Data struct{ Kind, Name string }
		}
		if err != nil || json.Unmarshal(body, &event) != nil {
			s.t.Errorf("%v %s", err, body)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, event.Type+" "+event.Data.Kind+" "+event.Data.Name)
	}))
	s.t.Cleanup(endpoint.Close)
	s.must(exitOK, "in force", "apply", "-f", s.file("hook.yaml", "kind: Webhook\nname: objects\nurl: "+endpoint.URL+"\nsecret: {env: HOOK_KEY}\nevents: [source]\n"))
	// It is told of what happens once a server has taken it up.
	time.Sleep(3 * time.Second)
}

// told waits for exactly these events, in any order of one look.
func (s *objectStory) told(want ...string) {
	s.t.Helper()
	slices.Sort(want)
	var have []string
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s.mu.Lock()
		have = slices.Clone(s.events)
		s.mu.Unlock()
		slices.Sort(have)
		if slices.Equal(have, want) {
			break
		}
		if time.Now().After(end) || len(have) > len(want) {
			s.t.Fatalf("told\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
		}
	}
	s.mu.Lock()
	s.events = nil
	s.mu.Unlock()
}

// recorded wants texts on record of any of the servers, each exactly once.
func (s *objectStory) recorded(want ...string) {
	s.t.Helper()
	var all strings.Builder
	for _, in := range s.servers {
		_, out := s.at(in, "audit", "search", "--dir", in.audit, "--kind", "admin", "-o", "json")
		all.WriteString(out)
	}
	for _, text := range want {
		if n := strings.Count(all.String(), text); n != 1 {
			s.t.Errorf("%q is on record %d times", text, n)
		}
	}
}

// eventually waits until every server answers a person so.
func (s *objectStory) eventuallyEverywhere(sql, code string) {
	s.t.Helper()
	who := person{name: "ann", password: "shared"}
	eventually(s.t, 20*time.Second, sql+" is "+code, func() bool {
		for _, in := range s.servers {
			got := s.asks(in, who, sql)
			if code == "" && strings.HasPrefix(got, "(") || code != "" && got != "("+code+")" {
				return false
			}
		}
		return true
	})
}

func (s *objectStory) asks(in *instance, who person, sql string) string {
	s.t.Helper()
	conn, err := pgconn.Connect(s.t.Context(), dsn(in, who, "sslmode=disable"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	got, err := caller{s.t, conn}.simple(sql)
	if err != nil {
		return "(" + sqlState(err) + ")"
	}
	return got
}

func objectTokens(t *testing.T) {
	t.Helper()
	noticeSources(t)
	roleTokens(t)
	t.Setenv("OBJECTS_PASSWORD", "shared")
	t.Setenv("HOOK_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
}

// TestObjectSync: two servers on one state find each kind of change by themselves, tell it once, and show nothing of a table that is not what its Source means.
func TestObjectSync(t *testing.T) {
	objectTokens(t)
	state, more := stateDatabase(t)
	s := startObjectStory(t, "1", startStored(t, state, more), startStored(t, state, more))
	ann := person{name: "ann", password: "shared"}
	s.hook()
	s.everywhere(ann, "SELECT string_agg(name || phone, ',' ORDER BY id) FROM client", "Adahidden,Benhidden", "")

	t.Log("new, changed, dropped")
	s.ddl("CREATE TABLE extra (a int)")
	s.told("source.new Object tpch.public.extra")
	s.ddl("ALTER TABLE client ADD COLUMN ssn text DEFAULT 'SSN'")
	s.told("source.changed Object tpch.public.client")
	s.everywhere(ann, "SELECT count(c) FROM (SELECT * FROM client) AS c (id, name, phone)", "2", "")
	s.everywhere(ann, "SELECT ssn FROM client", "", "42703")
	s.ddl("DROP TABLE extra; DROP TABLE bill")
	s.told("source.dropped Object tpch.public.extra", "source.dropped Object tpch.public.bill", "source.held Source tpch.public.bill")
	s.eventuallyEverywhere("SELECT count(*) FROM bill", "42P01")
	s.everywhere(ann, "SELECT count(*) FROM client", "2", "")
	// Made again it is what it was, as after a reload.
	s.ddl("CREATE TABLE bill (id int, client_id int, total numeric(8,2), more text); GRANT SELECT ON bill TO objects_service; INSERT INTO bill VALUES (3, 1, 30, 'MORE')")
	s.told("source.new Object tpch.public.bill", "source.released Source tpch.public.bill")
	s.eventuallyEverywhere("SELECT count(*) FROM bill", "")
	s.everywhere(ann, "SELECT more FROM bill", "", "42703")

	t.Log("a table whose columns are masked is renamed, and another one has its name, in one transaction")
	s.ddl("BEGIN; ALTER TABLE client RENAME TO client_old; ALTER TABLE payroll RENAME TO client; ALTER TABLE client RENAME COLUMN phone TO x; ALTER TABLE client RENAME COLUMN name TO phone; " +
		"ALTER TABLE client RENAME COLUMN x TO name; GRANT SELECT ON client TO objects_service; COMMIT")
	s.told("source.renamed Object tpch.public.client_old", "source.renamed Object tpch.public.client", "source.changed Object tpch.public.client", "source.held Source tpch.public.client")
	for _, sql := range []string{"SELECT name FROM client", "SELECT phone FROM client_old", "SELECT count(*) FROM client", "SELECT 1 FROM client WHERE name LIKE 'SECRET%'", "EXPLAIN SELECT * FROM client"} {
		s.eventuallyEverywhere(sql, "42P01")
	}
	s.must(exitOK, "the table is public.client_old now, and another one has its name", "objects", "--state", "held")
	s.must(exitOK, "was public.client", "objects", "changes")
	if out := s.must(exitOK, "unregistered", "objects", "-o", "json"); strings.Contains(out, `"name": "client_old",`+"\n"+`      "kind": "table",`+"\n"+`      "state": "served"`) {
		t.Errorf("the renamed table is served:\n%s", out)
	}

	t.Log("whoever looks again, nothing is told twice; while no server runs, what happened is told afterwards")
	s.must(exitOK, "Nothing has changed.", "objects", "sync")
	for _, in := range s.servers {
		if err := in.stop(); err != nil {
			t.Fatal(err)
		}
	}
	s.ddl("BEGIN; ALTER TABLE client RENAME TO payroll; ALTER TABLE client_old RENAME TO client; COMMIT; ALTER TABLE bill RENAME COLUMN total TO sum")
	s.servers = []*instance{startStored(t, state, more), startStored(t, state, more)}
	s.told("source.renamed Object tpch.public.payroll", "source.renamed Object tpch.public.client", "source.released Source tpch.public.client", "source.changed Object tpch.public.bill")
	s.eventuallyEverywhere("SELECT name, phone FROM client", "")
	s.everywhere(ann, "SELECT string_agg(name || phone, ',' ORDER BY id) FROM client", "Adahidden,Benhidden", "")
	s.recorded("Source tpch.public.client released: it fits again")
}

// TestObjectsOnDemand: what is held is accepted by who looked at it, sources go out of service and back, data owners do so with their own alone, and it is on
// record.
func TestObjectsOnDemand(t *testing.T) {
	objectTokens(t)
	s := startObjectStory(t, "86400", startStored(t, "", ""))
	ann := person{name: "ann", password: "shared"}
	t.Setenv("SETUP_URL", shared.cluster.DSN(s.database))
	registered := s.must(exitOK, "Found 3 tables and views with 9 columns in 1 schemas.", "register", "--resources", "all.yaml", "--setup-env", "SETUP_URL", "--yes")
	if !strings.Contains(registered, "Crawling host 127.0.0.1:") || !strings.Contains(registered, " database "+s.database) || !strings.Contains(registered, "public              3 tables") {
		t.Errorf("registration shows\n%s", registered)
	}
	s.must(exitOK, "created", "apply", "-f", s.file("tokens.yaml", tokenFiles))
	s.hook()
	const phones = "SELECT string_agg(name || phone, ',' ORDER BY id) FROM client"

	t.Log("out of service and back")
	s.as("OWNER").must(exitOK, "out of service", "objects", "disable", "tpch.public.client")
	s.told("source.changed Source tpch.public.client", "source.disabled Source tpch.public.client")
	s.everywhere(ann, phones, "", "42P01")
	s.everywhere(ann, "SELECT 1 FROM nothing", "", "42P01")
	s.must(exitOK, "disabled", "objects", "--state", "disabled")
	s.as("OWNER").must(exitOK, "in service", "objects", "enable", "tpch.public.client")
	s.told("source.changed Source tpch.public.client", "source.enabled Source tpch.public.client")
	s.everywhere(ann, phones, "Adahidden,Benhidden", "")

	t.Log("each role")
	refused := 0
	for _, action := range []string{"disable", "enable", "accept"} {
		for _, of := range []string{"tpch.public.bill", "tpch.public.payroll", "no.such.table"} {
			s.as("OWNER").must(exitForbidden, "a data owner changes sources of their own", "objects", action, of)
			refused++
		}
		s.as("AUDITOR").must(exitForbidden, "a token of role auditor may not do this", "objects", action, "tpch.public.client")
		s.as("ANN").must(exitForbidden, "a token of role person may not do this", "objects", action, "tpch.public.client")
		refused += 2
	}
	for _, role := range []string{"OWNER", "AUDITOR", "ANN"} {
		s.as(role).must(exitForbidden, "may not do this", "objects", "sync")
		refused++
	}
	s.as("ANN").must(exitForbidden, "may not do this", "objects")
	refused++
	s.as("GOVERNOR").must(exitOK, "Nothing has changed.", "objects", "sync", "--connection", "tpch")
	s.must(1, "there is no connection", "objects", "sync", "--connection", "nowhere")
	if out := s.as("OWNER").must(exitOK, "public.client", "objects"); strings.Contains(out, "bill") || strings.Contains(out, "payroll") {
		t.Errorf("a data owner sees what is not theirs:\n%s", out)
	}
	_, record := s.at(s.servers[0], "audit", "search", "--dir", s.servers[0].audit, "--kind", "admin", "-o", "json")
	if n := strings.Count(record, `"action":"api.refused"`); n != refused {
		t.Errorf("%d refusals are on record, want %d", n, refused)
	}

	t.Log("a swap, told by a look that somebody asks for, and accepted by who owns the source")
	s.ddl("BEGIN; ALTER TABLE client RENAME TO client_old; CREATE TABLE client (id int, phone text, extra text, name text); " +
		"INSERT INTO client VALUES (7, '999', 'EXTRA', 'Eve'); GRANT SELECT ON client TO objects_service; COMMIT")
	s.must(exitOK, "held", "objects", "sync")
	s.told("source.renamed Object tpch.public.client_old", "source.new Object tpch.public.client", "source.held Source tpch.public.client")
	s.everywhere(ann, phones, "", "42P01")
	if out := s.as("OWNER").must(exitOK, "another one has its name", "objects", "changes"); strings.Contains(out, "bill") {
		t.Errorf("a data owner sees what is not theirs:\n%s", out)
	}
	s.must(exitConflict, "nothing to accept", "objects", "accept", "tpch.public.bill")
	s.as("OWNER").must(exitOK, "accepted", "objects", "accept", "tpch.public.client")
	s.told("source.released Source tpch.public.client")
	s.everywhere(ann, phones, "Evehidden", "")
	s.everywhere(ann, "SELECT extra FROM client", "", "42703")

	t.Log("a column that the Source names is renamed: held until the Source is mended")
	s.ddl("ALTER TABLE client RENAME COLUMN phone TO tel")
	s.must(exitOK, "its Source names columns that have changed: phone is tel now", "objects", "sync")
	s.everywhere(ann, "SELECT tel FROM client", "", "42P01")
	s.must(exitMistakes, `the table has no column "phone"`, "objects", "accept", "tpch.public.client")
	text, err := os.ReadFile(s.folder + "/all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.write("all.yaml", strings.Replace(string(text), "columns: {phone:", "columns: {tel:", 1))
	s.must(exitOK, "in force", "apply", "-f", "all.yaml")
	s.everywhere(ann, "SELECT name || tel FROM client", "Evehidden", "")
	s.told("source.changed Object tpch.public.client", "source.held Source tpch.public.client", "source.changed Source tpch.public.client", "source.released Source tpch.public.client")
	s.recorded(`"action":"source.disable"`, `"action":"source.enable"`, `"action":"objects.accept"`)

	t.Log("the connection leads to a copy of the database: sources are found by name")
	copied := s.database + "_copy"
	if err := shared.cluster.Exec(t.Context(), "postgres", fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'", s.database)); err != nil {
		t.Fatal(err)
	}
	if err := shared.cluster.Exec(t.Context(), "postgres", fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", copied, s.database)); err != nil {
		t.Fatal(err)
	}
	s.replace("all.yaml", "database: "+s.database, "database: "+copied)
	s.must(exitOK, "in force", "apply", "-f", "all.yaml")
	s.everywhere(ann, "SELECT name || tel FROM client", "Evehidden", "")
	s.must(exitOK, "another database", "objects", "changes")
}

// TestObjectsOnServers: what one server is asked to look at, and what is accepted there, is in force on the other within moments.
func TestObjectsOnServers(t *testing.T) {
	objectTokens(t)
	state, more := stateDatabase(t)
	s := startObjectStory(t, "86400", startStored(t, state, more), startStored(t, state, more))
	ann := person{name: "ann", password: "shared"}
	s.everywhere(ann, "SELECT count(*) FROM client", "2", "")
	s.ddl("BEGIN; ALTER TABLE client RENAME TO client_old; CREATE TABLE client AS SELECT * FROM client_old; GRANT SELECT ON client TO objects_service; COMMIT")
	// The other server looks by itself when it takes over what was applied: it may have been the first to find it.
	s.must(exitOK, "", "objects", "sync")
	began := time.Now()
	s.must(exitOK, "the table is public.client_old now", "objects", "--state", "held")
	s.eventuallyEverywhere("SELECT count(*) FROM client", "42P01")
	t.Logf("held on both servers %v after the look", time.Since(began).Round(time.Millisecond))
	if code, out := s.at(s.servers[1], "objects", "sync"); code != exitOK || !strings.Contains(out, "Nothing has changed.") {
		t.Errorf("the other server finds it again: %d %s", code, out)
	}
	if code, out := s.at(s.servers[1], "objects", "accept", "tpch.public.client"); code != exitOK {
		t.Errorf("%d %s", code, out)
	}
	began = time.Now()
	s.eventuallyEverywhere("SELECT count(*) FROM client", "")
	t.Logf("accepted on both servers after %v", time.Since(began).Round(time.Millisecond))
	s.recorded("Source tpch.public.client held: ", "Source tpch.public.client released: somebody has accepted it")

	t.Log("where the catalog is watched nobody has to ask")
	s.replace("all.yaml", "objectSync: {interval: 86400}", "objectSync: {interval: 86400, watch: true}")
	s.must(exitOK, "in force", "apply", "-f", "all.yaml")
	began = time.Now()
	s.ddl("ALTER TABLE client RENAME TO elsewhere")
	s.eventuallyEverywhere("SELECT count(*) FROM client", "42P01")
	eventually(t, 20*time.Second, "held without being asked", func() bool {
		_, out := s.at(s.servers[0], "objects", "--state", "held")
		return strings.Contains(out, "the table is public.elsewhere now")
	})
	t.Logf("found after %v", time.Since(began).Round(time.Millisecond))
}
