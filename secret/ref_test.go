package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestRefFromYAML(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{in: "{env: TPCH_PASSWORD}", want: "env TPCH_PASSWORD"},
		{in: "{file: /run/secrets/x}", want: "file /run/secrets/x"},
		{in: "file: 'with space'", want: "file with space"},
		{in: hidden, err: "given by reference"},
		{in: "[" + hidden + "]", err: "given by reference"},
		{in: "12345", err: "given by reference"},
		{in: "{}", err: "exactly one of env and file"},
		{in: "{env: A, file: b}", err: "exactly one of env and file"},
		{in: "{env: A, other: b}", err: "the fields env and file"},
		{in: "{" + hidden + ": b}", err: "the fields env and file"},
		{in: "{value: " + hidden + "}", err: "the fields env and file"},
		{in: "{env: A, env: B}", err: "given twice"},
		{in: "{env: ''}", err: "non-empty string"},
		{in: "{env: [" + hidden + "]}", err: "non-empty string"},
		{in: "{env: 12}", err: "non-empty string"},
		{in: "{env: A=B}", err: "neither '='"},
		{in: "{<<: {env: A}}", err: "the fields env and file"},
	} {
		var r Ref
		err := yaml.Unmarshal([]byte(c.in), &r)
		switch {
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", c.in, err)
		case c.err == "" && r.String() != c.want:
			t.Errorf("%s: got %s, want %s", c.in, r, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: got error %v, want one with %q", c.in, err, c.err)
		case c.err != "" && !r.IsZero():
			t.Errorf("%s: a refused reference was stored: %s", c.in, r)
		case err != nil && strings.Contains(err.Error(), hidden):
			t.Errorf("%s: the error repeats the secret: %v", c.in, err)
		}
	}
}

func TestInlineSecretIsAnError(t *testing.T) {
	var config struct {
		Password Ref `yaml:"password"`
	}
	err := yaml.Unmarshal([]byte("password: "+hidden), &config)
	if !errors.Is(err, ErrInline) || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("POSTERN_TEST_SECRET", hidden)
	t.Setenv("POSTERN_TEST_EMPTY", "")
	full := strings.Repeat("x", MaxFileBytes)
	for _, c := range []struct {
		ref       Ref
		want, err string
	}{
		{ref: Ref{Env: "POSTERN_TEST_SECRET"}, want: hidden},
		{ref: Ref{File: write("lf", hidden+"\n")}, want: hidden},
		{ref: Ref{File: write("crlf", hidden+"\r\n")}, want: hidden},
		{ref: Ref{File: write("two", hidden+"\n\n")}, want: hidden + "\n"},
		{ref: Ref{File: write("bare", hidden+"\r")}, want: hidden + "\r"},
		{ref: Ref{File: write("full", full+"\r\n")}, want: full},
		{ref: Ref{File: write("large", full+"y")}, err: "larger than 65536 bytes"},
		{ref: Ref{File: write("huge", full+full)}, err: "larger than 65536 bytes"},
		{ref: Ref{File: write("empty", "\n")}, err: "it is empty"},
		{ref: Ref{File: filepath.Join(dir, "absent")}, err: "absent"},
		{ref: Ref{File: dir}, err: "directory"},
		{ref: Ref{Env: "POSTERN_TEST_EMPTY"}, err: "env POSTERN_TEST_EMPTY: it is empty"},
		{ref: Ref{Env: "POSTERN_TEST_UNSET"}, err: "env POSTERN_TEST_UNSET: the variable is not set"},
		{ref: Ref{}, err: "exactly one"},
		{ref: Ref{Env: "POSTERN_TEST_SECRET", File: "x"}, err: "exactly one"},
	} {
		v, err := c.ref.Resolve()
		switch {
		case c.err == "" && (err != nil || v.Reveal() != c.want):
			t.Errorf("%s: wrong secret or error: %v", c.ref, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !v.IsZero()):
			t.Errorf("%s: got error %v, want one with %q", c.ref, err, c.err)
		case err != nil && (strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), "xxxx")):
			t.Errorf("%s: the error repeats the secret", c.ref)
		}
	}
}
