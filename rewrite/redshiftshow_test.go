package rewrite

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestShowLike holds the patterns of SHOW against regular expressions, and that no pattern takes long.
func TestShowLike(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab_%é")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		pattern, name := text.Draw(t, "pattern"), text.Draw(t, "name")
		var b strings.Builder
		for _, c := range pattern {
			switch c {
			case '%':
				b.WriteString(`(?s:.*)`)
			case '_':
				b.WriteString(`(?s:.)`)
			default:
				b.WriteString(regexp.QuoteMeta(string(c)))
			}
		}
		if want := regexp.MustCompile("^" + b.String() + "$").MatchString(name); like(pattern, name) != want {
			t.Fatalf("%q like %q: %t", name, pattern, !want)
		}
	})
	start := time.Now()
	if like(strings.Repeat("%a", 5000)+"b", strings.Repeat("a", 127)) {
		t.Error("it fits")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("a hostile pattern took %s", took)
	}
}
