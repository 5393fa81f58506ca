package push_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/sqlgen"
)

// redshiftPassword is everybody's at the stand-in.
const redshiftPassword = "Correct-Horse-7"

// lake is a stand-in with what impersonation needs and nothing else of push: cyd may impersonate ann and dan, dan is disabled and may
// impersonate bob, and nobody else may anything.
type lake struct {
	t      *testing.T
	server *rsfake.Server
	// system is a session of the account that owns what push makes.
	system  *pgconn.PgConn
	columns []string
	names   map[string]string
}

func newLake(t *testing.T) *lake {
	t.Helper()
	l := &lake{t: t, server: rsfaketest.New(t), names: map[string]string{}}
	for _, who := range []string{"system", "ann", "bob", "cyd", "dan", "eve"} {
		l.names[who] = pgtest.Name(who)
		rsfaketest.Exec(t, l.server, "CREATE USER "+l.names[who]+" PASSWORD '"+redshiftPassword+"'")
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, name := range l.names {
			if err := pgtest.Cluster(t).Exec(ctx, l.server.Database(), "DROP OWNED BY "+name+" CASCADE"); err != nil {
				t.Error(err)
			}
			if err := l.server.Exec(ctx, "DROP USER "+name); err != nil {
				t.Error(err)
			}
		}
	})
	rsfaketest.Exec(t, l.server, "GRANT CREATE ON DATABASE "+l.server.Database()+" TO "+l.names["system"])
	l.system = l.as("system")
	var definitions []string
	for _, c := range sqlgen.RedshiftProfileColumns() {
		definitions = append(definitions, c.Name+" "+c.Type+" NOT NULL")
		if c.Name != "account" {
			l.columns = append(l.columns, c.Name)
		}
	}
	tables, profile, entitlement, procedures := push.RedshiftImpersonation(l.columns)
	for _, view := range []string{profile, entitlement} {
		if err := rsconform.CheckProfile(view); err != nil {
			t.Error(err)
		}
	}
	l.exec("CREATE SCHEMA postern_system", "CREATE SCHEMA postern_procedures", "CREATE SCHEMA governed",
		"CREATE TABLE postern_system.profile ("+strings.Join(definitions, ", ")+") DISTSTYLE ALL SORTKEY (account)",
		"CREATE TABLE postern_system.entitlement (account varchar(127) NOT NULL, kind varchar(16) NOT NULL, name varchar(1024) NOT NULL, value varchar(16384) NOT NULL) DISTSTYLE ALL SORTKEY (account)")
	l.exec(tables...)
	l.exec("CREATE VIEW postern_system.user_profile AS "+profile, "CREATE VIEW postern_system.user_entitlement AS "+entitlement)
	l.exec(procedures...)
	for _, who := range []string{"ann", "bob", "cyd", "eve"} {
		l.exec("INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags) VALUES ('"+l.names[who]+"', '"+who+"', '', '', '', '', '')",
			"INSERT INTO postern_system.entitlement VALUES ('"+l.names[who]+"', 'group', ';', '"+who+"s')")
	}
	l.exec("CREATE TABLE governed.secret (owner varchar(10), word varchar(20))", "INSERT INTO governed.secret VALUES ('ann', 'of ann'), ('bob', 'of bob'), ('cyd', 'of cyd'), ('dan', 'of dan'), ('eve', 'of eve')",
		`CREATE VIEW governed.seen AS SELECT s.word, u.user_name, u.account, u.impersonator FROM governed.secret AS s, postern_system.user_profile AS u
			WHERE s.owner = u.user_name AND s.owner || 's' IN (SELECT e.value FROM postern_system.user_entitlement AS e WHERE e.kind = 'group')`,
		"GRANT USAGE ON SCHEMA governed TO PUBLIC", "GRANT SELECT ON governed.seen TO PUBLIC", "GRANT USAGE ON SCHEMA postern_procedures TO PUBLIC",
		"GRANT EXECUTE ON PROCEDURE postern_procedures.impersonate(VARCHAR) TO PUBLIC")
	l.grants()
	return l
}

