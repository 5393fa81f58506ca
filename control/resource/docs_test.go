package resource_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/control/resource"
)

var update = flag.Bool("update", false, "write the generated parts of docs/resources.md and docs/resources.schema.json")

var (
	docsFolder = filepath.Join("..", "..", "docs")
	tables     = regexp.MustCompile(`(?s)(<!-- fields (\w+) -->\n).*?(<!-- end -->)`)
	examples   = regexp.MustCompile("(?s)```yaml( server)?\n(.*?)```")
)

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docsFolder, "resources.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentedFields: the tables of docs/resources.md and the schema are those that the types give. Run with -update to
// write them.
func TestDocumentedFields(t *testing.T) {
	docs := readDocs(t)
	var kinds []string
	want := tables.ReplaceAllStringFunc(docs, func(match string) string {
		m := tables.FindStringSubmatch(match)
		table, err := resource.Reference(m[2])
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, m[2])
		return m[1] + table + m[3]
	})
	schema, err := resource.Schema()
	if err != nil {
		t.Fatal(err)
	}
	schemaFile := filepath.Join(docsFolder, "resources.schema.json")
	if *update {
		if err := os.WriteFile(filepath.Join(docsFolder, "resources.md"), []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(schemaFile, schema, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != docs {
		t.Error("docs/resources.md is not what the types say; run go test ./control/resource -run TestDocumentedFields -update")
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil || string(have) != string(schema) {
		t.Errorf("docs/resources.schema.json is not what the types say (%v); run with -update", err)
	}
	for _, kind := range definitionsOfKinds(t, schema) {
		if !slices.Contains(kinds, kind) {
			t.Errorf("kind %s is not documented", kind)
		}
	}
}

func definitionsOfKinds(t *testing.T, schema []byte) (kinds []string) {
	t.Helper()
	var s struct {
		OneOf []map[string]string `json:"oneOf"`
	}
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatal(err)
	}
	for _, ref := range s.OneOf {
		kinds = append(kinds, strings.TrimPrefix(ref["$ref"], "#/$defs/"))
	}
	if len(kinds) < 16 {
		t.Fatalf("kinds %v", kinds)
	}
	return kinds
}

// connections stand behind examples that name one without defining it.
const connections = "---\nkind: Connection\nname: tpch\nengine: postgres\nhost: h\ndatabase: d\nuser: u\n"

// TestDocumentedExamples reads every example of docs/resources.md, and every document of it fits the schema.
func TestDocumentedExamples(t *testing.T) {
	schema := loadSchema(t)
	count := 0
	for _, m := range examples.FindAllStringSubmatch(readDocs(t), -1) {
		text := m[2]
		if m[1] != "" {
			if _, err := resource.ParseServerConfig("/etc/postern.yaml", []byte(text)); err != nil {
				t.Errorf("%v in:\n%s", err, text)
			}
			continue
		}
		if !strings.Contains(text, "kind: Connection") {
			text += connections
		}
		set, err := resource.Parse("docs/resources.md", []byte(text))
		if err != nil {
			t.Errorf("%v in:\n%s", err, text)
			continue
		}
		count += len(set.Users) + len(set.Sources) + len(set.Subscriptions) + len(set.DataPolicies)
		schema.documents(text)
	}
	if count < 9 {
		t.Errorf("only %d examples ran", count)
	}
}

// TestSchemaOnExampleFiles: examples/tpch fits the schema, and what Load refuses for its form does not.
func TestSchemaOnExampleFiles(t *testing.T) {
	schema := loadSchema(t)
	for _, name := range []string{"connection", "users", "sources", "policies"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "examples", "tpch", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		schema.documents(string(text))
	}
	for _, text := range []string{
		"kind: Nothing\nname: x", "kind: User", "kind: User\nname: x\ngoups: [a]", "kind: User\nname: x\ngroups: a",
		"kind: Connection\nname: x\nengine: oracle\nhost: h\ndatabase: d\nuser: u", "kind: User\nname: x\npassword: text",
		"kind: User\nname: x\npassword: {}", "kind: User\nname: x\nexempt: [true]",
	} {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if schema.check(schema.root, v) == nil {
			t.Errorf("the schema takes:\n%s", text)
		}
	}
}

// jsonSchema checks values against the few keywords that the schema uses.
type jsonSchema struct {
	t    *testing.T
	root map[string]any
}

func loadSchema(t *testing.T) jsonSchema {
	t.Helper()
	text, err := resource.Schema()
	if err != nil {
		t.Fatal(err)
	}
	s := jsonSchema{t: t}
	if err := json.Unmarshal(text, &s.root); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s jsonSchema) documents(text string) {
	s.t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var v any
		if decoder.Decode(&v) != nil {
			return
		}
		if m, ok := v.(map[any]any); ok {
			// The key null comes as nil; to JSON it is a name.
			v = namesOf(m)
		}
		if err := s.check(s.root, v); err != nil {
			s.t.Errorf("%v in %v", err, v)
		}
	}
}

func namesOf(m map[any]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if k == nil {
			k = "null"
		}
		out[fmt.Sprint(k)] = v
	}
	return out
}

