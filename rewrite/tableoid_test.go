package rewrite

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// partitions are a table with partitions of which the person can name some: part_1, and part_2b below part_2, which they cannot name.
const partitions = `CREATE TABLE part (id integer, day integer, v text) PARTITION BY RANGE (day);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (day);
CREATE TABLE part_2a PARTITION OF part_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE part_2b PARTITION OF part_2 FOR VALUES FROM (20) TO (30);
INSERT INTO part SELECT i, i, 'v' || i FROM generate_series(0, 29) AS i`

func partitionedTables(mask expr.Expr) []testTable {
	columns := []testColumn{{name: "id", typ: "integer"}, {name: "day", typ: "integer", mask: mask}, {name: "v", typ: "text"}}
	kind := catalog.KindPartitionedTable
	return []testTable{
		{schema: "public", name: "part", kind: kind, columns: columns, filter: expr.Op{Name: "<>", Left: col("id", "integer"), Right: expr.Literal{Type: "integer", Value: "3"}}},
		{schema: "public", name: "part_1", columns: columns}, {schema: "public", name: "part_2", kind: kind, denied: true, columns: columns},
		{schema: "public", name: "part_2a", denied: true, columns: columns}, {schema: "public", name: "part_2b", columns: columns},
	}
}

// TestTableOID: tableoid names the partitions that the person can name, and the table above where they cannot.
func TestTableOID(t *testing.T) {
	conn := connect(t, load(t), true, nil)
	if a := ask(conn, "SET search_path = public; "+partitions+"; SET search_path = pg_catalog, pg_temp", true); a.code != "" {
		t.Fatal(a.bytes)
	}
	h := harnessOf(t, partitionedTables(nil), damage{})
	h.adoptOIDs(t, conn)
	for _, table := range h.program.Snapshot().Tables() {
		if table.Kind == catalog.KindPartitionedTable {
			table.PartitionKey = []int16{2}
		}
	}
	for sql, want := range map[string]string{
		"SELECT tableoid::regclass, count(*) FROM part GROUP BY 1 ORDER BY 1":                                                     `|"part"|"10" |"part_1"|"9" |"part_2b"|"10"`,
		"SELECT p.tableoid::regclass::text, min(id), max(id) FROM part p GROUP BY tableoid ORDER BY 1":                            `|"part"|"10"|"19" |"part_1"|"0"|"9" |"part_2b"|"20"|"29"`,
		"SELECT c.relname, p.* FROM part p JOIN pg_class c ON c.oid = p.tableoid WHERE id IN (2, 12, 22) ORDER BY id":             `|"part_1"|"2"|"2"|"v2" |"part"|"12"|"12"|"v12" |"part_2b"|"22"|"22"|"v22"`,
		"SELECT *, tableoid::regclass FROM part WHERE id = 21":                                                                    `|"21"|"21"|"v21"|"part_2b"`,
		"SELECT a.id, b.tableoid::regclass FROM part a LEFT JOIN part b ON b.id = a.id + 15 WHERE a.id IN (5, 14, 15) ORDER BY 1": `|"5"|"part_2b" |"14"|"part_2b" |"15"|NULL`,
		"SELECT public.part.tableoid::regclass FROM public.part WHERE id = 1":                                                     `|"part_1"`,
		"SELECT tableoid::regclass, count(*) FROM part_2b GROUP BY 1":                                                             `|"part_2b"|"10"`,
		"SELECT count(*) FROM part WHERE tableoid = 'part_1'::regclass":                                                           `|"9"`,
	} {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := ask(conn, result.Statements[0].SQL, true)
		if strings.Join(got.rows, " ") != want {
			t.Errorf("%s\n got %s %s\nwant %s\nsent %s", sql, strings.Join(got.rows, " "), got.code, want, result.Statements[0].SQL)
		}
	}
}

// TestTableOIDOfMaskedKeys: where the partition would tell a masked value, there is no tableoid.
func TestTableOIDOfMaskedKeys(t *testing.T) {
	for _, key := range [][]int16{{2}, {0}} {
		h := harnessOf(t, partitionedTables(expr.Literal{Type: "integer", Value: "0"}), damage{})
		byName := map[string]*catalog.Table{}
		for _, table := range h.program.Snapshot().Tables() {
			byName[table.Name] = table
		}
		byName["part"].PartitionKey = key
		byName["part"].Children = []uint32{byName["part_1"].OID}
		if _, err := h.rewrite("SELECT tableoid FROM part"); code(err) != "0A000" || !strings.Contains(err.Error(), "masked or hidden") {
			t.Errorf("%v: %v", key, err)
		}
		byName["part"].Children = []uint32{byName["part_2a"].OID}
		if _, err := h.rewrite("SELECT tableoid FROM part"); err != nil {
			t.Errorf("%v: with no partition that can be named: %v", key, err)
		}
	}
}
