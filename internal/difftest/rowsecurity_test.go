package difftest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/difftest/evaluator"
	"github.com/posternsql/postern/internal/difftest/sanitised"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// ownerRole owns the tables on which row policies are made; the system role is in it.
const ownerRole = "difftest_owner"

// What has to come of row policies at the least.
const (
	securedSets           = 32
	minimumSecuredTriples = 10_000
	minimumSecuredTables  = 24 // over all sets
	minimumSecuredCases   = 10
)

// own gives the tables of schemas to an owner of whom the system role is a member.
func own(t testing.TB, admin *pgconn.PgConn, schemas ...string) {
	t.Helper()
	names := make([]string, len(schemas))
	for i, s := range schemas {
		names[i] = literal(s)
	}
	sql := fmt.Sprintf(`DO $$ DECLARE t regclass; BEGIN
		IF to_regrole('%[1]s') IS NULL THEN CREATE ROLE %[1]s; END IF;
		GRANT %[1]s TO %[2]s;
		FOR t IN SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY (ARRAY[%[3]s]::name[]) LOOP
			EXECUTE 'ALTER TABLE ' || t || ' OWNER TO %[1]s'; END LOOP; END $$`, ownerRole, systemRole, strings.Join(names, ", "))
	if _, err := admin.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

const securedQuery = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p') AND oid > 16383"

// secured counts the tables with row policies.
func secured(t testing.TB, admin *pgconn.PgConn) int {
	t.Helper()
	results, err := admin.Exec(context.Background(), securedQuery).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(results[0].Rows[0][0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestGeneratedPoliciesByRowSecurity is TestGeneratedPolicies with row policies where rows are all that differs: two in three sets have no masks. From set to set
// tables go from row policies to views, to plain grants, and back, under sessions that stay open.
func TestGeneratedPoliciesByRowSecurity(t *testing.T) {
	l := newLaboratoryOf(t, push.EnforceRowSecurity)
	sets := envCount(t, "POSTERN_POLICY_SETS", securedSets)
	var total tripleTally
	tables, start := 0, time.Now()
	for seed := uint64(1); seed <= sets; seed++ {
		s := evaluator.Generate(seed)
		if seed%3 != 0 {
			s = rowsOnly(s)
		}
		l.force(s, s)
		tables += secured(t, l.admin)
		before := len(total.failures)
		l.ask(fmt.Sprintf("set %d", seed), policyQueries(seed), &total)
		if len(total.failures) > before {
			t.Errorf("%s\nof\n%s", strings.Join(total.failures[before:min(len(total.failures), before+3)], "\n"), s.YAML())
		}
	}
	t.Logf("%d sets, %d times a table had row policies, %d comparisons of three: %d with rows, %d raised the same error, %d denied, %d differing; %d syncs, the slowest %v; in %v", sets, tables,
		total.compared, total.withRows, total.errors, total.denied, len(total.failures), l.syncs, l.slowest.Round(time.Millisecond), time.Since(start).Round(time.Second))
	if sets >= securedSets && (total.compared < minimumSecuredTriples || tables < minimumSecuredTables) {
		t.Errorf("at least %d comparisons are wanted, and %d tables with row policies", minimumSecuredTriples, minimumSecuredTables)
	}
}

// rowsOnly leaves the masks of a set out.
func rowsOnly(s evaluator.Set) evaluator.Set {
	return withoutRules(func(r evaluator.Rule) bool { return r.Rows == nil })(s)
}

// securedDamages are ways in which row policies can be wrong.
func securedDamages() map[string]pushDamage {
	all := pushDamages()
	alter := func(sql string) pushDamage {
		return pushDamage{sql: func(*laboratory) string {
			return `DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP EXECUTE replace('` + sql + `', '{t}', t::text); END LOOP; END $$`
		}}
	}
	return map[string]pushDamage{
		"filter": all["filter"], "exceptions": all["exceptions"], "profile": all["profile"],
		"disabled": alter("ALTER TABLE {t} DISABLE ROW LEVEL SECURITY"), "true": alter("ALTER POLICY postern_read ON {t} USING (true); ALTER POLICY postern_read_bound ON {t} USING (true)"),
		"none": alter("DROP POLICY postern_read ON {t}"),
	}
}

// TestRowSecurityDamageShows: row policies that are wrong turn the comparison red, directly and only there.
func TestRowSecurityDamageShows(t *testing.T) {
	l := newLaboratoryOf(t, push.EnforceRowSecurity)
	for name, broken := range securedDamages() {
		t.Run(name, func(t *testing.T) {
			l.t = t
			var total tripleTally
			for seed := uint64(1); seed <= pushDamageSets && len(total.failures) == 0; seed++ {
				s := rowsOnly(evaluator.Generate(seed))
				wrong := s
				if broken.pushed != nil {
					wrong = broken.pushed(rowsOnly(evaluator.Generate(seed)))
				}
				l.force(s, wrong)
				if broken.sql != nil {
					l.exec(broken.sql(l))
				}
				l.ask(fmt.Sprintf("set %d", seed), policyQueries(seed), &total)
			}
			total.redDirectly(t)
		})
	}
}

// TestSecuredCases is TestPushedCases with row policies, for those case files in which a source has some.
func TestSecuredCases(t *testing.T) {
	paths, err := filepath.Glob(policyCases)
	if err != nil {
		t.Fatal(err)
	}
	total := caseTally{enforce: push.EnforceRowSecurity}
	start, withRows := time.Now(), 0
	for i, path := range paths {
		c := readPolicyCase(t, path)
		filters := func(p policy.DataPolicy) bool {
			return slices.ContainsFunc(p.Rules, func(r policy.Rule) bool { return r.Mask == nil })
		}
		if c.refused != "" || !slices.ContainsFunc(c.data, filters) {
			continue
		}
		before := total.secured
		t.Run(c.name, func(t *testing.T) { runPushedCase(t, c, fmt.Sprintf("secured_%d", i), &total) })
		if total.secured > before {
			withRows++
		}
	}
	t.Logf("%d case files pushed, %d with row policies on %d tables; %d comparisons of three: %d with rows, %d denied, %d raised the same error; in %v",
		total.pushed, withRows, total.secured, total.compared, total.withRows, total.denied, total.sameErrors, time.Since(start).Round(time.Second))
	if withRows < minimumSecuredCases {
		t.Errorf("at least %d cases have to have row policies", minimumSecuredCases)
	}
}

// own gives the case's tables to the owner.
func (w *caseWarehouse) own() {
	w.t.Helper()
	var schemas []string
	for _, table := range w.tables {
		schemas = append(schemas, table.Schema)
	}
	own(w.t, w.admin, schemas...)
}

// secured counts the case's tables with row policies.
func (w *caseWarehouse) secured() int { return secured(w.t, w.admin) }

// How many queries are asked of the oracle's database with row policies.
const securedQueries = 2_500

// TestPushedByRowSecurity is TestPushed with row policies on the tables of which only rows are hidden. At the end all is as it was.
func TestPushedByRowSecurity(t *testing.T) {
	p := startPostern(t, damage{})
	views := pushAll(t, p, push.EnforceRowSecurity)
	admin, err := pgconn.Connect(t.Context(), shared.cluster.DSN(sanitised.Raw))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.WithoutCancel(t.Context()))
	n := secured(t, admin)
	t.Logf("%d tables have row policies", n)
	if n == 0 {
		t.Error("no table has row policies")
	}
	if total := askPushed(t, p, views, securedQueries); total.cases < securedQueries || percent(total.accepted, total.cases) < minimumPushedAcceptance {
		t.Errorf("%d comparisons, %d answered", total.cases, total.accepted)
	}
}

// ownSanitised gives the oracle's tables to the owner until the test ends.
func ownSanitised(t testing.TB, admin *pgconn.PgConn, program *policy.Program) {
	t.Helper()
	own(t, admin, "shop", "ref", "hr")
	t.Cleanup(func() {
		set := push.Settings{Connection: connectionName, Database: sanitised.Raw, SystemRole: systemRole, ServiceRole: serviceRole, CreateRoles: true, ReadOnly: true}.WithDefaults()
		if r, err := pusher(t, set).Remove(context.Background(), push.Input{Program: program}); err != nil {
			t.Error(err, r)
		}
		conn, err := pgconn.Connect(context.Background(), shared.cluster.DSN(sanitised.Raw))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), "REASSIGN OWNED BY "+ownerRole+" TO CURRENT_USER").ReadAll(); err != nil {
			t.Error(err)
		}
	})
}
