package warehouse_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// TestSetupAccount: what the setup account lacks is named all at once; with exactly what was named, given one after the other, registration works; and
// taking any of it away again has it named again.
func TestSetupAccount(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	admin := dial(t, c)
	service, system, setup := pgtest.Name("service"), pgtest.Name("system"), pgtest.Name("setup")
	exec(t, admin, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE SCHEMA hr; CREATE SCHEMA far; CREATE SEQUENCE hr.drawn; CREATE SEQUENCE far.off; CREATE TABLE hr.pay (x int DEFAULT nextval('hr.drawn') + nextval('far.off')); CREATE TABLE public.seen (x int); REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE CONNECT ON DATABASE %s FROM PUBLIC; GRANT CONNECT ON DATABASE %[2]s TO %[1]s`, setup, c.Database))
	t.Cleanup(func() {
		err := pgtest.Cluster(t).Exec(bg(), c.Database, fmt.Sprintf("DO $$ DECLARE r name; BEGIN FOREACH r IN ARRAY ARRAY['%s', '%s', '%s']::name[] LOOP IF EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN "+
			"EXECUTE format('DROP OWNED BY %%I CASCADE', r); END IF; END LOOP; END $$; DROP ROLE IF EXISTS %[1]s, %[2]s, %[3]s", setup, system, service))
		if err != nil {
			t.Error(err)
		}
	})
	c.User, c.Credentials = setup, warehouse.Fixed(secret.NewValue("pw"))
	conn := dial(t, c)
	r := warehouse.Registration{Database: c.Database, ServiceRole: service, Domains: []string{"default"}, Ciphers: true,
		Tables: []warehouse.TableName{{Schema: "public", Name: "seen"}, {Schema: "hr", Name: "pay"}}}
	p := warehouse.PushRegistration{Database: c.Database, SystemRole: system, Tables: r.Tables, Write: true}
	missing := func() []string {
		t.Helper()
		err := warehouse.CheckSetup(t.Context(), conn, r, p)
		var lacks *warehouse.MissingError
		if err == nil {
			return nil
		}
		if !errors.As(err, &lacks) {
			t.Fatal(err)
		}
		return lacks.Missing
	}
	first := missing()
	t.Logf("at first:\n%s", strings.Join(first, "\n"))
	if len(first) < 14 {
		t.Errorf("%d are named", len(first))
	}
	steps := []struct{ lacks, give, take string }{
		{"role " + service, "CREATE ROLE " + service + " LOGIN", ""},
		{"CREATE on database " + c.Database + ", for schema postern_functions", "GRANT CREATE ON DATABASE " + c.Database + " TO " + setup, ""},
		{"CREATE on database " + c.Database + " WITH GRANT OPTION", "GRANT CREATE ON DATABASE " + c.Database + " TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR CREATE ON DATABASE " + c.Database + " FROM " + setup},
		{"CONNECT on database " + c.Database + " WITH GRANT OPTION", "GRANT CONNECT ON DATABASE " + c.Database + " TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR CONNECT ON DATABASE " + c.Database + " FROM " + setup},
		{"CREATEROLE, to make role " + system, "ALTER ROLE " + setup + " CREATEROLE", "ALTER ROLE " + setup + " NOCREATEROLE"},
		{"USAGE on schema public WITH GRANT OPTION", "GRANT USAGE ON SCHEMA public TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR USAGE ON SCHEMA public FROM " + setup},
		{"USAGE on schema hr WITH GRANT OPTION", "GRANT USAGE ON SCHEMA hr TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR USAGE ON SCHEMA hr FROM " + setup},
		{"SELECT on table hr.pay WITH GRANT OPTION", "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON hr.pay TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR SELECT ON hr.pay FROM " + setup},
		{"TRUNCATE on table public.seen WITH GRANT OPTION", "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON public.seen TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR TRUNCATE ON public.seen FROM " + setup},
		{"USAGE on schema far WITH GRANT OPTION", "GRANT USAGE ON SCHEMA far TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR USAGE ON SCHEMA far FROM " + setup},
		{"USAGE on sequence hr.drawn WITH GRANT OPTION", "GRANT USAGE ON SEQUENCE hr.drawn TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR USAGE ON SEQUENCE hr.drawn FROM " + setup},
		{"USAGE on sequence far.off WITH GRANT OPTION", "GRANT USAGE ON SEQUENCE far.off TO " + setup + " WITH GRANT OPTION", "REVOKE GRANT OPTION FOR USAGE ON SEQUENCE far.off FROM " + setup},
	}
	named := func(what string) bool {
		return slices.ContainsFunc(missing(), func(m string) bool { return strings.HasPrefix(m, what) })
	}
	for _, s := range steps {
		if !named(s.lacks) {
			t.Errorf("%s is not named before it is given: %v", s.lacks, missing())
		}
		exec(t, admin, s.give)
	}
	if left := missing(); left != nil {
		t.Fatalf("still lacking: %v", left)
	}
	for _, s := range steps {
		if s.take == "" {
			continue
		}
		exec(t, admin, s.take)
		if !named(s.lacks) {
			t.Errorf("%s is not named when it was taken", s.lacks)
		}
		exec(t, admin, s.give)
	}
	r.Tables = append(r.Tables, warehouse.TableName{Schema: "hr", Name: "gone"})
	if !named("table hr.gone, which is not there") {
		t.Error("a table that is not there is not named")
	}
	r.Tables = r.Tables[:2]
	if _, err := warehouse.Register(t.Context(), conn, r); err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.RegisterPush(t.Context(), conn, p); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d privileges were named, and all that is needed", len(steps))
}

// TestCreateRole: the system role gets CREATEROLE by explicit choice, and without a word from PostgreSQL 16 on alone.
func TestCreateRole(t *testing.T) {
	for _, k := range []struct {
		create, from16 bool
		want           string
	}{{false, false, "false"}, {true, false, "true"}, {false, true, "current_setting('server_version_num')::int >= 160000"}} {
		c := configOf(t, pgtest.Database(t))
		admin, system := dial(t, c), pgtest.Name("system")
		exec(t, admin, "CREATE TABLE public.seen (x int)")
		t.Cleanup(func() { dropRole(t, c, system) })
		p := warehouse.PushRegistration{Database: c.Database, SystemRole: system, CreateRoles: k.create, CreateRolesFrom16: k.from16, Tables: []warehouse.TableName{{Schema: "public", Name: "seen"}}}
		warnings, err := warehouse.RegisterPush(t.Context(), admin, p)
		if err != nil {
			t.Fatal(err)
		}
		if got := value(t, admin, "SELECT rolcreaterole = ("+k.want+") FROM pg_roles WHERE rolname = '"+system+"'"); got != "t" {
			t.Errorf("%+v: CREATEROLE is not %s", k, k.want)
		}
		said := slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, "CREATEROLE") })
		if old := value(t, admin, "SELECT current_setting('server_version_num')::int < 160000") == "t"; said != (old && k.create) {
			t.Errorf("%+v: warnings %v", k, warnings)
		}
	}
}
