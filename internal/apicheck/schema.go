package apicheck

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// schema is the part of JSON Schema 2020-12 that descriptions here use. Words beyond it fail to parse.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       types              `json:"type"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	// Additional is true, false, a schema, or absent, which is true.
	Additional *additional       `json:"additionalProperties"`
	Format     string            `json:"format"`
	Encoding   string            `json:"contentEncoding"`
	Minimum    *json.Number      `json:"minimum"`
	Enum       []json.RawMessage `json:"enum"`

	Description string            `json:"description"`
	Title       string            `json:"title"`
	Examples    []json.RawMessage `json:"examples"`
}

// UnmarshalJSON refuses words that differences would pass over.
func (s *schema) UnmarshalJSON(text []byte) error {
	type plain schema
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(s))
}

// types is one name, or several.
type types []string

// UnmarshalJSON reads a text or a list of texts.
func (t *types) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(t))
}

type additional struct {
	allowed bool
	schema  *schema
}

// UnmarshalJSON reads true, false, or a schema.
func (a *additional) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &a.allowed) == nil {
		return nil
	}
	a.allowed, a.schema = true, &schema{}
	return json.Unmarshal(text, a.schema)
}

// conforms lists where a JSON text is not as a schema has it.
func (d *Description) conforms(s *schema, text []byte, at string) []string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return []string{fmt.Sprintf("%s: no JSON: %v", at, err)}
	}
	return d.differences(s, value, at)
}

func (d *Description) differences(s *schema, value any, at string) []string {
	if s.Ref != "" {
		name, local := strings.CutPrefix(s.Ref, "#/components/schemas/")
		named, found := d.schemas[name]
		if !local || !found {
			return []string{at + ": " + s.Ref + " leads nowhere"}
		}
		return d.differences(named, value, at)
	}
	if len(s.Type) > 0 && !slices.ContainsFunc(kindsOf(value), func(k string) bool { return slices.Contains(s.Type, k) }) {
		return []string{fmt.Sprintf("%s: %s where %s is described", at, kindsOf(value)[0], strings.Join(s.Type, " or "))}
	}
	out := s.listed(value, at)
	switch v := value.(type) {
	case map[string]any:
		out = append(out, d.object(s, v, at)...)
	case []any:
		for i, inner := range v {
			if s.Items == nil {
				return append(out, at+": what it lists is not described")
			}
			out = append(out, d.differences(s.Items, inner, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case string:
		out = append(out, s.text(v, at)...)
	case json.Number:
		out = append(out, s.number(v, at)...)
	}
	return out
}

// kindsOf are the names of a value's type, the narrowest first.
func kindsOf(value any) []string {
	switch v := value.(type) {
	case nil:
		return []string{"null"}
	case bool:
		return []string{"boolean"}
	case string:
		return []string{"string"}
	case json.Number:
		if _, whole := new(big.Int).SetString(v.String(), 10); whole {
			return []string{"integer", "number"}
		}
		return []string{"number"}
	case []any:
		return []string{"array"}
	}
	return []string{"object"}
}

func (d *Description) object(s *schema, v map[string]any, at string) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch p, described := s.Properties[name]; {
		case described:
			out = append(out, d.differences(p, v[name], at+"."+name)...)
		case s.Additional != nil && s.Additional.schema != nil:
			out = append(out, d.differences(s.Additional.schema, v[name], at+"."+name)...)
		case s.Additional != nil && !s.Additional.allowed:
			out = append(out, at+"."+name+": not described")
		}
	}
	for _, name := range s.Required {
		if _, there := v[name]; !there {
			out = append(out, at+"."+name+": missing")
		}
	}
	return out
}

func (s *schema) listed(value any, at string) []string {
	if len(s.Enum) == 0 {
		return nil
	}
	text, err := json.Marshal(value)
	if err == nil && slices.ContainsFunc(s.Enum, func(e json.RawMessage) bool { return bytes.Equal(e, text) }) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s is none of those described", at, text)}
}

func (s *schema) text(v, at string) []string {
	var err error
	switch s.Format {
	case "":
	case "date-time":
		_, err = time.Parse(time.RFC3339Nano, v)
	default:
		err = fmt.Errorf("the format %q cannot be judged", s.Format)
	}
	switch s.Encoding {
	case "":
	case "base64":
		if _, failed := base64.StdEncoding.DecodeString(v); failed != nil {
			err = failed
		}
	default:
		err = fmt.Errorf("the encoding %q cannot be judged", s.Encoding)
	}
	if err != nil {
		return []string{at + ": " + err.Error()}
	}
	return nil
}

func (s *schema) number(v json.Number, at string) (out []string) {
	switch s.Format {
	case "", "double", "float":
	case "int64", "int32":
		if n, whole := new(big.Int).SetString(v.String(), 10); !whole || s.Format == "int64" && !n.IsInt64() || s.Format == "int32" && (!n.IsInt64() || n.Int64() != int64(int32(n.Int64()))) {
			out = append(out, fmt.Sprintf("%s: %s is no %s", at, v, s.Format))
		}
	default:
		out = append(out, fmt.Sprintf("%s: the format %q cannot be judged", at, s.Format))
	}
	if s.Minimum != nil {
		have, ok := new(big.Float).SetString(v.String())
		least, fine := new(big.Float).SetString(s.Minimum.String())
		if !ok || !fine || have.Cmp(least) < 0 {
			out = append(out, fmt.Sprintf("%s: %s is below %s", at, v, s.Minimum))
		}
	}
	return out
}
