package difftest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// everyTable names all relations, those that somebody may not see too.
func everyTable() []string {
	return []string{"shop.customer", "shop.orders", "shop.orders_2024", "shop.line", "ref.item", "ref.nation", "ref.types", "shop.event", "ONLY shop.event",
		"shop.event_web", "hr.dept", "hr.employee", `shop."Odd Name"`, "shop.spender", "hr.secret", "hr.nation", "nation", "shop.orders_2023",
		"shop.unregistered", "shop.customer_v", "shop.order_totals", "shop.secret_v", "shop.ratio_v", "shop.deep_v",
		"shop.all_v", "shop.latest_v", "shop.only_v", "shop.staff_v"}
}

// TestTables: everybody sees of each table what their copy of it holds, by each protocol.
func TestTables(t *testing.T) {
	p := startPostern(t, damage{})
	var total tally
	for _, person := range []string{"ann", "bob", "cyd", "dora"} {
		o := newOracle(t, p, person)
		for _, table := range everyTable() {
			for _, how := range []protocol{simple, extended, binary} {
				v := o.compare(t.Context(), how, statement{sql: "SELECT * FROM " + table})
				total.add(v)
				if v.outcome != equal && v.outcome != equalError {
					t.Errorf("%s reads %s, %s protocol: %s %s", person, table, how, v.code, v.detail)
				}
			}
		}
	}
	t.Log(&total)
}

// handCase is a statement of testdata/cases. A line that begins with @ says what is expected of the next statement:
//
//	@refused CODE,…   Postern says no with one of these codes; the copy is not asked
//	@differs why      a difference that docs/statements.md tells of: it has to be there, and is counted
//	@safe             what comes back depends on the server: no marker, and no error of ours; it is not compared
//	@params a|b       values, so that it runs by the extended protocol only
type handCase struct {
	where   string
	sql     string
	refused []string
	safe    bool
	differs string
	params  [][]byte
}

// section is what runs in one session, one statement after the other.
type section struct {
	name  string
	cases []handCase
}

// handCases reads the files of testdata/cases: a statement is a line that ends in a semicolon, a section begins with #.
func handCases(t testing.TB) []section {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var out []section
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		next := handCase{}
		for i, line := range strings.Split(string(text), "\n") {
			directive, value, _ := strings.Cut(line, " ")
			switch {
			case line == "" || strings.HasPrefix(line, "--"):
			case directive == "#":
				out = append(out, section{name: filepath.Base(file) + " " + value})
			case directive == "@refused":
				next.refused = strings.Split(value, ",")
			case directive == "@differs":
				next.differs = value
			case directive == "@safe":
				next.safe = true
			case directive == "@params":
				for _, p := range strings.Split(value, "|") {
					next.params = append(next.params, []byte(p))
				}
			case strings.HasSuffix(line, ";"):
				next.sql, next.where = strings.TrimSuffix(line, ";"), fmt.Sprintf("%s:%d", filepath.Base(file), i+1)
				last := &out[len(out)-1]
				last.cases = append(last.cases, next)
				next = handCase{}
			default:
				t.Fatalf("%s:%d: neither statement nor directive: %s", file, i+1, line)
			}
		}
	}
	return out
}

// run asks one case and says what is wrong.
func (o *oracle) run(t testing.TB, how protocol, c handCase) (verdict, string) {
	t.Helper()
	st := statement{sql: c.sql, params: c.params, ordered: strings.Contains(strings.ToLower(c.sql), "order by 1")}
	if c.refused == nil && !c.safe {
		v := o.compare(t.Context(), how, st)
		if v.outcome == leaking && strings.Contains(c.sql, sanitised.Marker(o.person)) {
			// An error repeats the names of the client's own text.
			v = o.compareAnswers(t.Context(), how, st)
			o.proxied.tap.take()
		}
		switch {
		case c.differs != "" && v.outcome == differing:
			v.outcome = refused
			return v, ""
		case v.outcome == equal, v.outcome == equalError:
			return v, ""
		}
		return v, v.detail + " " + v.code
	}
	got := o.proxied.ask(t.Context(), how, st)
	if leaked := o.proxied.tap.take(); leaked != "" {
		return verdict{outcome: leaking}, fmt.Sprintf("a hidden value came back: %q", leaked)
	}
	v := verdict{outcome: equal, code: got.code, detail: got.message, rows: len(got.rows)}
	if isRefusal(got.code) || got.code == "42P01" {
		v.outcome = refused
	}
	if c.refused != nil && !slices.Contains(c.refused, got.code) {
		return v, fmt.Sprintf("SQLSTATE %q (%s), want a refusal with %v", got.code, got.message, c.refused)
	}
	return v, ""
}

// reset brings both sessions back to where they began.
func (o *oracle) reset(t testing.TB) {
	t.Helper()
	for _, sql := range []string{"ROLLBACK", "DISCARD ALL"} {
		for _, c := range []*client{o.proxied, o.plain} {
			if a := c.ask(t.Context(), simple, statement{sql: sql}); a.code != "" {
				t.Fatalf("%s: %s", sql, a.message)
			}
		}
	}
}

// minimumHandCases is how many there have to be at least, and acceptedHandCases how many of them at least are let through.
const (
	minimumHandCases  = 800
	acceptedHandCases = 650
	maximumDifferent  = 11
)

// TestCases: what was thought of by hand, by everybody and by each protocol.
func TestCases(t *testing.T) {
	p := startPostern(t, damage{})
	sections := handCases(t)
	cases, open, different := 0, 0, 0
	for _, s := range sections {
		for _, c := range s.cases {
			cases++
			if c.refused == nil {
				open++
			}
			if c.differs != "" {
				different++
			}
		}
	}
	var total tally
	failed, differed := map[string]bool{}, map[string]bool{}
	for _, person := range []string{"ann", "bob", "cyd"} {
		o := newOracle(t, p, person)
		for _, s := range sections {
			for _, how := range []protocol{simple, extended, binary} {
				for _, c := range s.cases {
					if how == simple && c.params != nil || how == binary && person != "ann" {
						continue
					}
					v, problem := o.run(t, how, c)
					total.add(v)
					// Whose rows and values are all there reads the table itself, and may not differ.
					differed[c.where] = differed[c.where] || c.differs != "" && v.outcome == refused
					if problem != "" && !failed[c.where] {
						failed[c.where] = true
						t.Errorf("%s as %s, %s protocol: %s\n%s", c.where, person, how, c.sql, problem)
					}
				}
				o.reset(t)
			}
		}
	}
	for _, s := range sections {
		for _, c := range s.cases {
			if c.differs != "" && !differed[c.where] {
				t.Errorf("%s: it does not differ any more: %s", c.where, c.sql)
			}
		}
	}
	t.Logf("%d cases by hand, %d of them refused on purpose, %d with a documented difference: %s", cases, cases-open, different, &total)
	if different > maximumDifferent {
		t.Errorf("%d cases with a documented difference, at most %d", different, maximumDifferent)
	}
	if cases < minimumHandCases || open < acceptedHandCases {
		t.Errorf("%d cases, %d of them let through; at least %d and %d", cases, open, minimumHandCases, acceptedHandCases)
	}
}