func (s jsonSchema) check(schema map[string]any, v any) error {
	if ref, ok := schema["$ref"].(string); ok {
		definition := s.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")]
		return s.check(definition.(map[string]any), v)
	}
	if all, ok := schema["oneOf"].([]any); ok {
		fits, last := 0, error(nil)
		for _, one := range all {
			if err := s.check(one.(map[string]any), v); err == nil {
				fits++
			} else {
				last = err
			}
		}
		if fits != 1 {
			return fmt.Errorf("fits %d kinds: %w", fits, last)
		}
		return nil
	}
	if c, ok := schema["const"]; ok && c != v {
		return fmt.Errorf("%v is not %v", v, c)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%v is not one of %v", v, enum)
	}
	return s.checkType(schema, v)
}

func (s jsonSchema) checkType(schema map[string]any, v any) error {
	if m, ok := v.(map[any]any); ok {
		v = namesOf(m)
	}
	kind := map[bool]string{}
	switch v := v.(type) {
	case map[string]any:
		kind[true] = "object"
		if err := s.checkObject(schema, v); err != nil {
			return err
		}
	case []any:
		kind[true] = "array"
		items, _ := schema["items"].(map[string]any)
		for _, item := range v {
			if err := s.check(items, item); err != nil {
				return err
			}
		}
	case string, time.Time:
		// An unquoted instant is a text to JSON.
		kind[true] = "string"
	case bool:
		kind[true] = "boolean"
	case int:
		kind[true] = "integer"
	case float64:
		kind[true] = "number"
	default:
		return fmt.Errorf("%T", v)
	}
	return fitsType(schema["type"], kind[true])
}

func fitsType(want any, have string) error {
	switch want := want.(type) {
	case nil:
		return nil
	case string:
		if want == have {
			return nil
		}
	case []any:
		if slices.Contains(want, any(have)) || have == "integer" && slices.Contains(want, any("number")) {
			return nil
		}
	}
	return fmt.Errorf("%s, want %v", have, want)
}

func (s jsonSchema) checkObject(schema map[string]any, v map[string]any) error {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, found := v[name.(string)]; !found {
			return fmt.Errorf("%v is missing", name)
		}
	}
	if n, ok := schema["minProperties"].(float64); ok && len(v) < int(n) {
		return fmt.Errorf("%d properties", len(v))
	}
	for name, value := range v {
		p, found := properties[name].(map[string]any)
		if !found {
			more, ok := schema["additionalProperties"].(map[string]any)
			if !ok {
				return fmt.Errorf("there is no %s", name)
			}
			p = more
		}
		if err := s.check(p, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
