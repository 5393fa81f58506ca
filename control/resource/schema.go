package resource

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
)

// Schema returns the JSON Schema (draft 2020-12) of one YAML document of a resource file, for editors and for tools that
// write resources. Load is stricter: it also checks names, references and the meaning of policies.
func Schema() ([]byte, error) {
	b := schemaBuilder{fields: fields(), definitions: map[string]any{}}
	var documents []any
	for _, k := range kinds() {
		definition := b.object(k.typ)
		properties := definition["properties"].(map[string]any)
		properties["kind"] = map[string]any{"const": k.name}
		definition["required"] = append([]string{"kind"}, definition["required"].([]string)...)
		b.definitions[k.name] = definition
		documents = append(documents, map[string]any{"$ref": "#/$defs/" + k.name})
	}
	if b.err != nil {
		return nil, b.err
	}
	out, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Postern resource",
		"oneOf":   documents,
		"$defs":   b.definitions,
	}, "", "  ")
	return append(out, '\n'), err
}

type schemaBuilder struct {
	fields      map[string]field
	definitions map[string]any
	err         error
}

// object describes a struct.
func (b *schemaBuilder) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fileFields(t) {
		about, found := b.fields[typeName(t)+"."+f.name]
		if !found && b.err == nil {
			b.err = fmt.Errorf("field %s.%s is not described", typeName(t), f.name)
		}
		p := b.value(f.typ)
		p["description"] = strings.ReplaceAll(about.about, "`", "")
		if about.standard != "" {
			p["description"] = fmt.Sprintf("%s (when left out: %s)", p["description"], strings.ReplaceAll(about.standard, "`", ""))
		}
		if about.enum != nil {
			p["enum"] = about.enum
		}
		if about.required {
			required = append(required, f.name)
		}
		properties[f.name] = p
	}
	return map[string]any{
		"type": "object", "additionalProperties": false, "properties": properties, "required": required,
	}
}

// value describes a value of any type that the decoder fills.
func (b *schemaBuilder) value(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return b.value(t.Elem())
	case reflect.Struct:
		return b.nested(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": b.value(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": b.value(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.String:
		// What is written is taken as it is written, so 1000 is text too.
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	default:
		b.err = fmt.Errorf("values of type %s have no schema", t)
		return map[string]any{}
	}
}

// nested describes a struct inside another, once under its name.
func (b *schemaBuilder) nested(t reflect.Type) map[string]any {
	// Apart from the kinds, one of which has the name of an inner type.
	name := "inner." + typeName(t)
	if _, done := b.definitions[name]; !done {
		definition := b.object(t)
		if t == reflect.TypeFor[secret.Ref]() {
			definition["minProperties"], definition["maxProperties"] = 1, 1
		}
		b.definitions[name] = definition
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

// fileField is a field of a struct as files have it.
type fileField struct {
	name string
	typ  reflect.Type
}

// fileFields lists the fields of a struct that can stand in a file, in the struct's order.
func fileFields(t reflect.Type) (out []fileField) {
	names := fieldsOf(t)
	for _, name := range namesOf(names) {
		out = append(out, fileField{name, t.Field(names[name]).Type})
	}
	return out
}

// Reference returns the tables of fields of one kind in Markdown, those of its inner structs after it, for
// docs/resources.md.
func Reference(kindName string) (string, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == kindName })
	if i < 0 {
		return "", fmt.Errorf("there is no kind %q", kindName)
	}
	b := schemaBuilder{fields: fields()}
	var out strings.Builder
	b.table(&out, "", all[i].typ)
	return out.String(), b.err
}

// table prints one struct's fields; prefix is the path of the struct in the document.
func (b *schemaBuilder) table(out *strings.Builder, prefix string, t reflect.Type) {
	if prefix == "" {
		out.WriteString("| field | |\n|---|---|\n")
	}
	for _, f := range fileFields(t) {
		about := b.fields[typeName(t)+"."+f.name]
		inner, suffix := elementOf(f.typ)
		fmt.Fprintf(out, "| `%s%s%s` | %s |\n", prefix, f.name, suffix, describeField(about))
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[policy.Pos]() {
			b.table(out, prefix+f.name+suffix+".", inner)
		}
	}
}

func describeField(f field) string {
	text := f.about
	if len(f.enum) > 0 {
		text = "`" + strings.Join(f.enum, "`, `") + "`: " + text
	}
	switch {
	case f.required:
		return "**required**: " + text
	case f.standard != "":
		return text + " (when left out: " + f.standard + ")"
	}
	return text
}

// elementOf strips pointers, lists and maps, and says so by a suffix of the path.
func elementOf(t reflect.Type) (inner reflect.Type, suffix string) {
	switch t.Kind() {
	case reflect.Pointer:
		return elementOf(t.Elem())
	case reflect.Slice:
		inner, suffix = elementOf(t.Elem())
		return inner, "[]" + suffix
	case reflect.Map:
		inner, suffix = elementOf(t.Elem())
		return inner, ".NAME" + suffix
	default:
		return t, ""
	}
}

// typeName is the Go type's name; the one name that two packages share is told apart.
func typeName(t reflect.Type) string {
	if t == reflect.TypeFor[Approval]() {
		return "resource.Approval"
	}
	return t.Name()
}
