package tpch_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/tpch"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func built(t testing.TB, g tpch.Generator, progress tpch.Progress) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if err := g.Build(t.Context(), conn, progress); err != nil {
		t.Fatal(err)
	}
	return conn
}

func value(t testing.TB, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		t.Fatalf("%s: not one row", sql)
	}
	return string(results[0].Rows[0][0])
}

// domainChecks are queries that count what clause 4.2 of the specification does not allow (each must find nothing), by the
// column or rule they check.
func domainChecks() map[string]string {
	return map[string]string{
		"region names":    `SELECT count(*) FROM region WHERE r_name NOT IN ('AFRICA','AMERICA','ASIA','EUROPE','MIDDLE EAST')`,
		"customer name":   `SELECT count(*) FROM customer WHERE c_name <> 'Customer#' || lpad(c_custkey::text, 9, '0')`,
		"supplier name":   `SELECT count(*) FROM supplier WHERE s_name <> 'Supplier#' || lpad(s_suppkey::text, 9, '0')`,
		"country codes":   `SELECT count(*) FROM customer WHERE c_phone !~ ('^' || 10 + c_nationkey || '-[1-9]\d\d-[1-9]\d\d-[1-9]\d{3}$')`,
		"supplier phones": `SELECT count(*) FROM supplier WHERE s_phone !~ ('^' || 10 + s_nationkey || '-[1-9]\d\d-[1-9]\d\d-[1-9]\d{3}$')`,
		"balances":        `SELECT count(*) FROM customer WHERE c_acctbal NOT BETWEEN -999.99 AND 9999.99`,
		"addresses":       `SELECT count(*) FROM customer WHERE length(c_address) NOT BETWEEN 10 AND 40`,
		"segments": `SELECT count(*) FROM customer
			WHERE c_mktsegment NOT IN ('AUTOMOBILE','BUILDING','FURNITURE','MACHINERY','HOUSEHOLD')`,
		"customers comments": `SELECT count(*) FROM customer WHERE length(c_comment) NOT BETWEEN 29 AND 116`,
		"retail price": `SELECT count(*) FROM part
			WHERE p_retailprice <> (90000 + (p_partkey / 10) % 20001 + 100 * (p_partkey % 1000)) / 100.0`,
		"brand of maker": `SELECT count(*) FROM part
			WHERE p_mfgr !~ '^Manufacturer#[1-5] *$' OR p_brand !~ ('^Brand#' || substr(p_mfgr, 14, 1) || '[1-5]')`,
		"part names": `SELECT count(*) FROM part
			WHERE (SELECT count(DISTINCT w) FROM unnest(string_to_array(p_name, ' ')) w) <> 5`,
		"part types": `SELECT count(*) FROM part WHERE p_type !~
			'^(STANDARD|SMALL|MEDIUM|LARGE|ECONOMY|PROMO) (ANODIZED|BURNISHED|PLATED|POLISHED|BRUSHED) (TIN|NICKEL|BRASS|STEEL|COPPER)$'`,
		"containers": `SELECT count(*) FROM part WHERE p_container !~ '^(SM|LG|MED|JUMBO|WRAP) (CASE|BOX|BAG|JAR|PKG|PACK|CAN|DRUM) *$'`,
		"part sizes": `SELECT count(*) FROM part WHERE p_size NOT BETWEEN 1 AND 50`,
		"four suppliers a part": `SELECT count(*) FROM (SELECT FROM partsupp GROUP BY ps_partkey
			HAVING count(DISTINCT ps_suppkey) <> 4) x`,
		"supply":             `SELECT count(*) FROM partsupp WHERE ps_availqty NOT BETWEEN 1 AND 9999 OR ps_supplycost NOT BETWEEN 1 AND 1000`,
		"a third never buys": `SELECT count(*) FROM orders WHERE o_custkey % 3 = 0`,
		"sparse keys":        `SELECT count(*) FROM orders WHERE o_orderkey % 32 > 7`,
		"order dates":        `SELECT count(*) FROM orders WHERE o_orderdate NOT BETWEEN '1992-01-01' AND '1998-08-02'`,
		"priorities": `SELECT count(*) FROM orders
			WHERE o_orderpriority NOT IN ('1-URGENT','2-HIGH','3-MEDIUM','4-NOT SPECIFIED','5-LOW') OR o_shippriority <> 0`,
		"order status": `SELECT count(*) FROM orders JOIN (SELECT l_orderkey k, string_agg(DISTINCT l_linestatus, '') s, count(*) n
			FROM lineitem GROUP BY 1) l ON k = o_orderkey WHERE o_orderstatus <> CASE WHEN length(s) = 2 THEN 'P' ELSE s END`,
		"lines an order": `SELECT count(*) FROM orders LEFT JOIN (SELECT l_orderkey k, count(*) n, max(l_linenumber) last
			FROM lineitem GROUP BY 1) l ON k = o_orderkey WHERE n NOT BETWEEN 1 AND 7 OR n <> last OR n IS NULL`,
		"total price": `SELECT count(*) FROM orders JOIN (SELECT l_orderkey k,
			sum(trunc(trunc(l_extendedprice * (1 - l_discount), 2) * (1 + l_tax), 2)) total FROM lineitem GROUP BY 1) l
			ON k = o_orderkey WHERE o_totalprice <> total`,
		"extended price": `SELECT count(*) FROM lineitem JOIN part ON p_partkey = l_partkey
			WHERE l_extendedprice <> l_quantity * p_retailprice OR l_quantity NOT BETWEEN 1 AND 50`,
		"rates": `SELECT count(*) FROM lineitem WHERE l_discount NOT BETWEEN 0 AND 0.10 OR l_tax NOT BETWEEN 0 AND 0.08`,
		"line dates": `SELECT count(*) FROM lineitem JOIN orders ON o_orderkey = l_orderkey
			WHERE l_shipdate - o_orderdate NOT BETWEEN 1 AND 121 OR l_commitdate - o_orderdate NOT BETWEEN 30 AND 90
			OR l_receiptdate - l_shipdate NOT BETWEEN 1 AND 30`,
		"line status":  `SELECT count(*) FROM lineitem WHERE (l_linestatus = 'O') <> (l_shipdate > '1995-06-17')`,
		"return flags": `SELECT count(*) FROM lineitem WHERE (l_returnflag IN ('R','A')) <> (l_receiptdate <= '1995-06-17') OR l_returnflag NOT IN ('R','A','N')`,
		"shipping": `SELECT count(*) FROM lineitem WHERE l_shipinstruct NOT IN ('DELIVER IN PERSON','COLLECT COD','NONE','TAKE BACK RETURN')
			OR l_shipmode NOT IN ('REG AIR','AIR','RAIL','SHIP','TRUCK','MAIL','FOB')`,
	}
}

