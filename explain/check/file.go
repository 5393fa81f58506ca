package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a file of tests or of SQL, in bytes.
const maxFile = 16 << 20

// File is one file of policy unit tests.
type File struct {
	// Path of the file; others that it names are relative to its folder.
	Path string `yaml:"-"`
	// Connection is the name of the one that the tests are about.
	Connection string `yaml:"connection"`
	// Schema is SQL files that create the tables, and may fill them.
	Schema []string `yaml:"schema"`
	// SQL does the same in place.
	SQL string `yaml:"sql"`
	// Rows are sample rows by schema.table: each a mapping of columns to values. Columns that a row does not name take their default.
	Rows  map[string][]map[string]any `yaml:"rows"`
	Tests []Test                      `yaml:"tests"`
}

// Test is one question and its answer. What it says nothing of is not held against it.
type Test struct {
	// Line in the file, from 1.
	Line int    `yaml:"-"`
	Name string `yaml:"name"`
	// As is the person who asks.
	As string `yaml:"as"`
	// Project in which the person acts, its texts acknowledged; empty is none.
	Project string `yaml:"project"`
	// Query is one statement. Without one the test is about Masks, Hidden, Sees and Denied alone.
	Query string `yaml:"query"`
	// Columns are the result's column names.
	Columns []string `yaml:"columns"`
	// Rows are the result's rows, in any order unless Ordered is set: values as PostgreSQL prints them, null for NULL.
	Rows    [][]yaml.Node `yaml:"rows"`
	Ordered bool          `yaml:"ordered"`
	// Count is the number of rows.
	Count *int `yaml:"count"`
	// Refused is the SQLSTATE of the refusal, or of the error.
	Refused string `yaml:"refused"`
	// Masks by schema.table.column: the kind of mask, or raw, or hidden.
	Masks map[string]string `yaml:"masks"`
	// Sees and Denied are tables, schema.table, that the person may read and may not.
	Sees   []string `yaml:"sees"`
	Denied []string `yaml:"denied"`
	// hasRows tells `rows: []` from no rows at all.
	hasRows bool
}

// UnmarshalYAML notes the line.
func (t *Test) UnmarshalYAML(node *yaml.Node) error {
	type bare Test
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a test is a mapping", node.Line)
	}
	known := strings.Fields("name as project query columns rows ordered count refused masks sees denied")
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if !slices.Contains(known, key.Value) {
			return fmt.Errorf("line %d: field %q is not one of %s", key.Line, key.Value, strings.Join(known, ", "))
		}
		t.hasRows = t.hasRows || key.Value == "rows"
	}
	hasRows := t.hasRows
	if err := node.Decode((*bare)(t)); err != nil {
		return err
	}
	t.Line, t.hasRows = node.Line, hasRows
	return nil
}

// Load reads a file of tests. An error names the file and every mistake in it.
func Load(path string) (*File, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	out := &File{Path: path}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(out); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is more than one document", path)
	}
	if err := out.validate(); err != nil {
		return nil, err
	}
	return out, nil
}

// readBounded reads a file of at most maxFile bytes.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return text, nil
}

var (
	sqlState  = regexp.MustCompile(`^[0-9A-Z]{5}$`)
	tableName = regexp.MustCompile(`^[^.]+\.[^.]+$`)
)

// validate reports every mistake at once.
func (f *File) validate() error {
	var mistakes []error
	add := func(line int, format string, args ...any) {
		at := f.Path
		if line > 0 {
			at = fmt.Sprintf("%s:%d", f.Path, line)
		}
		mistakes = append(mistakes, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
	if f.Connection == "" {
		add(0, "connection is missing: the name of the Connection that the tests are about")
	}
	if len(f.Schema) == 0 && f.SQL == "" {
		add(0, "schema or sql is missing: what creates the tables")
	}
	if len(f.Tests) == 0 {
		add(0, "there are no tests")
	}
	for name := range f.Rows {
		if !tableName.MatchString(name) {
			add(0, "rows: %q is not of the form schema.table", name)
		}
	}
	for i := range f.Tests {
		f.Tests[i].validate(func(format string, args ...any) { add(f.Tests[i].Line, format, args...) })
	}
	return errors.Join(mistakes...)
}

func (t *Test) validate(add func(format string, args ...any)) {
	answers := t.hasRows || t.Count != nil || t.Refused != "" || len(t.Columns) > 0
	switch {
	case t.As == "":
		add("as is missing: the person who asks")
	case t.Query == "" && answers:
		add("columns, rows, count and refused are about a query, and there is none")
	case t.Query != "" && !answers && len(t.Masks)+len(t.Sees)+len(t.Denied) == 0:
		add("the test wants nothing: say columns, rows, count or refused")
	case t.Query == "" && len(t.Masks)+len(t.Sees)+len(t.Denied) == 0:
		add("the test asks nothing: say a query, masks, sees or denied")
	case t.Refused != "" && (t.hasRows || t.Count != nil || len(t.Columns) > 0):
		add("what is refused has no rows")
	}
	if t.Refused != "" && !sqlState.MatchString(t.Refused) {
		add("refused: %q is not a SQLSTATE such as 42501; put quotes around one that looks like a number", t.Refused)
	}
	if t.Ordered && !t.hasRows {
		add("ordered is about rows, and there are none")
	}
	for name := range t.Masks {
		if strings.Count(name, ".") != 2 {
			add("masks: %q is not of the form schema.table.column", name)
		}
	}
	for _, name := range slices.Concat(t.Sees, t.Denied) {
		if !tableName.MatchString(name) {
			add("%q is not of the form schema.table", name)
		}
	}
}

// files are the SQL files, found from the folder of the file itself.
func (f *File) files() []string {
	out := make([]string, len(f.Schema))
	for i, path := range f.Schema {
		if out[i] = path; !filepath.IsAbs(path) {
			out[i] = filepath.Join(filepath.Dir(f.Path), path)
		}
	}
	return out
}
