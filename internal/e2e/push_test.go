package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
)

// pushFiles are policies that are enforced in the proxy and inside the warehouse. %[1]d is the port, %[2]s the folder of the server's log.
const pushFiles = `kind: Connection
name: shop
engine: postgres
host: 127.0.0.1
port: %[1]d
database: shop
user: shop_service
password: {env: SHOP_PASSWORD}
log: {format: csv, folder: %[2]s}
---
kind: PushSettings
name: shop-push
connection: shop
user: shop_system
password: {env: SHOP_PASSWORD}
enforce: views
createRoles: true
readOnly: true
---
kind: User
name: ann
groups: [analysts]
attributes: {region: [EU]}
password: {env: SHOP_PASSWORD}
---
kind: User
name: bob
groups: [analysts, global]
password: {env: SHOP_PASSWORD}
---
kind: User
name: cid
groups: [analysts]
attributes: {region: [US]}
password: {env: SHOP_PASSWORD}
---
kind: Source
name: shop.public.customer
columns: {phone: {tags: [Phone]}}
---
kind: Source
name: shop.public.orders
---
kind: Source
name: shop.public.report
---
kind: SubscriptionPolicy
name: analysts
on: {tables: [shop.public.customer, shop.public.orders]}
access: read
effect: grant
allow: {when: "isInGroups('analysts')"}
---
kind: SubscriptionPolicy
name: reports
on: {tables: [shop.public.report]}
access: read
effect: grant
allow: {approval: {by: [bob]}}
---
kind: DataPolicy
name: own-region
on: {tables: [shop.public.customer]}
rules:
  - rows: "@attributeValuesContains('region', region)"
    exceptFor: "isInGroups('global')"
---
kind: DataPolicy
name: phones
on: {columnTags: [Phone]}
rules:
  - mask: {columnTags: [Phone], regex: {pattern: "[0-9]", replace: "*"}}
    exceptFor: "isUsingPurpose('care')"
---
kind: Purpose
name: care
acknowledgement: I look at customers to care for them.
---
kind: Project
name: desk
purposes: [care]
members: {users: [ann, bob]}
sources: {tables: [shop.public.customer, shop.public.orders, shop.public.report]}
---
kind: APIToken
name: ann-herself
role: person
user: ann
token: {env: ANN_TOKEN}
`

const pushWarehouse = `CREATE TABLE customer (id int PRIMARY KEY, name text, phone text, region text);
INSERT INTO customer VALUES (1, 'Ada', '0123', 'EU'), (2, 'Ben', '4567', 'US'), (3, 'Cyd', NULL, 'EU'), (4, 'Dan', '89', NULL), (5, 'Eve', '7', 'US');
CREATE TABLE orders (id int, customer_id int, total numeric(8,2));
INSERT INTO orders SELECT g, g % 5 + 1, g * 1.25 FROM generate_series(1, 20) AS g;
CREATE TABLE report (id int, text text);
INSERT INTO report VALUES (1, 'quarter');
CREATE ROLE shop_service LOGIN PASSWORD 'shared';
CREATE ROLE ann LOGIN PASSWORD 'shared'; CREATE ROLE bob LOGIN PASSWORD 'shared'; CREATE ROLE cid LOGIN PASSWORD 'shared'; CREATE ROLE dan LOGIN PASSWORD 'shared'`

// pushQuestions are asked as everybody, both ways.
func pushQuestions() []string {
	return []string{
		"SELECT * FROM customer ORDER BY id", "SELECT * FROM orders ORDER BY id", "SELECT * FROM report", "SELECT region, count(*), max(phone) FROM customer GROUP BY 1 ORDER BY 1",
		"SELECT c.name, sum(o.total) FROM customer AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY 1 ORDER BY 1", "SELECT name FROM customer WHERE 10 / (id - 4) > 0 ORDER BY 1",
	}
}

// pushStory is a warehouse of its own with a server that enforces in both places.
type pushStory struct {
	t       *testing.T
	cluster *pgcluster.Cluster
	in      *instance
	files   string
	watch   map[string]*pgconn.PgConn
	slowest time.Duration
}

// stopUnless stops the server in the end, where the test did not come to it.
func (p *pushStory) stopUnless(stopped *bool) {
	p.t.Helper()
	if *stopped {
		return
	}
	if err := p.in.stop(); err != nil {
		p.t.Error(err)
	}
}

