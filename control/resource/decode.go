package resource

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/policy"
)

// maxScalarBytes bounds one value: a long row predicate is still far below.
const maxScalarBytes = 64 << 10

// decoder fills Go values from YAML nodes. Unlike the YAML package's own decoding it goes on after a mistake, knows the
// line of each, takes the key `null` for a name, and refuses what it does not know.
//
// A struct's fields are named by `yaml:"name"` tags; a field of type policy.Pos gets the position; a type that
// implements yaml.Unmarshaler decodes itself.
type decoder struct {
	file     string
	resource string
	c        *collector
	// fields has what must be given and what may be; nil checks neither.
	fields map[string]field
	// incomplete is set when a field that must be given is not, or has a value outside of its closed set.
	incomplete *bool
}

func (d decoder) pos(node *yaml.Node) policy.Pos { return policy.Pos{File: d.file, Line: node.Line} }

// mistake notes what is wrong at a node; path may be empty for the document itself.
func (d decoder) mistake(node *yaml.Node, path, format string, args ...any) {
	if path != "" {
		format, args = "%s: "+format, append([]any{path}, args...)
	}
	d.c.add(d.pos(node), d.resource, format, args...)
}

// value decodes node into out; path names the place in messages.
func (d decoder) value(path string, node *yaml.Node, out reflect.Value) {
	if u, ok := out.Addr().Interface().(yaml.Unmarshaler); ok {
		if err := u.UnmarshalYAML(node); err != nil {
			_, message, _ := strings.Cut(err.Error(), ": ")
			d.mistake(node, path, "%s", message)
		}
		return
	}
	if isNull(node) {
		d.mistake(node, path, "no value given")
		return
	}
	switch out.Kind() {
	case reflect.Pointer:
		target := reflect.New(out.Type().Elem())
		d.value(path, node, target.Elem())
		out.Set(target)
	case reflect.Struct:
		d.mapping(path, node, out)
	case reflect.Slice:
		d.sequence(path, node, out)
	case reflect.Map:
		d.dictionary(path, node, out)
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64:
		d.scalar(path, node, out)
	default:
		// Reached only by a resource type that nobody tested: TestEveryKindDecodes walks them all.
		d.mistake(node, path, "values of type %s cannot be given in a file", out.Type())
	}
}

func (d decoder) mapping(path string, node *yaml.Node, out reflect.Value) {
	if node.Kind != yaml.MappingNode {
		d.mistake(node, path, "expected fields, found %s", describe(node))
		return
	}
	fields := fieldsOf(out.Type())
	missing := map[string]bool{}
	for name := range fields {
		if d.fields[typeName(out.Type())+"."+name].required {
			missing[name] = true
		}
	}
	if pos := out.FieldByName("Pos"); pos.IsValid() && pos.Type() == reflect.TypeFor[policy.Pos]() {
		pos.Set(reflect.ValueOf(d.pos(node)))
	}
	d.pairs(path, node, func(name string, key, value *yaml.Node) {
		index, found := fields[name]
		if !found {
			d.mistake(key, path, "there is no field %q; the fields are %s", clip(name), strings.Join(namesOf(fields), ", "))
			return
		}
		d.value(join(path, name), value, out.Field(index))
		d.closed(join(path, name), value, d.fields[typeName(out.Type())+"."+name].enum)
		delete(missing, name)
	})
	for _, name := range namesOf(fields) {
		if missing[name] {
			*d.incomplete = true
			d.mistake(node, path, "the field %q is missing", name)
		}
	}
}

// closed refuses a value that is not one of the enum's.
func (d decoder) closed(path string, node *yaml.Node, enum []string) {
	if enum != nil && node.Kind == yaml.ScalarNode && !isNull(node) && !slices.Contains(enum, node.Value) {
		*d.incomplete = true
		d.mistake(node, path, "%q is not one of %s", clip(node.Value), strings.Join(enum, ", "))
	}
}

func (d decoder) dictionary(path string, node *yaml.Node, out reflect.Value) {
	if node.Kind != yaml.MappingNode {
		d.mistake(node, path, "expected names with values, found %s", describe(node))
		return
	}
	out.Set(reflect.MakeMap(out.Type()))
	d.pairs(path, node, func(name string, _, value *yaml.Node) {
		item := reflect.New(out.Type().Elem()).Elem()
		d.value(join(path, name), value, item)
		out.SetMapIndex(reflect.ValueOf(name).Convert(out.Type().Key()), item)
	})
}

// pairs calls each for every key of a mapping that is given once.
func (d decoder) pairs(path string, node *yaml.Node, each func(name string, key, value *yaml.Node)) {
	seen := make(map[string]bool, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || key.Value == "":
			d.mistake(key, path, "a field's name is plain text")
		case seen[key.Value]:
			d.mistake(key, path, "%q is given twice", clip(key.Value))
		default:
			seen[key.Value] = true
			each(key.Value, key, value)
		}
	}
}

func (d decoder) sequence(path string, node *yaml.Node, out reflect.Value) {
	if node.Kind != yaml.SequenceNode {
		d.mistake(node, path, "expected a list, found %s", describe(node))
		return
	}
	out.Set(reflect.MakeSlice(out.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		d.value(path+"["+strconv.Itoa(i)+"]", item, out.Index(i))
	}
}

func (d decoder) scalar(path string, node *yaml.Node, out reflect.Value) {
	if node.Kind != yaml.ScalarNode {
		d.mistake(node, path, "expected a single value, found %s", describe(node))
		return
	}
	if len(node.Value) > maxScalarBytes || strings.ContainsRune(node.Value, 0) {
		d.mistake(node, path, "the value is longer than %d bytes or holds a zero byte", maxScalarBytes)
		return
	}
	switch out.Kind() {
	case reflect.String:
		// What is written is taken as it is written: 0010 and yes are text where text is wanted.
		out.SetString(node.Value)
	case reflect.Bool:
		if node.Tag != "!!bool" || (node.Value != "true" && node.Value != "false") {
			d.mistake(node, path, "expected true or false, found %q", clip(node.Value))
			return
		}
		out.SetBool(node.Value == "true")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(node.Value, 10, 64)
		if err != nil || node.Tag != "!!int" {
			d.mistake(node, path, "expected a whole number, found %q", clip(node.Value))
			return
		}
		out.SetInt(n)
	default:
		d.mistake(node, path, "values of type %s cannot be given in a file", out.Type())
	}
}

// fieldsOf maps the names of a struct's fields in files to their index.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			fields[name] = i
		}
	}
	return fields
}

func namesOf(fields map[string]int) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return fields[a] - fields[b] })
	return names
}

func join(path, name string) string {
	if path == "" {
		return clip(name)
	}
	return path + "." + clip(name)
}

func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "fields"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return "a single value"
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return "something else"
}

// clip keeps what a file holds from filling a message.
func clip(text string) string {
	if len(text) <= 80 {
		return text
	}
	return strings.ToValidUTF8(text[:77], "") + "..."
}
