package sqlgen_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/sqlgen"
)

// TestRedshiftListsAreExact holds that looking for a value in a list finds it exactly if it is there, whatever the values are.
func TestRedshiftListsAreExact(t *testing.T) {
	parts := []string{"%", "%25", "%v", "%e0%;", "%x%;", "%n", "a", "A", "b", " ", "  ", "'", `\`, "é", "|", ";", "0", "\n", "\x00", "\xff", "25"}
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 6).Draw(t, "parts"), "")
	})
	found, missed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(text, 0, 6).Draw(t, "values")
		list := sqlgen.RedshiftList(values)
		if (len(values) == 0) != (list == "") {
			t.Errorf("%q is the list %q", values, list)
		}
		for _, v := range append(slices.Clone(values), rapid.SliceOfN(text, 0, 6).Draw(t, "others")...) {
			storable := !strings.Contains(v, "\x00") && !strings.Contains(v, "\xff")
			if has := strings.Contains(list, sqlgen.RedshiftList([]string{v})); storable && has != slices.Contains(values, v) {
				t.Errorf("%q in %q is %t, by %q", v, values, has, list)
			}
			// The form for a column's value, without the blanks at its end.
			like := func(other string) bool { return strings.TrimRight(other, " ") == strings.TrimRight(v, " ") }
			item := "%v" + strings.ReplaceAll(strings.TrimRight(v, " "), "%", "%25") + "%e"
			if has := strings.Contains(list, item); storable && has != slices.ContainsFunc(values, like) {
				t.Errorf("%q without blanks in %q is %t, by %q", v, values, has, list)
			} else if has {
				found++
			} else {
				missed++
			}
		}
	})
	t.Logf("%d found, %d missed", found, missed)
	if found < 50 || missed < 50 {
		t.Error("too few")
	}
}

// TestRedshiftProfileFits: who has more than the warehouse can hold has no profile, rather than a part of one.
func TestRedshiftProfileFits(t *testing.T) {
	good := sqlgen.RedshiftPerson{Account: "ann", User: "ann", Groups: []string{"a", "b ", "\x00"}, Purposes: []string{"%"}, Flags: []string{"true:x"},
		Attributes: map[string][]string{"region": {"EU", "EU ", "US"}, "none": {}, "odd": {"\xff"}, "\xff": {"x"}}, Tables: []string{"public.t"}}
	profile, rows, err := sqlgen.NewRedshiftProfile(good)
	if err != nil {
		t.Fatal(err)
	}
	if want := "%nodd%x%;%nregion%vEU%e0%;%nregion%vEU%e1%;%nregion%vUS%e0%;"; profile.Attributes != want {
		t.Errorf("attributes %s, want %s", profile.Attributes, want)
	}
	if len(profile.Values()) != len(sqlgen.RedshiftProfileColumns()) {
		t.Error("columns and values of the profile")
	}
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join(row.Values(), "/"))
	}
	want := []string{"attribute/region;/EU", "attribute/region;/EU ", "attribute/region;/US", "flag/;/true:x", "group/;/a", "group/;/b ", "purpose/;/%", "table/;/public.t"}
	if !slices.Equal(got, want) {
		t.Errorf("entitlements %q", got)
	}
	for name, spoil := range map[string]func(*sqlgen.RedshiftPerson){
		"no account":     func(p *sqlgen.RedshiftPerson) { p.Account = "" },
		"a blank":        func(p *sqlgen.RedshiftPerson) { p.Account = "ann " },
		"a long account": func(p *sqlgen.RedshiftPerson) { p.Account = strings.Repeat("a", 128) },
		"no user":        func(p *sqlgen.RedshiftPerson) { p.User = "" },
		"a long user":    func(p *sqlgen.RedshiftPerson) { p.User = strings.Repeat("é", 200) },
		"a long list":    func(p *sqlgen.RedshiftPerson) { p.Groups = slices.Repeat([]string{strings.Repeat("g", 100)}, 700) },
		"a long value":   func(p *sqlgen.RedshiftPerson) { p.Attributes = map[string][]string{"a": {strings.Repeat("v", 17_000)}} },
		"a long name":    func(p *sqlgen.RedshiftPerson) { p.Attributes = map[string][]string{strings.Repeat("n", 1024): {"v"}} },
		"a zero byte":    func(p *sqlgen.RedshiftPerson) { p.User = "a\x00" },
	} {
		p := good
		spoil(&p)
		if profile, rows, err := sqlgen.NewRedshiftProfile(p); err == nil || profile != (sqlgen.RedshiftProfile{}) || rows != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRedshiftPlainPieces: names and constants print as what both lexers read alike, or are refused.
func TestRedshiftPlainPieces(t *testing.T) {
	for _, value := range []string{"", "a", "it's", `a\b`, "é", "\n"} {
		sql, err := sqlgen.Redshift().Text(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := lex.Same(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if sql, err := sqlgen.Redshift().Ident("a b"); err != nil || sql != `"a b"` {
		t.Errorf("%s, %v", sql, err)
	}
	for _, name := range []string{"", "A", `a\`, strings.Repeat("a", 64)} {
		if sql, err := sqlgen.Redshift().Ident(name); err == nil {
			t.Errorf("%q printed as %s", name, sql)
		}
	}
	if sql, err := sqlgen.Redshift().Text("\x00"); err == nil {
		t.Errorf("printed %q", sql)
	}
}
