package sqlgen

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// admissionSetup stands in for what push makes.
const admissionSetup = `CREATE TABLE postern_system.admission (schema name, name name, digest text, role name DEFAULT 'r');
ALTER TABLE postern_system.profile ADD COLUMN account name DEFAULT CURRENT_USER, ADD COLUMN audiences name[] DEFAULT '{q,r}';
CREATE VIEW postern_system.user_admission AS SELECT * FROM postern_system.admission WHERE role = 'r'`

// hostileAdmission is one whose names are quoted, and read as something else where they are not.
func hostileAdmission() Admission {
	return Admission{Schema: `gov'"ned`, Name: `t' OR true --`, Digest: "d"}
}

// admissionRows are rows of user_admission, each with what a view that asks by hostileAdmission then shows.
func admissionRows() map[string]bool {
	return map[string]bool{
		"":                                     false,
		`('gov''"ned', 't'' OR true --', 'd')`: true,
		`('gov''"ned', 't'' OR true --', 'e')`: false,
		`('gov''"ned', 't', 'd')`:              false,
		`('governed', 't'' OR true --', 'd')`:  false,
		`('gov''"ned', 't'' OR true --', 'D')`: false,
	}
}

func admissionProgram(t *testing.T, conn *pgconn.PgConn) (*policy.Program, policy.Decision) {
	t.Helper()
	snapshot, table := deferredSnapshot(t, conn)
	on := policy.Selector{Tables: []string{"tpch.public.data"}}
	program, _, err := policy.Compile(policy.Input{Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "d", On: on, Rules: []policy.Rule{{Rows: "id > 0"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	setProfile(t, conn, program, identity.NewPrincipal(identity.Spec{User: "ann"}), time.Time{})
	return program, program.Decide(policy.BindDeferred(), []policy.Want{{Table: table}})[0]
}

// TestAdmissions: a view and a row policy show something to who is admitted by their own names and digest alone, whatever these hold.
func TestAdmissions(t *testing.T) {
	conn := connect(t)
	_, d := admissionProgram(t, conn)
	run(t, conn, admissionSetup)
	view, err := Postgres().AdmittedView(&d, hostileAdmission())
	if err != nil {
		t.Fatal(err)
	}
	condition, err := Postgres().AdmittedRowPolicy(d.Table, hostileAdmission(), d.Filter)
	if err != nil {
		t.Fatal(err)
	}
	writable := d
	writable.Columns = nil
	for _, c := range d.Columns {
		if c.Mask == nil {
			writable.Columns = append(writable.Columns, c)
		}
	}
	writers := hostileAdmission()
	writers.Writers = []Writer{{Role: "pg_monitor", Digest: "w"}}
	written, err := Postgres().AdmittedWritableView(&writable, writers, []policy.Privilege{policy.PrivilegeUpdate})
	if err != nil {
		t.Fatal(err)
	}
	for rows, shown := range admissionRows() {
		run(t, conn, "TRUNCATE postern_system.admission")
		if rows != "" {
			run(t, conn, "INSERT INTO postern_system.admission VALUES "+rows)
		}
		for _, sql := range []string{"SELECT count(*) > 0 AS n FROM (" + view.SQL + ") AS v", "SELECT count(*) > 0 AS n FROM public.data WHERE " + condition} {
			if got := strings.Contains(fetch(t, conn, sql), "t"); got != shown {
				t.Errorf("with %s: shown %v, want %v\n%s", rows, got, shown, sql)
			}
		}
		// Who asks is a superuser, and so in every role: as one who may write they are not admitted.
		if got := fetch(t, conn, "SELECT 1 AS n FROM ("+written.SQL+") AS v LIMIT 1"); got != "" {
			t.Errorf("with %s: through a view that can be written to\n%s", rows, got)
		}
	}
	run(t, conn, `TRUNCATE postern_system.admission; INSERT INTO postern_system.admission VALUES ('gov''"ned', 't'' OR true --', 'd'), ('gov''"ned', 't'' OR true --', 'w')`)
	if got := fetch(t, conn, "SELECT 1 AS n FROM ("+written.SQL+") AS v LIMIT 1"); got == "" {
		t.Error("who is admitted by both is shown nothing")
	}
	for _, other := range []string{"UPDATE postern_system.profile SET audiences = '{q}'", "UPDATE postern_system.profile SET audiences = '{r}', account = 'other'", "TRUNCATE postern_system.profile"} {
		run(t, conn, other)
		if got := fetch(t, conn, "SELECT 1 AS n FROM ("+view.SQL+") AS v LIMIT 1"); got != "" {
			t.Errorf("after %s: shown", other)
		}
	}
}

// TestRedshiftAdmissions is TestAdmissions on the stand-in; there two rows admit nobody.
func TestRedshiftAdmissions(t *testing.T) {
	conn, f, snapshot, table := newFakeData(t, "UPDATE public.data SET seen = '9999-12-31' WHERE seen = 'infinity'")
	on := policy.Selector{Tables: []string{"tpch.public.data"}}
	program, _, err := policy.Compile(policy.Input{Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	f.profile(t, program, identity.NewPrincipal(identity.Spec{User: "ann"}), time.Time{})
	d := program.Decide(policy.BindDeferred(), []policy.Want{{Table: table}})[0]
	view, err := Redshift().AdmittedView(&d, hostileAdmission())
	if err != nil {
		t.Fatal(err)
	}
	storedReadsAlike(t, view.SQL)
	run(t, conn, "CREATE TABLE postern_system.user_admission (view_schema varchar(127), view_name varchar(127), digest varchar(64))")
	look := func(rows string) bool {
		t.Helper()
		run(t, conn, "TRUNCATE postern_system.user_admission")
		if rows != "" {
			run(t, conn, "INSERT INTO postern_system.user_admission VALUES "+rows)
		}
		return fetch(t, f.conn, "SELECT 1 AS n FROM ("+view.SQL+") AS v LIMIT 1") != ""
	}
	for rows, shown := range admissionRows() {
		if got := look(rows); got != shown {
			t.Errorf("with %s: shown %v, want %v\n%s", rows, got, shown, view.SQL)
		}
		if rows != "" && look(rows+", "+rows) {
			t.Errorf("with %s twice: shown", rows)
		}
	}
}

// TestAdmissionsRefused: what lacks something of an Admission is not printed.
func TestAdmissionsRefused(t *testing.T) {
	conn := connect(t)
	_, d := admissionProgram(t, conn)
	whole := hostileAdmission()
	for _, a := range []Admission{{}, {Schema: whole.Schema, Name: whole.Name}, {Schema: whole.Schema, Digest: "d"}, {Name: whole.Name, Digest: "d"}} {
		if v, err := Postgres().AdmittedView(&d, a); err == nil {
			t.Errorf("%+v: %s", a, v.SQL)
		}
		if sql, err := Postgres().AdmittedRowPolicy(d.Table, a, d.Filter); err == nil {
			t.Errorf("%+v: %s", a, sql)
		}
		if v, err := Postgres().AdmittedWritableView(&d, a, []policy.Privilege{policy.PrivilegeUpdate}); err == nil {
			t.Errorf("%+v: %s", a, v.SQL)
		}
	}
	whole.Writers = []Writer{{"r", "w"}}
	if sql, err := Postgres().AdmittedRowPolicy(d.Table, whole, expr.True); err == nil {
		t.Error(sql)
	}
	if v, err := Redshift().AdmittedView(&d, whole); err == nil {
		t.Error(v.SQL)
	}
}
