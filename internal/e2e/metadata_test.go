package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// hiddenThings makes objects that nobody registered: their names hold "marker".
const hiddenThings = `CREATE SCHEMA marker_schema CREATE TABLE marker_table (id integer);
CREATE TABLE public.marker_orders (marker_id integer PRIMARY KEY, nation integer REFERENCES public.nation);
CREATE VIEW public.marker_view AS SELECT n_name AS marker_name FROM public.nation;
CREATE FUNCTION public.marker_function(marker_argument integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE public.marker_type AS ENUM ('marker_label');
CREATE SEQUENCE public.marker_sequence;
COMMENT ON TABLE public.marker_orders IS 'marker comment'`

func makeHiddenThings(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, shared.cluster.DSN(databaseName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	if _, err := conn.Exec(ctx, hiddenThings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := conn.Exec(ctx, `DROP SCHEMA marker_schema CASCADE; DROP TABLE public.marker_orders; DROP VIEW public.marker_view;
			DROP FUNCTION public.marker_function(integer); DROP TYPE public.marker_type; DROP SEQUENCE public.marker_sequence`)
		if err != nil {
			t.Error(err)
		}
	})
}

func namesNothingHidden(t *testing.T, what, text string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, word := range []string{"marker", "postern_functions", serviceRole} {
		if strings.Contains(lower, word) {
			t.Errorf("%s names %s:\n%s", what, word, text)
		}
	}
}

// TestPsqlDescribes runs psql's commands about the catalogues, and the words that its answers must hold.
func TestPsqlDescribes(t *testing.T) {
	makeHiddenThings(t)
	who := people()[0]
	for _, c := range []struct {
		command string
		words   []string
	}{
		{`\d`, []string{"customer", "nation", "ann"}}, {`\dt`, []string{"customer", "nation"}}, {`\dt+`, []string{"customer"}},
		{`\d+`, []string{"customer"}}, {`\dt public.*`, []string{"region"}}, {`\dt *.*`, []string{"pg_class", "nation"}},
		{`\d nation`, []string{"n_nationkey", "character(25)", "nation_pkey", "PRIMARY KEY", "REFERENCES"}},
		{`\d public.nation`, []string{"n_regionkey"}}, {`\d+ nation`, []string{"n_name", "extended"}},
		{`\d nation_pkey`, []string{"n_nationkey", "btree"}}, {`\di`, []string{"nation_pkey"}}, {`\dv`, nil}, {`\dm`, nil},
		{`\ds`, nil}, {`\dn`, []string{"public", "ann"}}, {`\dn+`, []string{"public"}}, {`\l`, []string{"tpch", "UTF8"}},
		{`\du`, []string{"ann"}}, {`\dg`, []string{"ann"}}, {`\df`, nil}, {`\df lower`, []string{"lower"}}, {`\dT`, nil}, {`\dD`, nil}, {`\dE`, nil},
		{`\dS pg_class`, []string{"relname"}}, {`\dtS pg_am`, []string{"pg_am"}}, {`\dx`, []string{"plpgsql"}}, {`\dL`, nil}, {`\dO`, nil},
		{`\dC int4`, nil}, {`\do ||`, nil}, {`\da sum`, []string{"sum"}}, {`\dd`, nil}, {`\db`, []string{"pg_default"}}, {`\dc`, nil},
		{`\dy`, nil}, {`\dRp`, nil}, {`\dRs`, nil}, {`\dew`, nil}, {`\des`, nil}, {`\det`, nil}, {`\dX`, nil}, {`\dp`, []string{"nation"}}, {`\dP`, nil},
		{`\ddp`, nil}, {`\drds`, nil}, {`\dA`, []string{"btree"}}, {`\conninfo`, []string{"ann"}}, {`\encoding`, []string{"UTF8"}},
		{`\d no_such_table`, nil}, {`\d marker_orders`, nil},
	} {
		t.Run(strings.ReplaceAll(c.command, "/", "_"), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "psql", psqlArgs(shared.server, who, "-c", c.command)...)
			cmd.Env = append(cmd.Environ(), "PGPASSWORD="+who.password, "LC_ALL=C.UTF-8")
			out, err := cmd.CombinedOutput()
			text := string(out)
			if strings.Contains(text, "ERROR") {
				t.Errorf("%s (%v)", text, err)
			}
			for _, w := range c.words {
				if !strings.Contains(text, w) {
					t.Errorf("%q is missing in\n%s", w, text)
				}
			}
			namesNothingHidden(t, c.command, strings.ReplaceAll(text, `named "marker_orders"`, ""))
		})
	}
}

// TestJDBCMetadata runs the methods of DatabaseMetaData by which tools look around.
func TestJDBCMetadata(t *testing.T) {
	makeHiddenThings(t)
	classPath, err := tourClass()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(shared.dir, "java")
	if out, err := exec.Command("javac", "-d", dir, "testdata/Metadata.java").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	who := people()[0]
	url := fmt.Sprintf("jdbc:postgresql://%s:%s/%s", shared.server.host, shared.server.port, databaseName)
	out := runClient(t, who, nil, "java", "-XX:TieredStopAtLevel=1", "-cp", classPath, "Metadata", url, who.name)
	for _, want := range []string{
		"getUserName|ann\n", "getCatalogs|tpch\n", "getSchemas|public|null\n", "getTables|null|public|nation|TABLE|",
		"getColumns|null|public|nation|n_name|1|bpchar|25|", "getPrimaryKeys|null|public|nation|n_nationkey|1|nation_pkey\n",
		"getIndexInfo|null|public|nation|f|null|nation_pkey|3|1|n_nationkey|A|",
		"getTablePrivileges|null|public|nation|ann|ann|SELECT|", "getImportedKeys|null|public|region|r_regionkey|null|public|nation|n_regionkey|1|",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	namesNothingHidden(t, "DatabaseMetaData", out)
	if t.Failed() {
		t.Log(out)
	}
}