// TestBuild builds the default database on a real server, which checks the keys and references itself.
func TestBuild(t *testing.T) {
	last := map[string][2]int64{}
	conn := built(t, tpch.Generator{}, func(table string, done, total int64) {
		if done < last[table][0] || done > total {
			t.Errorf("%s: %d of %d after %d", table, done, total, last[table][0])
		}
		last[table] = [2]int64{done, total}
	})
	for table, want := range map[string]string{
		"region": "5", "nation": "25", "supplier": "100", "part": "2000", "partsupp": "8000", "customer": "1500", "orders": "15000",
	} {
		if got := value(t, conn, "SELECT count(*) FROM "+table); got != want {
			t.Errorf("%s has %s rows, not %s", table, got, want)
		}
	}
	for _, table := range tpch.Tables() {
		if p := last[table]; p[0] != p[1] || p[0] == 0 {
			t.Errorf("%s: the last progress was %d of %d", table, p[0], p[1])
		}
	}
	for name, sql := range domainChecks() {
		if got := value(t, conn, sql); got != "0" {
			t.Errorf("%s: %s rows outside the domain", name, got)
		}
	}
	// What must be there: every value of a small domain, and what the benchmark's queries look for.
	for sql, want := range map[string]string{
		"SELECT count(*) FROM pg_constraint WHERE contype = 'f'":                                             "8",
		"SELECT count(DISTINCT c_nationkey) FROM customer":                                                   "25",
		"SELECT string_agg(DISTINCT o_orderstatus, '') FROM orders":                                          "FOP",
		"SELECT count(DISTINCT p_type) = 150 FROM part":                                                      "t",
		"SELECT count(*) > 0 FROM orders WHERE o_comment LIKE '%special%requests%'":                          "t",
		"SELECT count(*) BETWEEN 58000 AND 62000 FROM lineitem":                                              "t",
		"SELECT r_name FROM nation JOIN region ON n_regionkey = r_regionkey WHERE n_name = 'UNITED KINGDOM'": "EUROPE                   ",
		"SELECT max(o_orderkey) FROM orders":                                                                 "60000",
	} {
		if got := value(t, conn, sql); got != want {
			t.Errorf("%s = %q, want %q", sql, got, want)
		}
	}
}

// TestOddScales builds databases at scales that the specification does not know; the server checks the keys.
func TestOddScales(t *testing.T) {
	for _, scale := range []float64{0.001, 0.0012, 0.0031, 0.012} {
		conn := built(t, tpch.Generator{Scale: scale}, nil)
		if got := value(t, conn, domainChecks()["four suppliers a part"]); got != "0" {
			t.Errorf("scale %v: %s parts with other than four suppliers", scale, got)
		}
	}
}

func TestSameSeedSameRows(t *testing.T) {
	read := func(g tpch.Generator, table string) []byte {
		r, err := g.Data(table)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, table := range tpch.Tables() {
		a := read(tpch.Generator{Scale: 0.001, Seed: 7}, table)
		if !bytes.Equal(a, read(tpch.Generator{Scale: 0.001, Seed: 7}, table)) {
			t.Errorf("%s: two runs differ", table)
		}
		if bytes.Equal(a, read(tpch.Generator{Scale: 0.001, Seed: 8}, table)) {
			t.Errorf("%s: two seeds give the same rows", table)
		}
	}
	// A row does not depend on how many there are, where its domain does not.
	small, large := read(tpch.Generator{Scale: 0.001}, "customer"), read(tpch.Generator{Scale: 0.002}, "customer")
	if !bytes.HasPrefix(large, small) {
		t.Error("customer: the rows of a smaller database are not the first of a larger one")
	}
}

func TestMistakes(t *testing.T) {
	for _, scale := range []float64{-1, 0.0001, 1e9} {
		if _, err := (tpch.Generator{Scale: scale}).Data("part"); err == nil {
			t.Errorf("scale %v was taken", scale)
		}
	}
	if _, err := (tpch.Generator{}).Data("parts"); err == nil || !strings.Contains(err.Error(), `"parts"`) {
		t.Errorf("got %v", err)
	}
	// A build that fails leaves nothing behind.
	conn, err := pgconn.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE lineitem (x int)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if err := (tpch.Generator{Scale: 0.001}).Build(t.Context(), conn, nil); err == nil {
		t.Error("the build went through over an existing table")
	}
	if got := value(t, conn, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); got != "1" {
		t.Errorf("%s tables left", got)
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		built(b, tpch.Generator{}, nil)
	}
}
