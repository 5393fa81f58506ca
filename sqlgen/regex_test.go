package sqlgen

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// TestRegexMeansTheSame holds that what the pattern check lets through is replaced by PostgreSQL exactly as Go's regexp does
// with the longest match and a dot for line breaks: the documented subset has one meaning.
func TestRegexMeansTheSame(t *testing.T) {
	conn := connect(t)
	run(t, conn, "CREATE TABLE public.t (v text)")
	snapshot := textTable(t)
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		pattern := genPattern(t, 3)
		view, ok := regexView(t, snapshot, pattern)
		if !ok {
			return
		}
		accepted++
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "1", "2", "-", "é", ".", "\n", "aa", "12"}), 0, 12).Draw(t, "text"), "")
		want := regexp.MustCompile("(?s)" + pattern)
		want.Longest()
		sql := strings.Replace(view, "FROM public.t AS", "FROM (VALUES ($1::text)) AS t(v), LATERAL (SELECT t.v) AS", 1)
		result := conn.ExecParams(t.Context(), sql, [][]byte{[]byte(text)}, nil, nil, nil).Read()
		if result.Err != nil {
			t.Fatalf("%q on %q: %v", pattern, text, result.Err)
		}
		if got := string(result.Rows[0][0]); got != want.ReplaceAllLiteralString(text, "*") {
			t.Fatalf("%q on %q: PostgreSQL makes %q, Go %q", pattern, text, got, want.ReplaceAllLiteralString(text, "*"))
		}
	})
	if accepted < 20 {
		t.Errorf("only %d patterns were accepted", accepted)
	}
	t.Logf("%d patterns were compared", accepted)
}

// genPattern draws a pattern from about the subset, and a little outside of it.
func genPattern(t *rapid.T, depth int) string {
	pieces := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		atoms := []string{"a", "b", "1", "é", ".", "[ab]", "[^a]", "[0-9]", `\.`, "-", "[a-]", `[\]x]`, "$", "^", `\n`, `\d`, "{", "aa"}
		atom := rapid.SampledFrom(atoms).Draw(t, "atom")
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "group") == 0 {
			atom = rapid.SampledFrom([]string{"(", "(?:"}).Draw(t, "open") + genPattern(t, depth-1) + ")"
		}
		return atom + rapid.SampledFrom([]string{"", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"}).Draw(t, "repeat")
	}), 1, 4).Draw(t, "pieces")
	out := strings.Join(pieces, "")
	if depth > 0 && rapid.IntRange(0, 3).Draw(t, "or") == 0 {
		out += "|" + genPattern(t, depth-1)
	}
	return out
}

// textTable is a catalog with public.t(v text).
func textTable(t *testing.T) *catalog.Snapshot {
	t.Helper()
	table := &catalog.Table{Schema: "public", Name: "t", Kind: catalog.KindTable, Registered: true,
		Columns: []catalog.Column{{Name: "v", Type: "text", Category: 'S', Reviewed: true}}}
	snapshot, err := catalog.New(1, "tpch", []*catalog.Table{table})
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// regexView prints the mask for a pattern; false if it is not accepted.
func regexView(t *rapid.T, snapshot *catalog.Snapshot, pattern string) (string, bool) {
	on := policy.Selector{Tables: []string{"tpch.public.t"}}
	program, _, err := policy.Compile(policy.Input{
		Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "m", On: on, Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"v"}, Regex: &policy.RegexMask{Pattern: pattern, Replace: "*"}}}}}},
	})
	if err != nil {
		return "", false
	}
	d := program.Decide(policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann"})), []policy.Want{{Table: snapshot.Tables()[0]}})[0]
	view, err := Postgres().View(&d)
	if err != nil {
		t.Fatal(err)
	}
	return view.SQL, true
}
