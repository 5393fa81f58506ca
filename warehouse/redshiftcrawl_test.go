package warehouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/warehouse"
)

// TestCrawlRedshift reads tables, a view, a late-binding view and an external table of the stand-in, which knows no catalog and no function that
// came after PostgreSQL 8.0.
func TestCrawlRedshift(t *testing.T) {
	server, c := redshift(t)
	admin, err := warehouse.Dial(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t, admin)
	for _, sql := range []string{
		"CREATE SCHEMA sales", "CREATE SCHEMA postern_system", "CREATE TABLE postern_system.hidden (a int)",
		"CREATE TABLE sales.orders (id bigint NOT NULL PRIMARY KEY, region varchar(20), amount decimal(10,2), placed timestamp, note text, extra super) DISTSTYLE ALL SORTKEY(placed)",
		"CREATE VIEW sales.bound AS SELECT id, region FROM sales.orders", "CREATE VIEW sales.late AS SELECT region, count(*) AS n FROM sales.orders GROUP BY region WITH NO SCHEMA BINDING",
		"CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'd' IAM_ROLE default", "CREATE EXTERNAL TABLE lake.events (at timestamp, who varchar(10)) STORED AS PARQUET LOCATION 's3://b/p'",
		"CREATE FUNCTION sales.twice(int) RETURNS int STABLE AS $$ SELECT $1 * 2 $$ LANGUAGE sql", "CREATE PROCEDURE sales.p() AS $$ BEGIN NULL; END $$ LANGUAGE plpgsql",
	} {
		exec(t, admin, sql)
	}
	conn := dial(t, c)
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	oids := map[uint32]bool{}
	for _, table := range tables {
		line := fmt.Sprintf("%s %s %s:", table.Kind, table.Schema, table.Name)
		for _, col := range table.Columns {
			line += fmt.Sprintf(" %d %s %s %c %d %t;", col.Number, col.Name, col.Type, col.Category, min(col.TypeOID, 9999), col.NotNull)
		}
		got = append(got, line)
		if oids[table.OID] || len(table.PrimaryKey) > 0 {
			t.Errorf("%s: oid %d, key %v", table.Name, table.OID, table.PrimaryKey)
		}
		oids[table.OID] = true
	}
	want := `foreign table lake events: 1 at timestamp without time zone D 1114 false; 2 who character varying(10) S 1043 false;
view sales bound: 1 id bigint N 20 false; 2 region character varying(20) S 1043 false;
view sales late: 1 region character varying(20) S 1043 false; 2 n bigint N 20 false;
table sales orders: 1 id bigint N 20 true; 2 region character varying(20) S 1043 false; 3 amount numeric(10,2) N 1700 false; 4 placed timestamp without time zone D 1114 false; 5 note character varying(256) S 1043 false; 6 extra super U 9999 false;`
	for _, table := range tables {
		// PostgreSQL 16 and newer, behind the stand-in, qualify columns only where more than one relation has them.
		table.Definition = strings.Replace(table.Definition, " SELECT id,\n    region", " SELECT orders.id,\n    orders.region", 1)
		if wants := map[string]string{"bound": " SELECT orders.id,\n    orders.region\n   FROM sales.orders;", "late": "create view sales . late as select region , count ( * ) as n from sales . orders group by region with no schema binding"}[table.Name]; strings.Join(strings.Fields(table.Definition), " ") != strings.Join(strings.Fields(wants), " ") {
			t.Errorf("%s is defined as %q", table.Name, table.Definition)
		}
	}
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if _, err := catalog.New(1, "c", tables); err != nil {
		t.Error(err)
	}
	own, err := warehouse.Own(t.Context(), conn)
	if err != nil || len(own.Routines) != 1 || own.Routines[0].Signature != "sales.twice(integer)" || own.Routines[0].Max != 1 {
		t.Errorf("%+v %v", own.Routines, err)
	}
	for _, sql := range server.Statements() {
		if strings.Contains(sql, "relpersistence") || strings.Contains(sql, "typcategory") {
			t.Errorf("a catalog that Redshift does not have: %s", sql)
		}
	}
	identity, err := warehouse.Identity(t.Context(), conn)
	if err != nil || !strings.HasPrefix(identity, "redshift:00000000-0000-4000-8000-000000000000/") {
		t.Errorf("%q %v", identity, err)
	}
	if has, err := warehouse.HasProfile(t.Context(), conn); has || err != nil {
		t.Error(has, err)
	}
	rsfaketest.Exec(t, server, "CREATE TABLE postern_system.user_profile (a int)")
	if has, err := warehouse.HasProfile(t.Context(), conn); !has || err != nil {
		t.Error(has, err)
	}
	if has, err := warehouse.HasProcedures(t.Context(), conn); has || err != nil {
		t.Error(has, err)
	}
	if domains, err := warehouse.Domains(t.Context(), conn, []string{"a"}); len(domains) > 0 || err != nil {
		t.Error(domains, err)
	}
	refused, err := warehouse.Try(t.Context(), conn, []string{"SELECT id FROM sales.orders", "SELECT nothing FROM sales.orders", "SELECT 1"})
	if err != nil || len(refused) != 3 || refused[0] != nil || !warehouse.Refuses(refused[1]) || refused[2] != nil {
		t.Error(refused, err)
	}
}
