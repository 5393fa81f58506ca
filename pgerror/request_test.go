package pgerror

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRequestAccessHint: what the hint says to paste is one word to a shell, whatever the client called its table, and names the source as resource
// files do.
func TestRequestAccessHint(t *testing.T) {
	for _, c := range []struct {
		source []string
		want   string
	}{
		{[]string{"tpch", "public", "orders"}, "tpch.public.orders"},
		{[]string{"tpch", "public", "Größe"}, "tpch.public.Größe"},
		{[]string{"tpch", "my schema", `a.b"c`}, `tpch.my schema."a.b""c"`},
		{[]string{"tpch", "public", "$(touch /tmp/x); it's `id` \\ --policy"}, "tpch.public.$(touch /tmp/x); it's `id` \\ --policy"},
		{[]string{"tpch", "public", "two\nlines"}, ""},
		{[]string{"tpch", "public", "\x1b[31m"}, ""},
		{[]string{"tpch", "", "orders"}, ""},
		{nil, ""},
	} {
		hint := UndefinedTable("orders", c.source...).Hint
		_, command, found := strings.Cut(hint, ": postern ")
		if !found {
			if c.want != "" || hint != "It may exist without being shared with you; ask its owner for access (postern request)." {
				t.Errorf("%q: %s", c.source, hint)
			}
			continue
		}
		// The shell tells how it reads the words.
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\\n' "+command).Output()
		if want := "request\n" + c.want + "\n--reason\nwhy I need it\n"; err != nil || string(out) != want {
			t.Errorf("%q: %s\nis read as %q, want %q (%v)", c.source, hint, out, want, err)
		}
	}
}
