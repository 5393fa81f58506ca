package sqlgen

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocsNameEveryCase holds docs/policies.md and the case files together: each case stands behind a sentence, and each
// name in the document is that of a case.
func TestDocsNameEveryCase(t *testing.T) {
	text, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(casesDir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("no case files")
	}
	cases := map[string]bool{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		cases[name] = true
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/policies.md does not name the case %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`((?:subscription|rows|mask|conflict|hidden)-[a-z-]+)`").FindAllStringSubmatch(string(text), -1) {
		if !cases[m[1]] {
			t.Errorf("docs/policies.md names %s, which is no case", m[1])
		}
	}
}
