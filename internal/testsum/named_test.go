package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNamedTests holds every -run, -skip and -bench of the Makefile, the scripts and the pages to the sources: for the go tool, a name that no test has is no
// mistake, and what was renamed would silently no longer run.
func TestNamedTests(t *testing.T) {
	module := os.DirFS("../..")
	tests, err := testNames(module)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, glob := range []string{"Makefile", ".ci/*", "scripts/*.sh", "docs/*.md"} {
		files, err := fs.Glob(module, glob)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", glob, len(files), err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(module, file)
			if err != nil {
				t.Fatal(err)
			}
			names, faults := checkNamed(string(text), tests)
			seen += names
			for _, fault := range faults {
				t.Errorf("%s: %s", file, fault)
			}
		}
	}
	// A reader that lost its way would find nothing wrong.
	if seen < 50 {
		t.Errorf("read only %d names", seen)
	}
	t.Logf("%d names of tests", seen)
}

// TestNamedTestsFinds is the proof that the check looks.
func TestNamedTestsFinds(t *testing.T) {
	tests := map[string][]string{"push": {"TestPlan", "TestDrift", "BenchmarkSize"}, "warehouse": {"TestRegister"}, "warehouse/serverlog": {"TestFollow"}}
	for _, c := range []struct {
		command string
		names   int
		fault   string // "": none
	}{
		{`go test ./push -run '^(TestPlan|TestDrift)$'`, 2, ""},
		{"\"$go\" test ./push \\\n\t-run '^(TestPlan|TestDrift|TestGone)$'", 3, `"^TestGone$"`},
		{`$(GO) test ./push -v -run '^TestPla$$'`, 1, `"^TestPla$"`},
		{`"${GO:-go}" test -skip '^(TestPlan|TestFollow|TestGone)$' ./push ./warehouse/...`, 3, `"^TestGone$"`},
		{`go test -run '^$' -bench '^Benchmark(Size|Gone)$' ./push | grep TestPlan`, 2, `"^BenchmarkGone$"`},
		{`go test ./warehouse -run TestFollow`, 1, `"TestFollow"`},
		{`go test ./push -run=TestGone`, 1, `"TestGone"`},
		{"see `go test ./push -run TestGone -update`.", 1, `"TestGone"`},
		{`go test -run '^(Test(Plan|Drift))$' ./push`, 1, "unreadable"},
		{`go test -run TestPlan`, 1, "no package"},
		{`go test ./gone -run TestPlan`, 1, `"TestPlan"`},
		{`go test ./push -run '^(TestPlan|)$'`, 2, `"^$"`},
	} {
		names, faults := checkNamed(c.command, tests)
		if names != c.names || (c.fault == "") != (len(faults) == 0) || c.fault != "" && !strings.Contains(faults[0], c.fault) {
			t.Errorf("%s: %d names, %q; want %d names, %q", c.command, names, faults, c.names, c.fault)
		}
	}
}

var (
	testCommand = regexp.MustCompile(`(?:\bgo|"\$go"|\$\(GO\)|"\$\{GO:-go\}") test ((?:'[^']*'|"[^"]*"|[^'"|;` + "`" + `\n])*)`)
	shellWord   = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
	group       = regexp.MustCompile(`^([^()|]*)\(([^()]*)\)([^()|]*)$`)
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz|Example)\w*)\(`)
)

// testNames are the tests of the module's sources, under any build tag, by folder.
func testNames(module fs.FS) (map[string][]string, error) {
	tests := map[string][]string{}
	return tests, fs.WalkDir(module, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(module, file)
		for _, found := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests[path.Dir(file)] = append(tests[path.Dir(file)], found[1])
		}
		return err
	})
}

// checkNamed reads the commands `go test` out of a script and says how many names they hold, and which of them no test has.
func checkNamed(text string, tests map[string][]string) (names int, faults []string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\\\n", " "), "$$", "$")
	for _, command := range testCommand.FindAllStringSubmatch(text, -1) {
		var packages, patterns []string
		words := shellWord.FindAllString(command[1], -1)
		for i, word := range words {
			flag, value, joined := strings.Cut(word, "=")
			switch {
			case strings.HasPrefix(word, "./"):
				packages = append(packages, strings.TrimPrefix(word, "./"))
			case !slices.Contains([]string{"-run", "-skip", "-bench"}, flag):
			case joined:
				patterns = append(patterns, alternatives(value)...)
			case i+1 < len(words):
				patterns = append(patterns, alternatives(words[i+1])...)
			}
		}
		for _, pattern := range patterns {
			if why := unnamed(pattern, packages, tests); why != "" {
				faults = append(faults, fmt.Sprintf("%s: %q %s", strings.TrimSpace(command[0]), pattern, why))
			}
		}
		names += len(patterns)
	}
	return names, faults
}

// alternatives takes a list of names apart: one pattern for each. '^$', which is no test on purpose, is none.
func alternatives(pattern string) []string {
	pattern = strings.Trim(pattern, `'"`)
	if pattern == "^$" {
		return nil
	}
	around := group.FindStringSubmatch(pattern)
	if around == nil {
		return []string{pattern}
	}
	var each []string
	for name := range strings.SplitSeq(around[2], "|") {
		each = append(each, around[1]+name+around[3])
	}
	return each
}

// unnamed says why a pattern names no test of the packages; "" is that it names one.
func unnamed(pattern string, packages []string, tests map[string][]string) string {
	name, err := regexp.Compile(pattern)
	switch {
	case err != nil || strings.ContainsAny(pattern, "()|/"):
		return "is unreadable: a name, or one list of names in brackets"
	case len(packages) == 0:
		return "stands with no package"
	}
	for folder, functions := range tests {
		in := func(p string) bool {
			base, below := strings.CutSuffix(p, "/...")
			return folder == base || below && strings.HasPrefix(folder, base+"/")
		}
		if slices.ContainsFunc(packages, in) && slices.ContainsFunc(functions, name.MatchString) {
			return ""
		}
	}
	return "is no test's name"
}
