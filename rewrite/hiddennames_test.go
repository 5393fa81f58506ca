package rewrite

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestHiddenColumnsOfEveryName asks all queries of tables that have hidden columns of every name in these queries. Whatever a name, a star or a join could be
// taken for, if the text that is sent did not say what it means, is there, full of markers.
func TestHiddenColumnsOfEveryName(t *testing.T) {
	queries := slices.DeleteFunc(slices.Concat(oracleQueries(t), queriesIn(t, "hiddennames.sql")), func(sql string) bool {
		return strings.Contains(sql, "::nation") || strings.Contains(sql, "::public.nation") // the row has more columns than the person's
	})
	for name, known := range map[string]bool{"that Postern knows": true, "that came behind its back": false} {
		t.Run(name, func(t *testing.T) {
			o := newHidingOracle(t, known, namesIn(queries))
			tables, plans := 0, 0
			for _, sql := range queries {
				accepted, _, problem := o.compare(sql)
				result, err := o.h.rewrite(sql)
				if err != nil || problem != "" || !accepted {
					t.Errorf("%s\n%s %v\nsent %v", sql, problem, err, result)
					continue
				}
				if !strings.Contains(result.Statements[0].SQL, "postern_t") {
					tables++
				}
				if !strings.HasPrefix(sql, "COPY") {
					plans += o.planOf(t, sql)
				}
			}
			t.Logf("%d queries, %d of them without a View, %d plans", len(queries), tables, plans)
			if len(queries) < 370 || tables < 215 || plans < 365 {
				t.Error("at least 370 queries are promised, 215 of them sent as tables, and 365 plans")
			}
		})
	}
}

// planOf is 1 if the query has a plan, which must not name the hidden column.
func (o *oracle) planOf(t *testing.T, sql string) int {
	t.Helper()
	result, err := o.h.rewrite("EXPLAIN (VERBOSE) " + sql)
	if err != nil {
		t.Errorf("explaining %s: %v", sql, err)
		return 0
	}
	got := explained(o.raw, &result.Statements[0])
	if strings.Contains(got.bytes+got.code, markedName) {
		t.Errorf("the plan of %s\n%s%s", sql, got.bytes, got.code)
	}
	return min(1, len(got.rows))
}

// markedName is a hidden column that no query names.
const markedName = marker + "_name"

// namesIn are all words outside of strings that a column can be called.
func namesIn(queries []string) []string {
	text := regexp.MustCompile(`'[^']*'`)
	word := regexp.MustCompile(`"(?:[^"]|"")+"|[A-Za-z_]\w*`)
	names := []string{markedName}
	for _, sql := range queries {
		for _, name := range word.FindAllString(text.ReplaceAllString(sql, ""), -1) {
			if quoted, ok := strings.CutPrefix(name, `"`); ok {
				name = strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
			} else {
				name = strings.ToLower(name)
			}
			if !slices.Contains(names, name) && !slices.Contains([]string{"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"}, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// newHidingOracle gives the raw tables hidden columns of these names.
func newHidingOracle(t *testing.T, known bool, names []string) *oracle {
	o := newOracle(t, damage{})
	for _, conn := range []*pgconn.PgConn{o.raw, o.sanitised} {
		if got := ask(conn, "SET statement_timeout = '30s'", true); got.code != "" {
			t.Fatal(got.bytes)
		}
	}
	tables := warehouse()
	for i := range tables {
		tt := &tables[i]
		if tt.schema != "public" || !slices.Contains([]string{"customer", "orders", "nation", "parent", "blank"}, tt.name) {
			continue
		}
		var added []string
		for _, name := range names {
			if slices.ContainsFunc(tt.columns, func(c testColumn) bool { return c.name == name }) {
				continue
			}
			added = append(added, "ADD COLUMN "+pgx.Identifier{name}.Sanitize()+" text DEFAULT '"+marker+"'")
			if known {
				tt.columns = append(tt.columns, testColumn{name: name, typ: "text", hidden: true})
			}
		}
		if got := ask(o.raw, "ALTER TABLE "+tt.schema+"."+tt.name+" "+strings.Join(added, ", "), true); got.code != "" {
			t.Fatal(got.bytes)
		}
	}
	o.h = harnessOf(t, tables, damage{})
	o.h.adoptOIDs(t, o.raw)
	return o
}
