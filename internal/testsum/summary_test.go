package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	const (
		pass  = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
		okP   = `{"Action":"pass","Package":"p","Elapsed":1.5}` + "\n"
		fail  = `{"Action":"output","Package":"p","Test":"TestB","Output":"what went wrong\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestB"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
		skip  = `{"Action":"skip","Package":"p","Test":"TestC"}` + "\n"
		empty = `{"Action":"skip","Package":"q"}` + "\n"
		crash = `{"Action":"output","Package":"p","Output":"panic: at start\n"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
		build = `{"ImportPath":"p [p.test]","Action":"build-output","Output":"does not compile\n"}` + "\n" + `{"ImportPath":"p [p.test]","Action":"build-fail"}` + "\n" + `{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}` + "\n"
	)
	for _, c := range []struct{ name, events, err, output string }{
		{"all pass", pass + okP + empty, "", "1 tests in 1 packages: 1 passed, 0 failed, 0 skipped"},
		{"one fails", pass + fail, "1 tests and 1 packages failed", "what went wrong"},
		{"one is skipped", pass + skip + okP, "1 tests were skipped", ""},
		{"nothing ran", empty, "no test ran", ""},
		{"no events", "", "no test ran", ""},
		{"a package crashes", pass + crash, "0 tests and 1 packages failed", "panic: at start"},
		{"a package does not build", build, "0 tests and 1 packages failed", "does not compile"},
		{"noise", "go: no network\n", "no test ran", "go: no network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			s := newSummary(&out, nil)
			if err := s.read(strings.NewReader(c.events)); err != nil {
				t.Fatal(err)
			}
			err := s.close()
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
			if !strings.Contains(out.String(), c.output) {
				t.Errorf("%q is not in %q", c.output, out.String())
			}
		})
	}
}

func TestRequired(t *testing.T) {
	const events = `{"Action":"pass","Package":"github.com/posternsql/postern/proxy","Test":"TestA/one"}` + "\n"
	for _, c := range []struct{ name, list, err string }{
		{"all ran", "# why\n\nproxy TestA/one # the first\n", ""},
		{"one is missing", "proxy TestA/one\nproxy TestA/two\n", "proxy TestA/two"},
		{"another package's", "rewrite TestA/one\n", "rewrite TestA/one"},
		{"not a list", "proxy\n", "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(path, []byte(c.list), 0o600); err != nil {
				t.Fatal(err)
			}
			err := run(strings.NewReader(events), &strings.Builder{}, path)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
	if err := run(strings.NewReader(events), &strings.Builder{}, "/none"); err == nil {
		t.Error("a list that is not there was not missed")
	}
}
