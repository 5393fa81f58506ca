package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build event, instead of Package
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// summary counts events and keeps the output of tests until it is known whether it is wanted.
type summary struct {
	w                               io.Writer
	output                          map[string]*strings.Builder // by package and test
	packages, passed, failed, skips int
	brokenPackages                  int
	names                           map[string]bool // of the tests that passed: package and test
	required                        required
}

func newSummary(w io.Writer, must required) *summary {
	return &summary{w: w, output: map[string]*strings.Builder{}, names: map[string]bool{}, required: must}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading test events: %w", err)
		}
	}
}

// line takes one event. What is not an event (the compiler, a crash of the go tool) is shown as it is.
func (s *summary) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		fmt.Fprintf(s.w, "%s", line)
		return
	}
	switch e.Action {
	case "output", "build-output":
		b := s.output[e.key()]
		if b == nil {
			b = &strings.Builder{}
			s.output[e.key()] = b
		}
		b.WriteString(e.Output)
	case "pass", "fail", "skip":
		s.end(e)
	}
}

func (e event) key() string { return e.Package + e.ImportPath + " " + e.Test }

// end takes the end of a test or of a package.
func (s *summary) end(e event) {
	output := ""
	if b := s.output[e.key()]; b != nil {
		output = b.String()
		delete(s.output, e.key())
	}
	if e.Test == "" {
		s.endPackage(e, output)
		return
	}
	switch e.Action {
	case "pass":
		s.passed++
		s.names[e.key()] = true
		return
	case "fail":
		s.failed++
	case "skip":
		s.skips++
	}
	fmt.Fprint(s.w, output)
}

func (s *summary) endPackage(e event, output string) {
	switch e.Action {
	case "skip": // it has no test files
		return
	case "pass":
		fmt.Fprintf(s.w, "ok    %-60s %6.1fs\n", e.Package, e.Elapsed)
	case "fail":
		s.brokenPackages++
		if b := s.output[event{ImportPath: e.FailedBuild}.key()]; b != nil {
			fmt.Fprint(s.w, b.String())
		}
		fmt.Fprintf(s.w, "%sFAIL  %-60s %6.1fs\n", output, e.Package, e.Elapsed)
	}
	s.packages++
}

// close prints the counts and says whether all is well.
func (s *summary) close() error {
	fmt.Fprintf(s.w, "%d tests in %d packages: %d passed, %d failed, %d skipped\n",
		s.passed+s.failed+s.skips, s.packages, s.passed, s.failed, s.skips)
	missing := s.required.missing(s.names)
	switch {
	case s.failed > 0 || s.brokenPackages > 0:
		return fmt.Errorf("%d tests and %d packages failed", s.failed, s.brokenPackages)
	case s.skips > 0:
		return fmt.Errorf("%d tests were skipped: a test runs or fails", s.skips)
	case s.passed == 0:
		return errors.New("no test ran")
	case len(missing) > 0:
		return fmt.Errorf("required tests that did not run:\n\t%s", strings.Join(missing, "\n\t"))
	}
	return nil
}
