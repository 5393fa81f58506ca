package difftest

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestIndependent: what says which answer is right shares nothing with what is tested.
func TestIndependent(t *testing.T) {
	looked := 0
	for _, folder := range []string{"sanitised", "querygen", "evaluator"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			looked++
			for _, i := range tree.Imports {
				path := strings.Trim(i.Path.Value, `"`)
				if strings.HasPrefix(path, "github.com/posternsql/") && !strings.Contains(path, "/internal/") {
					t.Errorf("%s imports %s", file, path)
				}
			}
		}
	}
	if looked < 8 {
		t.Errorf("looked at %d files only", looked)
	}
}
