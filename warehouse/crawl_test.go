package warehouse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

const crawlSchema = `
CREATE SCHEMA other;
CREATE SCHEMA postern_functions;
CREATE TABLE postern_functions.keys (domain text PRIMARY KEY);
CREATE TYPE other.mood AS ENUM ('good', 'bad');
CREATE DOMAIN public.amount AS numeric(12,2);
CREATE TABLE public.customer (
    c_custkey integer, gone integer, c_name varchar(25) NOT NULL, c_mood other.mood, c_balance public.amount, c_tags text[],
    "Odd ""name" timestamp(3) with time zone, PRIMARY KEY (c_name, c_custkey) INCLUDE (c_balance));
ALTER TABLE public.customer DROP COLUMN gone;
CREATE TABLE public.empty ();
CREATE TABLE other.events (day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE other.events_2024 PARTITION OF other.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER before BEFORE UPDATE ON public.customer FOR EACH ROW EXECUTE FUNCTION public.stamp();
CREATE TRIGGER after AFTER INSERT ON public.empty FOR EACH ROW EXECUTE FUNCTION public.stamp();
CREATE TRIGGER gone BEFORE DELETE ON public.empty FOR EACH ROW EXECUTE FUNCTION public.stamp();
CREATE VIEW other.v AS SELECT c_custkey FROM public.customer;
CREATE MATERIALIZED VIEW other.m AS SELECT 1 AS one;
CREATE TEMP TABLE hidden (x integer);
CREATE SEQUENCE public.s;
SET search_path = other, public`

func TestCrawl(t *testing.T) {
	conn := dial(t, configOf(t, pgtest.Database(t)))
	exec(t, conn, crawlSchema)
	got, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	want := []*catalog.Table{
		{Schema: "other", Name: "events", Kind: catalog.KindPartitionedTable, HasChildren: true, PartitionKey: []int16{1}, Columns: []catalog.Column{
			{Name: "day", Number: 1, Type: "date", Category: 'D', NotNull: true}, {Name: "what", Number: 2, Type: "text", Category: 'S', Collation: 100},
		}},
		{Schema: "other", Name: "events_2024", Kind: catalog.KindTable, Columns: []catalog.Column{
			{Name: "day", Number: 1, Type: "date", Category: 'D', NotNull: true}, {Name: "what", Number: 2, Type: "text", Category: 'S', Collation: 100},
		}},
		{Schema: "other", Name: "m", Kind: catalog.KindMaterializedView, Columns: []catalog.Column{
			{Name: "one", Number: 1, Type: "integer", Category: 'N'},
		}},
		{Schema: "other", Name: "v", Kind: catalog.KindView, Columns: []catalog.Column{
			{Name: "c_custkey", Number: 1, Type: "integer", Category: 'N'},
		}},
		{Schema: "public", Name: "customer", Kind: catalog.KindTable, PrimaryKey: []string{"c_name", "c_custkey"}, RowTriggers: true, Columns: []catalog.Column{
			{Name: "c_custkey", Number: 1, Type: "integer", Category: 'N', NotNull: true},
			{Name: "c_name", Number: 3, Type: "character varying(25)", Category: 'S', Collation: 100, NotNull: true},
			{Name: "c_mood", Number: 4, Type: "other.mood", Category: 'E'},
			{Name: "c_balance", Number: 5, Type: "public.amount", Category: 'N'},
			{Name: "c_tags", Number: 6, Type: "text[]", Category: 'A', Collation: 100},
			{Name: `Odd "name`, Number: 7, Type: "timestamp(3) with time zone", Category: 'D'},
		}},
		{Schema: "public", Name: "empty", Kind: catalog.KindTable},
	}
	for _, table := range got {
		if table.Name != "v" {
			continue
		}
		if !strings.Contains(table.Definition, "FROM public.customer") || len(table.Reads) != 1 || !slices.Equal(table.Reads[0].Columns, []int16{1}) {
			t.Errorf("the view is %q and reads %v", table.Definition, table.Reads)
		}
		table.Definition, table.Reads = "", nil
	}
	if !slices.Equal(got[0].Children, []uint32{got[1].OID}) {
		t.Errorf("the partitioned table has the children %v", got[0].Children)
	}
	ignore := cmpopts.IgnoreFields(catalog.Table{}, "OID", "Children")
	if diff := cmp.Diff(want, got, ignore, cmpopts.IgnoreFields(catalog.Column{}, "TypeOID")); diff != "" {
		t.Error(diff)
	}
	for _, table := range got {
		if table.OID == 0 {
			t.Errorf("%s has no OID", table.QualifiedName())
		}
		for _, c := range table.Columns {
			if c.TypeOID == 0 {
				t.Errorf("%s.%s has no type OID", table.QualifiedName(), c.Name)
			}
		}
	}
	// The session is as it was.
	if path := value(t, conn, "SHOW search_path"); path != "other, public" {
		t.Errorf("search_path is now %s", path)
	}
}

// TestCrawlHijackedOperators: a crawl runs under the service role, whose database may hold objects that somebody made to
// stand in for the catalog's own.
func TestCrawlHijackedOperators(t *testing.T) {
	conn := dial(t, configOf(t, pgtest.Database(t)))
	exec(t, conn, `CREATE TABLE public.t (x int);
CREATE FUNCTION public.never(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = public.never);
CREATE VIEW public.pg_class AS SELECT 1 AS x;
SET search_path = public, pg_catalog`)
	got, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Errorf("found %d relations, want pg_class and t of public", len(got))
	}
}
