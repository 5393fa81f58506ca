package sqlparse

import "testing"

// FuzzParse holds that no text makes the parser or the resolver panic, and that a mistake always has a message.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"c_nationkey IN (SELECT n_nationkey FROM public.nation JOIN public.region ON n_regionkey = r_regionkey WHERE @attributeValuesContains('region', r_name))",
		"c_name =@username || 'x'", "NOT @isInGroups('a','b') OR c_seen > now() - interval '30 days'", "CASE c_custkey WHEN 1 THEN true END",
		"c_mail LIKE '%\u00e9' ESCAPE '!' -- x", "c_custkey BETWEEN 1 AND -9223372036854775808", "c_open; SELECT", "<@username", "E'\\x00'", "U&'\\0061'",
	} {
		f.Add(seed)
	}
	snapshot, source := shop(f)
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := Parse(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a message")
			}
			return
		}
		got, err := rule.Resolve(snapshot, source)
		if err == nil && got.Expr == nil {
			t.Error("neither an expression nor an error")
		}
	})
}
