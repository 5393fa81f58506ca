// Package arch keeps the architecture: which package may import which, and the shape of packages, files and functions.
//
// It is tooling, outside the floors. It reads the source files itself: a test that asks the go tool is cached by what it
// opened, and stays green after a violation.
//
//	floors.go      the table: every folder that may hold Go files, and its floor
//	tree.go        reading the files: imports, functions, lines
//	rules.go       what must hold; each rule is one function from the tree to a list of violations
//	arch_test.go   the rules on this module
//	rules_test.go  each rule is shown to find a violation, so that it cannot be green by not looking
//
// The life of one violation: Read parses all Go files of the module, tests and all platforms included; Check runs the rules;
// the test prints each violation with the file's name.
//
// It must never have a list of exceptions. A package that needs one belongs on another floor, and the table says so.
package arch