func startPushStory(t *testing.T, edits ...string) *pushStory {
	t.Helper()
	noticeSources(t)
	t.Setenv("SHOP_PASSWORD", "shared")
	t.Setenv("ANN_TOKEN", strings.Repeat("ann0", 10))
	p := &pushStory{t: t, watch: map[string]*pgconn.PgConn{}}
	var err error
	if p.cluster, err = pgcluster.Start(t.Context(), pgcluster.Config{Settings: map[string]string{"logging_collector": "on", "log_destination": "csvlog", "log_statement": "all"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := p.cluster.CreateDatabase(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if err := p.cluster.Exec(t.Context(), "shop", pushWarehouse); err != nil {
		t.Fatal(err)
	}
	p.files = fmt.Sprintf(pushFiles, p.cluster.Port, p.value("SELECT current_setting('data_directory') || '/' || current_setting('log_directory')"))
	for i := 0; i+1 < len(edits); i += 2 {
		p.files = strings.Replace(p.files, edits[i], edits[i+1], 1)
	}
	p.register()
	if p.in, err = startInstance(shared.binary, shared.dir, map[string]string{"all.yaml": p.files}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pushStory) register() {
	p.t.Helper()
	folder := p.t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "all.yaml"), []byte(p.files), 0o600); err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), shared.binary, "register", "--resources", folder, "--setup-env", "SETUP_URL", "--yes")
	cmd.Env = append(os.Environ(), "SETUP_URL="+p.cluster.DSN("shop"))
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
}

// value asks the superuser.
func (p *pushStory) value(sql string) string {
	p.t.Helper()
	conn, err := pgconn.Connect(p.t.Context(), p.cluster.DSN("shop"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(p.t.Context()))
	out, err := caller{p.t, conn}.simple(sql)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// psql asks as a person, through Postern or at the warehouse: the answers, or the codes of errors. What may not be seen is one word, whatever the server says.
func (p *pushStory) psql(who string, direct bool, questions ...string) string {
	p.t.Helper()
	host, port := p.in.host, p.in.port
	if direct {
		host, port = "127.0.0.1", fmt.Sprint(p.cluster.Port)
	}
	args := []string{"-X", "-q", "-A", "-t", "-v", "VERBOSITY=sqlstate", "-h", host, "-p", port, "-U", who, "-d", "shop"}
	for _, sql := range questions {
		args = append(args, "-c", sql, "-c", `\echo`)
	}
	cmd := exec.CommandContext(p.t.Context(), "psql", args...)
	cmd.Env = append(os.Environ(), "PGPASSWORD=shared", "LC_ALL=C.UTF-8")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && strings.Contains(out.String(), "authentication failed") {
		return "(nobody)"
	}
	return strings.NewReplacer("ERROR:  42P01", "(denied)", "ERROR:  42501", "(denied)").Replace(strings.TrimRight(out.String(), "\n"))
}

// same wants every question answered alike both ways, for everybody.
func (p *pushStory) same(when string, people ...string) (compared int) {
	p.t.Helper()
	for _, who := range people {
		proxied, direct := p.psql(who, false, pushQuestions()...), p.psql(who, true, pushQuestions()...)
		// Who is nobody to Postern may still log in at the warehouse, and sees nothing there.
		if proxied == "(nobody)" {
			proxied = strings.TrimRight(strings.Repeat("(denied)\n\n", len(pushQuestions())), "\n")
		}
		if proxied != direct {
			p.t.Errorf("%s: %s sees proxied\n%s\nand directly\n%s", when, who, proxied, direct)
		}
		compared += len(pushQuestions())
	}
	return compared
}

// sees reports what an open session at the warehouse gets now.
func (p *pushStory) sees(who, sql string) string {
	conn := p.watch[who]
	if conn == nil || conn.IsClosed() {
		var err error
		if conn, err = pgconn.Connect(p.t.Context(), p.cluster.URL(who, "shared", "shop")); err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() { _ = conn.Close(context.Background()) })
		p.watch[who] = conn
	}
	out, err := caller{p.t, conn}.simple(sql)
	if err != nil {
		return "(" + sqlState(err) + ")"
	}
	return out
}

// change does something and waits until a session at the warehouse that was open before shows it.
func (p *pushStory) change(what, who, sql, want string, do func()) {
	p.t.Helper()
	if got := p.sees(who, sql); got == want {
		p.t.Errorf("%s: %s sees %q before", what, who, got)
	}
	do()
	from := time.Now()
	eventually(p.t, 20*time.Second, what, func() bool { return p.sees(who, sql) == want })
	took := time.Since(from)
	p.slowest = max(p.slowest, took)
	p.t.Logf("%s: visible in the warehouse after %v", what, took.Round(time.Millisecond))
}

// edit writes the files anew and has them read.
func (p *pushStory) edit(old, text string) func() {
	return func() {
		p.t.Helper()
		if !strings.Contains(p.files, old) {
			p.t.Fatalf("%q is not in the files", old)
		}
		p.files = strings.Replace(p.files, old, text, 1)
		if err := os.WriteFile(filepath.Join(p.in.policies, "all.yaml"), []byte(p.files), 0o600); err != nil {
			p.t.Fatal(err)
		}
		if err := p.in.reload(); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pushStory) revision() string {
	return p.value("SELECT revision FROM postern_system.sync")
}

// settled asks everybody, both ways, while the files are read and pushed once more: nothing may be left to do.
func (p *pushStory) settled(when string, people ...string) int {
	p.t.Helper()
	before := p.revision()
	if err := p.in.reload(); err != nil {
		p.t.Fatal(err)
	}
	n := p.same(when, people...)
	if after := p.revision(); after != before {
		p.t.Errorf("%s: the next sync was not empty: revision %s, then %s", when, before, after)
	}
	return n
}
