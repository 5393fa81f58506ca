package secret

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxFileBytes bounds a secret, whether it comes from a file or from the
// environment (64 KiB).
const MaxFileBytes = 64 << 10

// Ref names where a secret is kept: {env: NAME} or {file: PATH} in a resource
// or configuration file. The zero value names nothing: IsZero reports true,
// Validate and Resolve refuse it.
type Ref struct {
	// Env is the name of an environment variable.
	Env string `yaml:"env,omitempty" json:"env,omitempty"`
	// File is the path of a file whose content, less one trailing newline, is
	// the secret. A relative path is relative to the process's working
	// directory.
	File string `yaml:"file,omitempty" json:"file,omitempty"`
}

// ErrInline is wrapped by the error that UnmarshalYAML returns for a secret
// that was written directly into a file.
var ErrInline = errors.New("secrets are given by reference, as {env: NAME} or {file: PATH}, never as text")

// IsZero says whether the reference names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String names the reference, as in "env DB_PASSWORD"; it never holds the
// secret.
func (r Ref) String() string {
	switch {
	case r.Env != "" && r.File != "":
		return "env " + r.Env + " and file " + r.File
	case r.Env != "":
		return "env " + r.Env
	case r.File != "":
		return "file " + r.File
	}
	return "no reference"
}

// Validate checks the form of the reference without looking at the environment
// or the disk, and reports every mistake at once.
func (r Ref) Validate() error {
	var errs []error
	if (r.Env == "") == (r.File == "") {
		errs = append(errs, errors.New("a secret reference has exactly one of env and file"))
	}
	if strings.ContainsAny(r.Env, "=\x00") {
		errs = append(errs, errors.New("the name of an environment variable holds neither '=' nor a zero byte"))
	}
	if strings.ContainsRune(r.File, 0) {
		errs = append(errs, errors.New("a file name holds no zero byte"))
	}
	return errors.Join(errs...)
}

// Resolve reads the secret. A variable that is not set, a file that cannot be
// read, an empty secret and one beyond MaxFileBytes are errors. One trailing
// newline (LF or CRLF) of a file is removed. Errors name the reference and
// never the secret.
func (r Ref) Resolve() (Value, error) {
	if err := r.Validate(); err != nil {
		return Value{}, err
	}
	text, err := r.read()
	switch {
	case err != nil:
		return Value{}, fmt.Errorf("reading secret from %s: %w", r, err)
	case text == "":
		return Value{}, fmt.Errorf("reading secret from %s: it is empty", r)
	case len(text) > MaxFileBytes:
		return Value{}, fmt.Errorf("reading secret from %s: it is larger than %d bytes", r, MaxFileBytes)
	}
	return NewValue(text), nil
}

func (r Ref) read() (string, error) {
	if r.Env != "" {
		text, found := os.LookupEnv(r.Env)
		if !found {
			return "", errors.New("the variable is not set")
		}
		return text, nil
	}
	return readFile(r.File)
}

// readFile reads at most a little more than MaxFileBytes, so that the caller
// can tell a secret that is too large from one that just fits.
func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", errors.New("it is a directory")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// Two more bytes for a trailing CRLF, one more to notice what is too large.
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+3))
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(string(data), "\n")
	if len(text) < len(data) {
		text = strings.TrimSuffix(text, "\r")
	}
	return text, nil
}

// UnmarshalYAML implements yaml.Unmarshaler. It refuses a bare string (a
// secret written into the file), unknown and repeated fields, aliases, and
// anything but exactly one of env and file. Errors carry the line and never
// what was written in place of a reference.
func (r *Ref) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %w", node.Line, ErrInline)
	}
	var out Ref
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		var field *string
		switch key.Value {
		case "env":
			field = &out.Env
		case "file":
			field = &out.File
		default:
			return fmt.Errorf("line %d: a secret reference has the fields env and file, not the field written here", key.Line)
		}
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" || value.Value == "" {
			return fmt.Errorf("line %d: %s of a secret reference is a non-empty string", value.Line, key.Value)
		}
		if *field != "" {
			return fmt.Errorf("line %d: %s is given twice in a secret reference", key.Line, key.Value)
		}
		*field = value.Value
	}
	if err := out.Validate(); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*r = out
	return nil
}
