package rslive_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/internal/rslive"
)

var update = flag.Bool("update", false, "write the list of points in docs/push-redshift.md anew")

func TestMain(m *testing.M) { pgtest.Main(m) }

// atLeast is the number of points that there were when this was last looked at.
const atLeast = 75

// onStandIn are points whose steps the stand-in does not run, or answers otherwise than a cluster is taken to.
var onStandIn = map[string]string{
	"trailing-blanks":     "PostgreSQL compares blanks",
	"native-row-security": "the stand-in has no row-level security",
	"native-masking":      "the stand-in has no masking policies",
}

// TestPointsOnStandIn runs every point's statements against the stand-in: the points work, and nothing is called proven.
func TestPointsOnStandIn(t *testing.T) {
	server := rsfaketest.New(t)
	external := "lake_" + server.Database() + ".clicks"
	rsfaketest.Exec(t, server, "CREATE EXTERNAL SCHEMA lake_"+server.Database()+" FROM DATA CATALOG DATABASE 'lake' IAM_ROLE 'arn:aws:iam::1:role/lake'",
		"CREATE EXTERNAL TABLE "+external+" (id int) STORED AS PARQUET LOCATION 's3://lake/clicks'", "INSERT INTO "+external+" VALUES (1)")
	var all []rslive.Outcome
	err := rslive.Run(t.Context(), server.DSN(), rslive.Given{External: external, Registration: true, Unload: "s3://exports/live/"}, func(o rslive.Outcome) {
		all = append(all, o)
		t.Run(o.Point.Name, func(t *testing.T) {
			t.Logf("%s: %s: %s", o.State, o.Point.Proves, o.Saw)
			if o.State != rslive.Unproven && (o.State != rslive.NotRun || o.Point.Needs == "") {
				t.Errorf("it is %s, and a stand-in proves nothing", o.State)
			}
			why, otherwise := onStandIn[o.Point.Name]
			if failed := strings.Contains(o.Saw, "on the stand-in: FAILS"); failed != otherwise {
				t.Errorf("the steps failed: %t, expected %t (%s): %s", failed, otherwise, why, o.Saw)
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rslive.Count(all))
	if len(all) < atLeast {
		t.Errorf("there are %d points, and there were %d", len(all), atLeast)
	}
	conn := rsfaketest.Connect(t, server, rsfake.AdminUser, rsfake.AdminPassword)
	for _, sql := range []string{"SELECT count(*) FROM pg_user WHERE usename LIKE 'postern_live%'", "SELECT count(*) FROM svv_roles WHERE role_name LIKE 'postern_live%'", "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'postern_live%'"} {
		if got := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read(); got.Err != nil || string(got.Rows[0][0]) != "0" {
			t.Errorf("something of the run is left: %s: %v", sql, got)
		}
	}
}

// TestNotRun: without a cluster nothing is said to hold.
func TestNotRun(t *testing.T) {
	var b strings.Builder
	all := rslive.NotRunAll()
	for _, o := range all {
		rslive.Print(&b, o)
	}
	if n := strings.Count("\n"+b.String(), "\nnot run "); n != len(all) || n != len(rslive.Points()) {
		t.Errorf("%d of %d points are told as not run:\n%s", n, len(all), b.String())
	}
	if got, want := rslive.Count(all), fmt.Sprintf("%d points: 0 hold, 0 fail, 0 told, 0 unproven, %d not run", len(all), len(all)); got != want {
		t.Errorf("counted %q, want %q", got, want)
	}
}

// TestDocumentedPoints holds the list in docs/push-redshift.md against the points.
func TestDocumentedPoints(t *testing.T) {
	const begin, end = "<!-- points: written by go test ./internal/rslive -run TestDocumentedPoints -update -->\n", "<!-- end of points -->\n"
	path := filepath.Join("..", "..", "docs", "push-redshift.md")
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(have), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the points", path)
	}
	var b strings.Builder
	b.WriteString("| point | what it would prove |\n|---|---|\n")
	seen := map[string]bool{}
	for _, p := range rslive.Points() {
		if seen[p.Name] {
			t.Errorf("two points are called %s", p.Name)
		}
		seen[p.Name] = true
		needs := ""
		if p.Needs != "" {
			needs = " Needs " + p.Needs + "."
		}
		fmt.Fprintf(&b, "| `%s` | %s.%s |\n", p.Name, p.Proves, needs)
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(have) {
		t.Error("docs/push-redshift.md does not list the points that there are: go test ./internal/rslive -run TestDocumentedPoints -update")
	}
}
