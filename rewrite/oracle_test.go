package rewrite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// oracle runs the queries of testdata/oracle.sql twice: rewritten on the raw warehouse, and as they are on the sanitised one.
// Rows, column names, types and command tags must be equal, and no byte may hold the marker.
type oracle struct {
	h              *harness
	raw, sanitised *pgconn.PgConn
	notices        *[]string
}

func newOracle(t testing.TB, broken damage) *oracle {
	var notices []string
	keep := func(text string) { notices = append(notices, text) }
	raw := connect(t, load(t, "raw.sql"), true, keep)
	h := newHarness(t, broken)
	h.adoptOIDs(t, raw)
	return &oracle{
		h:         h,
		raw:       raw,
		sanitised: connect(t, load(t, "raw.sql", "sanitise.sql"), false, nil),
		notices:   &notices,
	}
}

// answer is all that a client sees of a statement.
type answer struct {
	columns []string
	rows    []string
	tag     string
	code    string
	bytes   string // of errors and notices too
}

func ask(conn *pgconn.PgConn, sql string, ordered bool) answer {
	var a answer
	results, err := conn.Exec(context.Background(), sql).ReadAll()
	for _, r := range results {
		for _, f := range r.FieldDescriptions {
			oid := fmt.Sprint(f.DataTypeOID)
			if f.DataTypeOID >= firstUserOID {
				oid = "user" // each database has numbers of its own
			}
			a.columns = append(a.columns, fmt.Sprintf("%s:%s:%d", f.Name, oid, f.TypeModifier))
		}
		for _, row := range r.Rows {
			var b strings.Builder
			for _, v := range row {
				if v == nil {
					b.WriteString("|NULL")
				} else {
					fmt.Fprintf(&b, "|%q", v)
				}
			}
			a.rows = append(a.rows, b.String())
		}
		a.tag += r.CommandTag.String()
	}
	if !ordered {
		slices.Sort(a.rows)
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		a.code = pe.Code
		a.bytes += fmt.Sprintf("%+v", *pe)
	} else if err != nil {
		a.code = err.Error()
	}
	a.bytes += strings.Join(a.columns, " ") + strings.Join(a.rows, "\n") + a.tag
	return a
}

// compare returns what is wrong with one query; accepted is false where the rewriter refused it.
func (o *oracle) compare(sql string) (accepted bool, rows int, problem string) {
	*o.notices = nil
	ordered := strings.Contains(strings.ToLower(sql), "order by 1")
	want := ask(o.sanitised, sql, ordered)
	result, err := o.h.rewrite(sql)
	if err != nil {
		if strings.Contains(err.Error(), marker) {
			return false, 0, "the refusal holds a hidden value: " + err.Error()
		}
		return false, 0, ""
	}
	got := ask(o.raw, result.Statements[0].SQL, ordered)
	switch {
	case strings.Contains(got.bytes+strings.Join(*o.notices, ""), marker):
		return true, 0, "a hidden value came back"
	case got.code != want.code:
		return true, 0, fmt.Sprintf("SQLSTATE %q, want %q\n%s", got.code, want.code, got.bytes)
	case !slices.Equal(got.columns, want.columns):
		return true, 0, fmt.Sprintf("columns\n got %v\nwant %v", got.columns, want.columns)
	case !slices.Equal(got.rows, want.rows):
		return true, 0, fmt.Sprintf("rows\n got %.600v\nwant %.600v", got.rows, want.rows)
	case got.tag != want.tag:
		return true, 0, fmt.Sprintf("tag %q, want %q", got.tag, want.tag)
	}
	return true, len(want.rows), ""
}

func oracleQueries(t testing.TB) []string { return queriesIn(t, "oracle.sql") }

// queriesIn reads the queries of a file of testdata.
func queriesIn(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, q := range strings.Split(string(file), ";\n") {
		lines := slices.DeleteFunc(strings.Split(q, "\n"), func(l string) bool { return strings.HasPrefix(l, "--") || l == "" })
		if len(lines) > 0 {
			out = append(out, strings.Join(lines, "\n"))
		}
	}
	return out
}

func TestOracle(t *testing.T) {
	o := newOracle(t, damage{})
	var cases, refused, withRows int
	for _, sql := range oracleQueries(t) {
		cases++
		accepted, rows, problem := o.compare(sql)
		if problem != "" {
			result, _ := o.h.rewrite(sql)
			t.Errorf("%s\n%s\nsent %s", sql, problem, result.Statements[0].SQL)
		}
		if !accepted {
			refused++
			_, err := o.h.rewrite(sql)
			t.Errorf("%s\nrefused: %v", sql, err)
		}
		if rows > 0 {
			withRows++
		}
	}
	t.Logf("%d cases, %d refused, %d with rows", cases, refused, withRows)
	if cases < 150 || withRows*100 < cases*80 {
		t.Errorf("the oracle needs at least 150 cases, and rows in at least 80 of 100")
	}
}

// TestOracleSeesDamage proves that the oracle would see a filter, a mask or a fence that is missing.
func TestOracleSeesDamage(t *testing.T) {
	for name, broken := range mutations() {
		t.Run(name, func(t *testing.T) {
			o := newOracle(t, broken)
			seen := 0
			for _, sql := range oracleQueries(t) {
				if _, _, problem := o.compare(sql); problem != "" {
					seen++
				}
			}
			if len(oracleQueries(t)) == seen {
				t.Error("everything turned red: the oracle itself is broken")
			}
			t.Logf("without the %s, %d cases turn red", name, seen)
			if seen == 0 {
				t.Errorf("nothing turned red without the %s", name)
			}
		})
	}
}
