package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Module is the path of this module, with which its own imports begin.
const Module = "github.com/posternsql/postern"

// File is what the rules need to know of one Go file.
type File struct {
	Path      string // relative to the module, with slashes
	Folder    string // the folder of Path; "." for the root
	Test      bool   // a _test.go file
	Generated bool   // carries the mark of generated code
	Doc       bool   // the package clause has a comment
	Lines     int
	Imports   []string // the folders of this module that it imports, "." for the root
	Functions []Function
}

// Function is a function or method with a body.
type Function struct {
	Name  string
	Line  int
	Lines int // from func to the closing brace
}

// Read parses every Go file of the module in fsys, for all platforms, except what the go tool does not see either: folders
// named testdata, those that begin with a dot or an underscore, and other modules.
func Read(fsys fs.FS) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && ignored(fsys, p, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(p) != ".go" {
			return nil
		}
		f, err := readFile(fsys, p)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the module's files: %w", err)
	}
	return files, nil
}

func ignored(fsys fs.FS, p, name string) bool {
	if name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(p, "go.mod"))
	return err == nil
}

func readFile(fsys fs.FS, p string) (File, error) {
	text, err := fs.ReadFile(fsys, p)
	if err != nil {
		return File{}, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, p, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return File{}, fmt.Errorf("parsing %s: %w", p, err)
	}
	f := File{
		Path: p, Folder: path.Dir(p), Test: strings.HasSuffix(p, "_test.go"), Generated: ast.IsGenerated(tree),
		Doc: tree.Doc != nil, Lines: bytes.Count(text, []byte("\n")),
	}
	for _, spec := range tree.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, fmt.Errorf("reading an import of %s: %w", p, err)
		}
		if name == Module {
			f.Imports = append(f.Imports, ".")
		} else if folder, ours := strings.CutPrefix(name, Module+"/"); ours {
			f.Imports = append(f.Imports, folder)
		}
	}
	for _, decl := range tree.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		first, last := set.Position(fn.Type.Pos()).Line, set.Position(fn.End()).Line
		f.Functions = append(f.Functions, Function{Name: fn.Name.Name, Line: first, Lines: last - first + 1})
	}
	return f, nil
}
