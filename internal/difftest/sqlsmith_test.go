package difftest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// How many statements of sqlsmith run unless POSTERN_SQLSMITH_QUERIES says otherwise, and how many have to get through at least.
const (
	sqlsmithQueries  = 1000
	sqlsmithSeed     = 7
	sqlsmithAccepted = 5 // percent
)

// sample is a clause that Postern refuses, and that sqlsmith likes.
var sample = regexp.MustCompile(`tablesample (system|bernoulli) \([0-9.]+\)`)

// odd drops what sqlsmith, which quotes no names, cannot name.
const odd = `DO $$ DECLARE t text; BEGIN
	FOR t IN SELECT format('%I.%I', nspname, relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE relname LIKE '% %' AND relkind IN ('r', 'p')
	LOOP EXECUTE 'DROP TABLE IF EXISTS ' || t || ' CASCADE'; END LOOP; END $$`

// smithy has sqlsmith (Debian's package of that name) write statements over a copy of a person's copy, without running them. Every other
// one keeps its TABLESAMPLE.
func smithy(t *testing.T, person string, count uint64) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	database := "smith_" + person
	clone := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", database, sanitised.Database(person))
	if err := errors.Join(shared.cluster.Exec(ctx, "postgres", clone), shared.cluster.Exec(ctx, database, odd)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.cluster.DropDatabase(context.Background(), database); err != nil {
			t.Error(err)
		}
	})
	target := fmt.Sprintf("host=127.0.0.1 port=%d dbname=%s user=%s password='%s'", shared.cluster.Port, database, person, shared.password)
	out, err := exec.CommandContext(ctx, "sqlsmith", "--target="+target, "--dry-run", "--exclude-catalog", fmt.Sprintf("--max-queries=%d", count), fmt.Sprintf("--seed=%d", sqlsmithSeed)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for _, s := range strings.Split(string(out), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			if len(statements)%2 == 0 {
				s = sample.ReplaceAllString(s, "")
			}
			statements = append(statements, s)
		}
	}
	return statements
}

// TestSqlsmith sends what sqlsmith makes up: nothing of it may crash a session, be an internal error, or bring a hidden value.
func TestSqlsmith(t *testing.T) {
	p := startPostern(t, damage{})
	why := map[string]int{}
	counts, codes := map[string]int{}, map[string]int{}
	for _, person := range []string{"ann", "cyd"} {
		statements := smithy(t, person, envCount(t, "POSTERN_SQLSMITH_QUERIES", sqlsmithQueries)/2)
		c := connect(t, p.address, connectionName, person)
		for _, sql := range statements {
			a := c.ask(t.Context(), simple, statement{sql: sql})
			counts["statements"]++
			codes[a.code]++
			why[a.code+" "+a.message]++
			if leaked := c.tap.take(); leaked != "" {
				counts["leaking"]++
				t.Errorf("as %s: a hidden value came back: %q\n%s", person, leaked, sql)
			}
			switch {
			case a.code == "":
				counts["accepted"]++
			case a.code == "connection":
				t.Fatalf("as %s: the session ended: %s\n%s", person, a.message, sql)
			case strings.HasPrefix(a.code, "XX"):
				counts["internal"]++
				t.Errorf("as %s: %s %s\n%s", person, a.code, a.message, sql)
			case isRefusal(a.code):
				counts["refused"]++
			}
		}
		if a := c.ask(t.Context(), simple, statement{sql: "SELECT count(*) FROM nation"}); len(a.rows) != 1 {
			t.Errorf("as %s: the session does not answer any more: %+v", person, a)
		}
	}
	for _, w := range frequent(why)[:min(shownRefusalCauses, len(why))] {
		t.Logf("%d times: %s", why[w], w)
	}
	t.Logf("%v; by SQLSTATE %v", counts, codes)
	if n := counts["statements"]; n < 100 || percent(counts["accepted"], n) < sqlsmithAccepted {
		t.Errorf("%d statements, %d of them let through", n, counts["accepted"])
	}
}
