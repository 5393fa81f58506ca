package sqlgen

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// drawnKeys gives the token domains keys of real size, so that draws are as they are in use; the same at every run.
const drawnKeys = `UPDATE postern_functions.keys SET inner_prefix = pg_catalog.decode(pg_catalog.repeat('36a7', 32), 'hex') || pg_catalog.convert_to(domain, 'UTF8') || '\x00'::bytea,
	outer_pad = pg_catalog.decode(pg_catalog.repeat('5cb1', 32), 'hex')`

// measured publishes rules on a table of 20,000 rows and returns the View of it.
func measured(t *testing.T, conn *pgconn.PgConn, rules ...policy.Rule) string {
	t.Helper()
	run(t, conn, registration(t)+";"+drawnKeys)
	run(t, conn, `CREATE TABLE public.m (id int PRIMARY KEY, yes boolean, n int, x numeric(9,3), d date, at timestamp, zip text);
		INSERT INTO public.m SELECT i, true, 1000, 5.5, '2024-06-15', '2024-06-15 12:00:00', 'zip' || least(i, 10) FROM generate_series(1, 20000) AS i`)
	c := &caseFile{sources: []caseSource{{Name: "public.m"}}}
	on := policy.Selector{Tables: []string{"tpch.public.m"}}
	program, _, err := policy.Compile(policy.Input{
		Version: 1, Snapshot: c.crawl(t, conn),
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "p", On: on, Rules: rules}},
	})
	if err != nil {
		t.Fatal(err)
	}
	table, _ := program.Snapshot().Table("public", "m")
	d := program.Decide(policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann"})), []policy.Want{{Table: table}})[0]
	view, err := Postgres().View(&d)
	if err != nil {
		t.Fatal(err)
	}
	return view.SQL
}

// TestRandomizedIsWhatItSays measures the documented probability, that noise is bounded and has no bias, and that a second look shows the same. The
// bounds are five standard deviations of 20,000 draws.
func TestRandomizedIsWhatItSays(t *testing.T) {
	conn := connect(t)
	view := measured(t, conn,
		policy.Rule{Mask: &policy.Mask{Columns: []string{"yes"}, Randomized: &policy.RandomizedMask{Values: []string{"true", "false"}, Percent: 30}}},
		policy.Rule{Mask: &policy.Mask{Columns: []string{"n"}, Randomized: &policy.RandomizedMask{Noise: "10"}}},
		policy.Rule{Mask: &policy.Mask{Columns: []string{"x"}, Randomized: &policy.RandomizedMask{Noise: "2.5"}}},
		policy.Rule{Mask: &policy.Mask{Columns: []string{"d"}, Randomized: &policy.RandomizedMask{Noise: "30d"}}},
		policy.Rule{Mask: &policy.Mask{Columns: []string{"at"}, Randomized: &policy.RandomizedMask{Noise: "6h"}}},
	)
	holds := func(what, condition string) {
		t.Helper()
		if got := fetch(t, conn, "SELECT "+condition+" FROM ("+view+") AS v"); got != "  t\n" {
			t.Errorf("%s: %s is not true", what, condition)
		}
	}
	holds("the wrong answer has 30 % / 2", "count(*) FILTER (WHERE NOT yes) BETWEEN 3000 - 253 AND 3000 + 253")
	holds("noise is bounded", "min(n) = 990 AND max(n) = 1010 AND min(x) >= 3 AND max(x) <= 8 AND min(d) = '2024-05-16' AND max(d) = '2024-07-15' "+
		"AND min(at) >= '2024-06-15 06:00:00' AND max(at) <= '2024-06-15 18:00:00'")
	holds("every step occurs", "count(DISTINCT n) = 21 AND count(DISTINCT d) = 61")
	holds("noise of numbers has no bias", "abs(avg(n) - 1000) < 0.22 AND abs(avg(x) - 5.5) < 0.052")
	holds("noise of times has no bias", "abs(avg(d - date '2024-06-15')) < 0.63 AND abs(extract(epoch FROM avg(at - timestamp '2024-06-15 12:00:00'))) < 441")
	holds("columns are drawn apart", "abs(corr(n, x::double precision)) < 0.036")
	if again := "SELECT count(*) FROM (SELECT * FROM (" + view + ") AS a EXCEPT ALL SELECT * FROM (" + view + ") AS b) AS c"; fetch(t, conn, again) != "  0\n" {
		t.Error("a second look shows something else")
	}
}

// TestSampleIsWhatItSays measures the percentage.
func TestSampleIsWhatItSays(t *testing.T) {
	conn := connect(t)
	view := measured(t, conn, policy.Rule{Sample: &policy.Sample{Percent: "10"}})
	if got := fetch(t, conn, "SELECT count(*) BETWEEN 2000 - 212 AND 2000 + 212 FROM ("+view+") AS v"); got != "  t\n" {
		t.Errorf("10 %% of 20000 rows are %s", fetch(t, conn, "SELECT count(*) FROM ("+view+") AS v"))
	}
}

// TestConditionsDoNotChangeCounts holds that a person's own conditions do not choose which rows k-anonymity counts, and are not run below it.
func TestConditionsDoNotChangeCounts(t *testing.T) {
	conn := connect(t)
	view := measured(t, conn,
		policy.Rule{Mask: &policy.Mask{Columns: []string{"zip", "n"}, KAnonymity: &policy.KAnonymityMask{K: 2}}},
		policy.Rule{Rows: "id <> 7"},
	)
	for condition, want := range map[string]string{
		"id = 10": "  zip10\n", "id = 9": "  NULL\n", "id IN (3, 19999)": "  NULL\n  zip10\n", "zip = 'zip9'": "", "id >= 20000": "  zip10\n", "n = 1000 AND id = 11": "  zip10\n",
		"id = 7": "", "1 / (id - 7) >= 0 AND id < 12 AND id > 9": "  zip10\n  zip10\n",
	} {
		if got := fetch(t, conn, "SELECT zip FROM ("+view+") AS v WHERE "+condition); got != want {
			t.Errorf("%s: %q, want %q", condition, got, want)
		}
	}
	if plan := fetch(t, conn, "SELECT 1 FROM ("+view+") AS v WHERE id = 10 LIMIT 1"); plan != "  1\n" {
		t.Error(plan)
	}
	if !strings.HasSuffix(view, " OFFSET 0") {
		t.Errorf("no fence: %s", view)
	}
}
