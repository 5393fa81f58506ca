package warehouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/tokenize"
	"github.com/posternsql/postern/warehouse"
)

// registered makes a database with two tables and a service role, registers it, and returns the owner's and the service
// role's connections.
func registered(t *testing.T, domains ...string) (owner, service *pgconn.PgConn, r warehouse.Registration) {
	t.Helper()
	c := configOf(t, pgtest.Database(t))
	owner = dial(t, c)
	role := pgtest.Name("service")
	exec(t, owner, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE TABLE public.seen (x int); CREATE TABLE public.unseen (x int)`, role))
	t.Cleanup(func() { dropRole(t, c, role) })
	r = warehouse.Registration{
		Database: c.Database, ServiceRole: role, Domains: domains, Tables: []warehouse.TableName{{Schema: "public", Name: "seen"}},
	}
	warnings, err := warehouse.Register(t.Context(), owner, r)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings about a plain role: %v", warnings)
	}
	c.User, c.Credentials = role, warehouse.Fixed(secret.NewValue("pw"))
	return owner, dial(t, c), r
}

// dropRole runs after the test's own context has ended and before its database is dropped.
func dropRole(t *testing.T, c warehouse.Config, role string) {
	if err := pgtest.Cluster(t).Exec(bg(), c.Database, "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
		t.Error(err)
	}
}

// TestKeyedHash compares the function in the warehouse with its twin in Go.
func TestKeyedHash(t *testing.T) {
	owner, service, _ := registered(t, "default", "Kunde für 'x'")
	for _, domain := range []string{"default", "Kunde für 'x'"} {
		hexKey := value(t, owner, "SELECT encode(key, 'hex') FROM postern_functions.keys WHERE domain = $1", domain)
		key := fromHex(t, hexKey)
		if len(key) != 32 {
			t.Fatalf("the key has %d bytes", len(key))
		}
		values := []string{"", "a", "Customer#000000001", "Größe\U0001F600", strings.Repeat("x", 1<<20)}
		for range 200 {
			text := make([]rune, rand.IntN(100))
			for i := range text {
				text[i] = rune(1 + rand.IntN(0xD7FE))
			}
			values = append(values, string(text))
		}
		for _, v := range values {
			want, err := tokenize.Hash(key, domain, v)
			if err != nil {
				t.Fatal(err)
			}
			if got := value(t, service, "SELECT postern_functions.keyed_hash($1, $2)", domain, v); got != want {
				t.Fatalf("%.40q in %s: %s, want %s", v, domain, got, want)
			}
		}
	}
	for _, null := range []string{
		"keyed_hash('default', NULL)", "keyed_hash(NULL, 'x')", "keyed_hash('no such domain', 'x')",
		"keyed_hash('default', repeat('x', 1048577))",
	} {
		if got := value(t, service, "SELECT postern_functions."+null+" IS NULL"); got != "t" {
			t.Errorf("%s is not null", null)
		}
	}
}

// TestKeysAreHidden: the service role can hash, and can neither read keys nor change anything of it.
func TestKeysAreHidden(t *testing.T) {
	_, service, _ := registered(t, "default")
	for _, sql := range []string{
		"SELECT key FROM postern_functions.keys", "SELECT count(*) FROM postern_functions.keys",
		"INSERT INTO postern_functions.keys VALUES ('x', '', '', '')", "DELETE FROM postern_functions.keys",
		"CREATE TABLE postern_functions.t (x int)", "DROP FUNCTION postern_functions.keyed_hash",
		"ALTER FUNCTION postern_functions.keyed_hash RESET search_path", "COPY postern_functions.keys TO STDOUT",
		"SELECT * FROM public.unseen", "INSERT INTO public.seen VALUES (1)", "CREATE TABLE public.t (x int)",
		"SELECT key FROM pg_temp.keys",
	} {
		if _, err := service.Exec(t.Context(), sql).ReadAll(); err == nil {
			t.Errorf("the service role may: %s", sql)
		}
	}
	// A table of the session's own in front of the real one, and operators made to overhear, change nothing.
	exec(t, service, "CREATE TEMP TABLE keys (domain text, key bytea, inner_prefix bytea, outer_pad bytea); SET search_path = pg_temp, public")
	want := value(t, service, "SELECT postern_functions.keyed_hash('default', 'x')")
	if len(want) != 64 {
		t.Errorf("got %q", want)
	}
	value(t, service, "SELECT * FROM public.seen")
}

// TestRegisterAgain: nothing changes, and a new domain and table are added.
func TestRegisterAgain(t *testing.T) {
	owner, service, r := registered(t, "default")
	before := value(t, service, "SELECT postern_functions.keyed_hash('default', 'x')")
	missing, err := missingDomains(t, service, "default", "second")
	if err != nil || !slices.Equal(missing, []string{"second"}) {
		t.Errorf("missing %v, %v", missing, err)
	}
	r.Domains = append(r.Domains, "second")
	r.Tables = append(r.Tables, warehouse.TableName{Schema: "public", Name: "unseen"})
	if _, err := warehouse.Register(t.Context(), owner, r); err != nil {
		t.Fatal(err)
	}
	if after := value(t, service, "SELECT postern_functions.keyed_hash('default', 'x')"); after != before {
		t.Error("the key changed")
	}
	if other := value(t, service, "SELECT postern_functions.keyed_hash('second', 'x')"); other == before || len(other) != 64 {
		t.Error("two domains share a key")
	}
	missing, err = missingDomains(t, service, "default", "second")
	if err != nil || len(missing) > 0 {
		t.Errorf("missing %v, %v", missing, err)
	}
	value(t, service, "SELECT count(*) FROM public.unseen")
	// The script is what psql would run.
	exec(t, owner, r.Script())
	key := value(t, owner, "SELECT encode(key, 'hex') FROM postern_functions.keys LIMIT 1")
	if strings.Contains(r.Script(), key) {
		t.Error("a key stands in the script")
	}
}

func TestMissingDomainsBeforeRegistration(t *testing.T) {
	conn := dial(t, configOf(t, pgtest.Database(t)))
	missing, err := missingDomains(t, conn, "b", "a", "b")
	if err != nil || !slices.Equal(missing, []string{"b", "a", "b"}) {
		t.Errorf("missing %v, %v", missing, err)
	}
}

// TestRegisterRefuses what somebody else prepared.
func TestRegisterRefuses(t *testing.T) {
	for name, k := range map[string]struct{ prepare, want string }{
		"schema of another":     {"CREATE SCHEMA postern_functions AUTHORIZATION ROLE", "not owned by postgres alone: schema"},
		"table of another":      {"CREATE SCHEMA postern_functions; CREATE TABLE postern_functions.keys (domain text PRIMARY KEY, key bytea, inner_prefix bytea, outer_pad bytea); ALTER TABLE postern_functions.keys OWNER TO ROLE", "relation keys"},
		"default privileges":    {"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO OTHER", "relation keys"},
		"trigger":               {"CREATE SCHEMA postern_functions; CREATE TABLE postern_functions.keys (domain text PRIMARY KEY, key bytea, inner_prefix bytea, outer_pad bytea); CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER spy BEFORE INSERT ON postern_functions.keys FOR EACH ROW EXECUTE FUNCTION public.f()", "triggers: spy"},
		"no such table":         {"DROP TABLE public.seen", `relation "public.seen" does not exist`},
		"no such role":          {"", "does not exist"},
		"helper that overhears": {"CREATE SCHEMA postern_functions; CREATE FUNCTION postern_functions.x() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION postern_functions.x() OWNER TO ROLE", "function x"},
	} {
		t.Run(name, func(t *testing.T) {
			c := configOf(t, pgtest.Database(t))
			conn := dial(t, c)
			role, other := pgtest.Name("service"), pgtest.Name("other")
			exec(t, conn, fmt.Sprintf("CREATE ROLE %s LOGIN; CREATE ROLE %s; CREATE TABLE public.seen (x int)", role, other))
			t.Cleanup(func() { dropRole(t, c, other); dropRole(t, c, role) })
			exec(t, conn, strings.NewReplacer("ROLE", role, "OTHER", other).Replace(k.prepare))
			r := warehouse.Registration{
				Database: c.Database, ServiceRole: role, Domains: []string{"default"}, Tables: []warehouse.TableName{{Schema: "public", Name: "seen"}},
			}
			if name == "no such role" {
				r.ServiceRole = "nobody_at_all"
			}
			_, err := warehouse.Register(t.Context(), conn, r)
			if err == nil || !strings.Contains(err.Error(), k.want) {
				t.Fatalf("got %v, want %q", err, k.want)
			}
			if got := value(t, conn, "SELECT count(*) FROM pg_proc WHERE proname = 'keyed_hash'"); got != "0" {
				t.Error("something was left behind")
			}
			// The session is outside of the failed transaction.
			value(t, conn, "SELECT 1")
		})
	}
}

// TestRegisterReadsBack: a GRANT by who may not grant succeeds with a warning and changes nothing.
func TestRegisterReadsBack(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	admin := dial(t, c)
	role, setup := pgtest.Name("service"), pgtest.Name("setup")
	exec(t, admin, fmt.Sprintf(`CREATE ROLE %s LOGIN; CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE TABLE public.seen (x int);
GRANT CREATE ON DATABASE %s TO %s; GRANT SELECT ON public.seen TO %s`, role, setup, c.Database, setup, setup))
	t.Cleanup(func() { dropRole(t, c, setup); dropRole(t, c, role) })
	c.User, c.Credentials = setup, warehouse.Fixed(secret.NewValue("pw"))
	_, err := warehouse.Register(t.Context(), dial(t, c), warehouse.Registration{
		Database: c.Database, ServiceRole: role, Tables: []warehouse.TableName{{Schema: "public", Name: "seen"}},
	})
	if err == nil || !strings.Contains(err.Error(), "no SELECT on table public.seen") {
		t.Errorf("got %v", err)
	}
}

func TestSelfCheck(t *testing.T) {
	owner, _, r := registered(t, "default")
	exec(t, owner, fmt.Sprintf(`ALTER ROLE %[1]s CREATEROLE BYPASSRLS CREATEDB NOLOGIN; GRANT pg_read_server_files TO %[1]s;
GRANT UPDATE ON public.seen TO %[1]s; ALTER TABLE public.unseen OWNER TO %[1]s; GRANT CREATE ON SCHEMA public TO %[1]s;
GRANT CREATE ON DATABASE %[2]s TO %[1]s; GRANT SELECT ON postern_functions.keys TO %[1]s`, r.ServiceRole, r.Database))
	warnings, err := warehouse.SelfCheck(t.Context(), owner, r)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(warnings, "\n")
	for _, want := range []string{
		"CREATEROLE", "BYPASSRLS", "CREATEDB", "cannot log in", "set role to pg_read_server_files", "write to public.seen",
		"owns public.unseen", "objects in schema public", "create schemas", "keys of masks",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in:\n%s", want, all)
		}
	}
	r.ServiceRole = "postgres"
	warnings, err = warehouse.SelfCheck(t.Context(), owner, r)
	if err != nil || !strings.Contains(strings.Join(warnings, "\n"), "is a superuser") {
		t.Errorf("got %v, %v", warnings, err)
	}
}

// BenchmarkKeyedHash measures a row in the warehouse, less the row without the hash.
func BenchmarkKeyedHash(b *testing.B) {
	c := configOf(b, pgtest.Database(b))
	conn := dial(b, c)
	exec(b, conn, "CREATE ROLE bench_service; SET max_parallel_workers_per_gather = 0")
	r := warehouse.Registration{Database: c.Database, ServiceRole: "bench_service", Domains: []string{"default"}}
	if _, err := warehouse.Register(b.Context(), conn, r); err != nil {
		b.Fatal(err)
	}
	defer exec(b, conn, "DROP OWNED BY bench_service; DROP ROLE bench_service")
	const rows = 20_000
	query := func(e string) string {
		return fmt.Sprintf("SELECT count(%s) FROM (SELECT 'Customer#' || g AS c FROM generate_series(1, %d) AS g OFFSET 0) AS t", e, rows)
	}
	var plain, hashed time.Duration
	for b.Loop() {
		start := time.Now()
		value(b, conn, query("c"))
		middle := time.Now()
		value(b, conn, query("postern_functions.keyed_hash('default', c)"))
		plain, hashed = plain+middle.Sub(start), hashed+time.Since(middle)
	}
	b.ReportMetric(float64((hashed-plain).Nanoseconds())/float64(b.N)/rows, "ns/row")
}
