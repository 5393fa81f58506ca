package evaluator_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestImportsNothing: what policies are held against shares no line with what enforces them: it imports nothing of this module.
func TestImportsNothing(t *testing.T) {
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		read++
		for _, imported := range f.Imports {
			if strings.Contains(imported.Path.Value, "posternsql/postern") {
				t.Errorf("%s imports %s", name, imported.Path.Value)
			}
		}
	}
	if read < 5 {
		t.Errorf("only %d files were read", read)
	}
}
