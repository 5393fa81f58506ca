package policy

import (
	"strings"
	"testing"
)

func TestPatternSubset(t *testing.T) {
	for _, p := range []string{
		"[0-9]", "a", "[^@]+@", "^(a|b)c$", "(?:x|yy){2,3}z", `\.`, `[\]\-\[]`, "é+", ".", `a\tb`, "[a-]", "[0-9]{4}-[0-9]{2}", "([0-9]{4}-){3}", "x{255}", "(a+)b(c*)", `\*\+\{`,
	} {
		if _, err := checkPattern(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	for p, want := range map[string]string{
		"": "1 to", "a\x00": "1 to", "\xff": "1 to", strings.Repeat("a", maxPattern+1): "1 to",
		`\d`: "[0-9]", `\w+`: "A-Za-z", `\s`: `\t`, `\bx`: `\b`, `(a)\1`: `\1`, `\x41`: `\x`, `\Aa`: `\A`, `a\`: "backslash", `[\d]`: "brackets",
		"(?=a)b": "(?:", "(?i)a": "(?:", "(?P<n>a)": "(?:", "a*?": "two quantifiers", "a++": "two quantifiers", "a{2}{3}": "two quantifiers", "*a": "does not follow", "(*a)": "does not follow", "^*": "does not follow",
		"a*": "empty text", "(a|)": "empty text", "^$": "empty text", "a{0,3}": "empty text", "(a+)+b": "repetition", "(a*b?)*c": "repetition", "((a|b+)c)*d": "repetition",
		"a{256}": "255", "a{,3}": "255", "a{x}": "255", "{": "does not follow", "a}": `\}`, "a]": `\]`, "[]a]": `\]`, "[[:alpha:]]": `\[`, "[a": "not closed", "(a": "cannot be read", "a)": "cannot be read",
		"[z-a]": "cannot be read", "(a{200}){200}": "cannot be read",
	} {
		if _, err := checkPattern(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", p, err, want)
		}
	}
}

func TestReplaceSubset(t *testing.T) {
	for _, r := range []string{"", "*", `\1`, `\2\1`, `\&`, `\\`, "é$1"} {
		if err := checkReplace(r, 2); err != nil {
			t.Errorf("%s: %v", r, err)
		}
	}
	for _, r := range []string{`\3`, `\0`, `\`, `a\n`, "\x00", "\xff", strings.Repeat("x", maxReplace+1)} {
		if checkReplace(r, 2) == nil {
			t.Errorf("%.20q is accepted", r)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"public.*", "public.t", true}, {"*.t", "public.t", true}, {"public.o*s", "public.orders", true}, {"public.*d*r*", "public.orders", true}, {"public.t", "public.t", true},
		{"public.*", "public.a.b", false}, {"public.o*x", "public.orders", false}, {"public.aa*aa", "public.aaa", false}, {"*", "public.t", false}, {"public.T", "public.t", false}, {"public.", "public.t", false},
	} {
		if got := matchPattern(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%s on %s: %t", tt.pattern, tt.name, got)
		}
	}
}