// grants are as they were in the beginning.
func (l *lake) grants() {
	l.t.Helper()
	l.exec("DELETE FROM postern_system.entitlement WHERE kind = 'act as'")
	for _, pair := range [][2]string{{"cyd", "ann"}, {"cyd", "dan"}, {"dan", "bob"}} {
		l.exec("INSERT INTO postern_system.entitlement VALUES ('" + l.names[pair[0]] + "', 'act as', ';', '" + l.names[pair[1]] + "')")
	}
}

func (l *lake) as(who string) *pgconn.PgConn {
	l.t.Helper()
	conn, err := pgconn.Connect(l.t.Context(), l.server.URL(l.names[who], redshiftPassword))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { conn.Close(context.WithoutCancel(l.t.Context())) })
	return conn
}

func (l *lake) exec(statements ...string) {
	l.t.Helper()
	for _, sql := range statements {
		if err := l.system.Exec(l.t.Context(), sql).Close(); err != nil {
			l.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// run runs statements as a client would, $ann standing for the name of ann's account; what fails is told by its SQLSTATE.
func (l *lake) run(conn *pgconn.PgConn, statements ...string) (failed []string) {
	l.t.Helper()
	for _, sql := range statements {
		for who, name := range l.names {
			sql = strings.ReplaceAll(sql, "$"+who, name)
		}
		var refused *pgconn.PgError
		err := conn.Exec(l.t.Context(), sql).Close()
		if errors.As(err, &refused) {
			failed = append(failed, refused.Code)
		} else if err != nil {
			l.t.Fatalf("%s: %v", sql, err)
		}
	}
	return failed
}

// sees is what the guarded view shows in a session: whose words, and who asks for whom.
func (l *lake) sees(conn *pgconn.PgConn) string {
	l.t.Helper()
	result := conn.ExecParams(l.t.Context(), "SELECT word, user_name, account, impersonator FROM governed.seen ORDER BY 1", nil, nil, nil, nil).Read()
	var refused *pgconn.PgError
	if errors.As(result.Err, &refused) {
		return refused.Code
	}
	if result.Err != nil {
		l.t.Fatal(result.Err)
	}
	var out []string
	for _, row := range result.Rows {
		line := string(row[0]) + " (" + string(row[1]) + ")"
		account := string(row[2])
		if account != l.names[string(row[1])] {
			line += " in account " + account
		}
		for who, name := range l.names {
			if name == string(row[3]) {
				line += " by " + who
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

const (
	asCyd = "of cyd (cyd)"
	asAnn = "of ann (ann) by cyd"
)

// TestRedshiftImpersonation has one person act as another: from the next transaction on, in this session alone, with both names to be told, until
// they end it; and who takes the right away takes it from the next statement.
func TestRedshiftImpersonation(t *testing.T) {
	l := newLake(t)
	cyd, other := l.as("cyd"), l.as("cyd")
	step := func(what string, conn *pgconn.PgConn, want string, statements ...string) {
		t.Helper()
		if failed := l.run(conn, statements...); failed != nil {
			t.Errorf("%s: refused with %v", what, failed)
		}
		if got := l.sees(conn); got != want {
			t.Errorf("%s: sees %q, want %q", what, got, want)
		}
	}
	const toAnn, toDan, end = "CALL postern_procedures.impersonate('$ann')", "CALL postern_procedures.impersonate('$dan')", "CALL postern_procedures.impersonate(NULL)"
	step("before", cyd, asCyd)
	step("as ann", cyd, asAnn, toAnn)
	step("another session", other, asCyd)
	step("in a transaction", cyd, asAnn, "BEGIN")
	step("ended, and not yet", cyd, asAnn, end)
	step("ended", cyd, asCyd, "COMMIT")
	step("nothing to end", cyd, asCyd, end)
	step("not begun yet", cyd, "", "BEGIN", toAnn)
	step("begun", cyd, asAnn, "COMMIT")
	l.exec("CALL postern_procedures.revoke_impersonation('" + l.names["cyd"] + "', '" + l.names["ann"] + "')")
	step("revoked", cyd, "")
	l.exec("CALL postern_procedures.grant_impersonation('" + l.names["cyd"] + "', '" + l.names["ann"] + "')")
	step("granted again", cyd, asAnn)
	l.exec("DELETE FROM postern_system.profile WHERE user_name = 'ann'")
	step("ann is disabled", cyd, "")
	if failed := l.run(other, toAnn); !slices.Equal(failed, []string{"P0001"}) {
		t.Errorf("impersonating a disabled person: %v", failed)
	}
	l.exec("INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags) VALUES ('"+l.names["ann"]+"', 'ann', '', '', '', '', '')",
		"DELETE FROM postern_system.profile WHERE user_name = 'cyd'")
	step("cyd is disabled", cyd, "")
	l.exec("INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags) VALUES ('" + l.names["cyd"] + "', 'cyd', '', '', '', '', '')")
	step("neither is", cyd, asAnn)
	l.exec("UPDATE postern_system.impersonation SET expires = DATEADD(hour, -1, SYSDATE)")
	step("expired", cyd, "")
	step("ended what had expired", cyd, asCyd, end)
	if failed := l.run(cyd, toDan); !slices.Equal(failed, []string{"P0001"}) {
		t.Errorf("impersonating dan, who has no profile: %v", failed)
	}
	if got := l.sees(cyd); got != asCyd {
		t.Errorf("after a refusal: %q", got)
	}
	// The procedures call the server's own functions, whatever the caller's path.
	shadowed := l.as("cyd")
	if failed := l.run(shadowed, "CREATE FUNCTION public.pg_backend_pid() RETURNS integer STABLE AS $$ SELECT 1 $$ LANGUAGE sql", "SET search_path TO public, pg_catalog", toAnn); failed != nil {
		t.Errorf("with functions of one's own: %v", failed)
	}
	if got := l.sees(shadowed); got != asAnn {
		t.Errorf("with functions of one's own: sees %q", got)
	}
	if failed := l.run(shadowed, end); failed != nil {
		t.Errorf("ending with functions of one's own: %v", failed)
	}
	log := l.system.ExecParams(t.Context(), "SELECT event, count(*) FROM postern_system.impersonation_log GROUP BY event ORDER BY event", nil, nil, nil, nil).Read()
	var events []string
	for _, row := range log.Rows {
		events = append(events, string(row[0])+" "+string(row[1]))
	}
	if got := strings.Join(events, ", "); got != "begin 3, end 3, grant 1, revoke 1" {
		t.Errorf("on record: %s", got)
	}
}

// impersonationAttack is one try to be somebody else, or to be oneself while the record says otherwise.
type impersonationAttack struct {
	name, who string
	// begun acts as ann first, properly.
	begun bool
	// between is what others do meanwhile, as the system account.
	between    string
	statements []string
	// want is what is seen at the end.
	want string
}

func impersonationAttacks() []impersonationAttack {
	const toAnn, end, variable = "CALL postern_procedures.impersonate('$ann')", "CALL postern_procedures.impersonate(NULL)", "postern.impersonation"
	return []impersonationAttack{
		{name: "no grant", who: "eve", statements: []string{toAnn}, want: "of eve (eve)"},
		{name: "no grant for this one", who: "cyd", statements: []string{"CALL postern_procedures.impersonate('$bob')"}, want: asCyd},
		{name: "the other way round", who: "ann", statements: []string{"CALL postern_procedures.impersonate('$cyd')"}, want: "of ann (ann)"},
		{name: "a blank at the end", who: "eve", statements: []string{"CALL postern_procedures.impersonate('$ann ')"}, want: "of eve (eve)"},
		{name: "SQL in the name", who: "eve", statements: []string{"CALL postern_procedures.impersonate('x'' OR ''1'' = ''1')"}, want: "of eve (eve)"},
		{name: "an empty name", who: "eve", statements: []string{"CALL postern_procedures.impersonate('')"}, want: "of eve (eve)"},
		{name: "a name in the variable", who: "eve", statements: []string{"SET " + variable + " TO '$ann'"}, want: "of eve (eve)"},
		{name: "a name in the variable by set_config", who: "cyd", statements: []string{"SELECT set_config('" + variable + "', '$ann', false)"}, want: asCyd},
		{name: "a token made up", who: "cyd", statements: []string{"SET " + variable + " TO 'd41d8cd98f00b204e9800998ecf8427e'"}, want: asCyd},
		{name: "the token of another", who: "eve", statements: []string{"SET " + variable + " TO '$token'"}, want: "of eve (eve)"},
		{name: "one's own token in another session", who: "cyd", statements: []string{"SET " + variable + " TO '$token'"}, want: asCyd},
		{name: "the token of another at the number of their backend", who: "eve", between: "UPDATE postern_system.impersonation SET pid = $pid", statements: []string{"SET " + variable + " TO '$token'"}, want: "of eve (eve)"},
		{name: "the number of a backend again", who: "cyd", between: "UPDATE postern_system.impersonation SET pid = $pid", want: ""},
		{name: "the number of a backend again, reaped", who: "cyd", between: "UPDATE postern_system.impersonation SET pid = $pid, expires = SYSDATE", want: asCyd},
		{name: "the number of a backend again, ended", who: "cyd", between: "UPDATE postern_system.impersonation SET pid = $pid", statements: []string{end}, want: asCyd},
		{name: "nested", who: "cyd", begun: true, statements: []string{"CALL postern_procedures.impersonate('$dan')"}, want: asAnn},
		{name: "nested, as who may", who: "cyd", begun: true, between: "CALL postern_procedures.grant_impersonation('$ann', '$bob')", statements: []string{"CALL postern_procedures.impersonate('$bob')"}, want: asAnn},
		{name: "not on record", who: "cyd", statements: []string{"BEGIN", toAnn}, want: ""},
		{name: "not on record, in one text", who: "cyd", statements: []string{"BEGIN; " + toAnn + "; SELECT 1"}, want: ""},
		{name: "not on record, in later time", who: "cyd", statements: []string{"BEGIN", toAnn, "SET timezone TO 'Etc/GMT-5'"}, want: ""},
		{name: "begun in other time", who: "cyd", statements: []string{"SET timezone TO 'Pacific/Kiritimati'", toAnn, "SET timezone TO 'UTC'"}, want: asCyd},
		{name: "begun and rolled back", who: "cyd", statements: []string{"BEGIN", toAnn, "ROLLBACK"}, want: asCyd},
		{name: "oneself under another's record", who: "cyd", begun: true, statements: []string{"SET " + variable + " TO ''"}, want: ""},
		{name: "oneself by RESET", who: "cyd", begun: true, statements: []string{"RESET " + variable}, want: ""},
		{name: "oneself by RESET ALL", who: "cyd", begun: true, statements: []string{"RESET ALL"}, want: ""},
		{name: "oneself in later time", who: "cyd", begun: true, statements: []string{"SET " + variable + " TO ''", "SET timezone TO 'Pacific/Kiritimati'"}, want: ""},
		{name: "another in later time", who: "cyd", begun: true, statements: []string{"SET timezone TO 'Pacific/Kiritimati'"}, want: ""},
		{name: "an end that is rolled back", who: "cyd", begun: true, statements: []string{"BEGIN", end}, want: asAnn},
		{name: "an end that is rolled back, in later time", who: "cyd", begun: true, statements: []string{"BEGIN", end, "SET timezone TO 'Pacific/Kiritimati'"}, want: ""},
		{name: "an end in later time, to go on", who: "cyd", begun: true, statements: []string{"SET timezone TO 'Pacific/Kiritimati'", end, "SET timezone TO 'UTC'", end}, want: asCyd},
		{name: "an end in earlier time that is rolled back", who: "cyd", begun: true, statements: []string{"BEGIN", "SET timezone TO 'Etc/GMT+12'", end, "SET timezone TO 'UTC'"}, want: "25P02"},
		{name: "after it has expired", who: "cyd", begun: true, between: "UPDATE postern_system.impersonation SET expires = DATEADD(day, -2, SYSDATE)", want: ""},
		{name: "after it was revoked", who: "cyd", begun: true, between: "CALL postern_procedures.revoke_impersonation('$cyd', '$ann')", want: ""},
		{name: "after it was given to another", who: "cyd", begun: true, between: "UPDATE postern_system.entitlement SET account = '$eve' WHERE account = '$cyd' AND kind = 'act as' AND value = '$ann'", want: ""},
		{name: "granting it oneself", who: "eve", statements: []string{"CALL postern_procedures.grant_impersonation('$eve', '$ann')", toAnn}, want: "of eve (eve)"},
		{name: "revoking it from others", who: "eve", statements: []string{"CALL postern_procedures.revoke_impersonation('$cyd', '$ann')"}, want: "of eve (eve)"},
		{name: "reaping", who: "eve", statements: []string{"CALL postern_procedures.reap_impersonations()"}, want: "of eve (eve)"},
		{name: "writing the grant", who: "eve", statements: []string{"INSERT INTO postern_system.entitlement VALUES ('$eve', 'act as', ';', '$ann')", toAnn}, want: "of eve (eve)"},
		{name: "writing the record", who: "cyd", statements: []string{"UPDATE postern_system.impersonation SET account = '$cyd'", "DELETE FROM postern_system.impersonation"}, want: asCyd},
		{name: "reading the tokens", who: "eve", statements: []string{"SELECT token FROM postern_system.impersonation"}, want: "of eve (eve)"},
		{name: "reading the profile", who: "eve", statements: []string{"SELECT * FROM postern_system.user_profile", "SELECT * FROM postern_system.profile"}, want: "of eve (eve)"},
		{name: "the session's user", who: "eve", statements: []string{"SET SESSION AUTHORIZATION '$ann'"}, want: "of eve (eve)"},
		{name: "a table that hides ours", who: "eve", statements: []string{"CREATE TEMP TABLE entitlement (account varchar(128), kind varchar(9), name varchar(9), value varchar(128))", "INSERT INTO entitlement VALUES ('$eve', 'act as', ';', '$ann')", "SET search_path TO pg_temp, postern_system", toAnn}, want: "of eve (eve)"},
		{name: "functions that hide the server's", who: "eve", statements: []string{"CREATE FUNCTION public.pg_backend_pid() RETURNS integer STABLE AS $$ SELECT $pid $$ LANGUAGE sql", "SET search_path TO public, pg_catalog"}, want: "of eve (eve)"},
	}
}

// attack tries one, and says what is seen at the end.
func (l *lake) attack(a impersonationAttack) (got string, refused int) {
	l.t.Helper()
	conn, acting := l.as(a.who), l.as("cyd")
	if a.begun {
		acting = conn
	}
	if failed := l.run(acting, "CALL postern_procedures.impersonate('$ann')"); failed != nil {
		l.t.Fatalf("%s: %v", a.name, failed)
	}
	shown := acting.ExecParams(l.t.Context(), "SELECT current_setting('postern.impersonation', false)", nil, nil, nil, nil).Read()
	if shown.Err != nil {
		l.t.Fatal(shown.Err)
	}
	fill := func(sql string) string {
		for who, name := range l.names {
			sql = strings.ReplaceAll(sql, "$"+who, name)
		}
		return strings.NewReplacer("$token", string(shown.Rows[0][0]), "$pid", fmt.Sprint(conn.PID())).Replace(sql)
	}
	if a.between != "" {
		l.exec(fill(a.between))
	}
	for _, sql := range a.statements {
		refused += len(l.run(conn, fill(sql)))
	}
	got = l.sees(conn)
	l.run(conn, "ROLLBACK")
	l.exec("DELETE FROM postern_system.impersonation")
	l.grants()
	for _, c := range []*pgconn.PgConn{conn, acting} {
		if err := c.Close(l.t.Context()); err != nil {
			l.t.Fatal(err)
		}
	}
	return got, refused
}

// TestRedshiftImpersonationAttacks: nobody is who they may not be, nobody is themselves while the record says that they act as another, and nothing of
// it is seen. Without any one condition of the view some attack gets through.
func TestRedshiftImpersonationAttacks(t *testing.T) {
	attacks := impersonationAttacks()
	l := newLake(t)
	refused := 0
	for _, a := range attacks {
		got, n := l.attack(a)
		if refused += n; got != a.want {
			t.Errorf("%s: %s sees %q, want %q", a.name, a.who, got, a.want)
		}
	}
	t.Logf("%d attacks, %d statements of theirs refused", len(attacks), refused)
	if len(attacks) < 44 {
		t.Error("fewer than 44 attacks")
	}
	_, profile, _, _ := push.RedshiftImpersonation(l.columns)
	for _, m := range []struct{ condition, through string }{
		{`"may"."account" = "act"."account" AND `, "after it was given to another"},
		{`"act"."account" = current_user AND `, "the token of another at the number of their backend"},
		{`"act"."pid" = pg_backend_pid() AND `, "one's own token in another session"},
		{`"act"."token" = current_setting('postern.impersonation', false) AND `, "the number of a backend again"},
		{`"act"."started" < SYSDATE AND `, "not on record"},
		{`"act"."expires" > SYSDATE AND `, "after it has expired"},
		{` AND current_setting('timezone') IN ('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT')`, "not on record, in later time"},
		{` OR "act"."ended" >= SYSDATE`, "an end that is rolled back"},
		{` OR "held"."ended" >= SYSDATE`, "an end that is rolled back"},
		{` OR "held"."token" = current_setting('postern.impersonation', false)`, "after it has expired"},
		{`current_setting('timezone') NOT IN ('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT') OR `, "oneself in later time"},
		{` AND "held"."pid" = pg_backend_pid()`, "no grant for this one"},
		{`"held"."account" = current_user AND `, "the token of another at the number of their backend"},
		{`"held"."expires" > SYSDATE OR `, "the number of a backend again"},
	} {
		without := strings.Replace(profile, m.condition, "", 1)
		if without == profile {
			t.Errorf("the view has no condition %s", m.condition)
			continue
		}
		l.exec("CREATE OR REPLACE VIEW postern_system.user_profile AS " + without)
		a := attacks[slices.IndexFunc(attacks, func(a impersonationAttack) bool { return a.name == m.through })]
		if got, _ := l.attack(a); got == a.want {
			t.Errorf("%s does not get through without %s", a.name, m.condition)
		}
	}
}

// TestRedshiftImpersonationReaped notes the end of impersonations whose session has gone, and of no other.
func TestRedshiftImpersonationReaped(t *testing.T) {
	l := newLake(t)
	gone, stays := l.as("cyd"), l.as("cyd")
	for _, conn := range []*pgconn.PgConn{gone, stays} {
		if failed := l.run(conn, "CALL postern_procedures.impersonate('$ann')"); failed != nil {
			t.Fatal(failed)
		}
	}
	pid := gone.PID()
	if err := gone.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := func() string {
		t.Helper()
		l.exec("CALL postern_procedures.reap_impersonations()")
		result := l.system.ExecParams(t.Context(), "SELECT pid FROM postern_system.impersonation_log WHERE event = 'session ended'", nil, nil, nil, nil).Read()
		if result.Err != nil {
			t.Fatal(result.Err)
		}
		var out []string
		for _, row := range result.Rows {
			out = append(out, string(row[0]))
		}
		return strings.Join(out, " ")
	}
	for deadline := time.Now().Add(10 * time.Second); ended() == "" && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := ended(); got != fmt.Sprint(pid) {
		t.Errorf("ended: %q, want %d", got, pid)
	}
	if got := l.sees(stays); got != asAnn {
		t.Errorf("the session that is still there sees %q", got)
	}
}
