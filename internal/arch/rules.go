package arch

import (
	"fmt"
	"path"
	"slices"
)

// The shape of files and functions.
const (
	MaxFileLines     = 600
	MaxFunctionLines = 60
)

// Check runs every rule and returns one sentence for each violation, sorted, each beginning with the name of a file or
// folder.
func Check(table []Room, files []File) []string {
	found := slices.Concat(unknownFolders(table, files), imports(table, files), documents(files), lengths(files))
	slices.Sort(found)
	return found
}

// unknownFolders: a folder with Go files has its line in the table.
func unknownFolders(table []Room, files []File) []string {
	seen := map[string]bool{}
	var found []string
	for _, f := range files {
		if !seen[f.Folder] && find(table, f.Folder).Kind == Unknown {
			found = append(found, fmt.Sprintf("%s: the folder is not in the table of floors", f.Folder))
		}
		seen[f.Folder] = true
	}
	return found
}

// imports: they go down only, in tests too.
func imports(table []Room, files []File) []string {
	var found []string
	for _, f := range files {
		for _, target := range f.Imports {
			if target == f.Folder { // a test outside of its package
				continue
			}
			if why := refusal(find(table, f.Folder), find(table, target), f.Test, target); why != "" {
				found = append(found, fmt.Sprintf("%s: imports %s: %s", f.Path, target, why))
			}
		}
	}
	return found
}

// refusal says why a file of one room may not import a package of another; empty means that it may.
func refusal(from, to Room, test bool, target string) string {
	switch to.Kind {
	case Unknown:
		return "that folder is not in the table of floors"
	case Command:
		return "nothing imports a command"
	case Harness:
		if from.Path == to.Path {
			return ""
		}
		return "nothing imports a harness"
	case Tooling:
		if from.Kind == Product && !test {
			return "tooling is for tests and commands"
		}
		return ""
	case Product:
		return productRefusal(from, to, target)
	}
	return "the table gives that folder no kind that is known"
}

// productRefusal is refusal for an imported product package.
func productRefusal(from, to Room, target string) string {
	switch from.Kind {
	case Harness:
		return ""
	case Tooling:
		return "tooling imports no product package; what does belongs in a harness"
	case Product, Command:
		if to.Floor < from.Floor || slices.Contains(from.Beside, target) {
			return ""
		}
		return fmt.Sprintf("floor %d may import lower floors only, and that is floor %d", from.Floor, to.Floor)
	case Unknown: // reported for the folder already, but never let through
	}
	return "the importing folder is not in the table of floors"
}

// documents: each package says in doc.go what it is for.
func documents(files []File) []string {
	packages, documented := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		if !f.Test {
			packages[f.Folder] = true
		}
		if path.Base(f.Path) == "doc.go" && f.Doc {
			documented[f.Folder] = true
		}
	}
	var found []string
	for folder := range packages {
		if !documented[folder] {
			found = append(found, fmt.Sprintf("%s: no doc.go with the package's comment", folder))
		}
	}
	return found
}

// lengths: no file and, outside of tests, no function grows beyond what one reads at a sitting. What a program wrote is not
// for reading.
func lengths(files []File) []string {
	var found []string
	for _, f := range files {
		if f.Generated {
			continue
		}
		if f.Lines > MaxFileLines {
			found = append(found, fmt.Sprintf("%s: %d lines, of %d allowed", f.Path, f.Lines, MaxFileLines))
		}
		for _, fn := range f.Functions {
			if !f.Test && fn.Lines > MaxFunctionLines {
				found = append(found, fmt.Sprintf("%s:%d: function %s has %d lines, of %d allowed",
					f.Path, fn.Line, fn.Name, fn.Lines, MaxFunctionLines))
			}
		}
	}
	return found
}
