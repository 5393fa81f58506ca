package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const hidden = "s3cr3t-text"

type holder struct {
	Public  Value `json:"public" yaml:"public"`
	Pointer *Value
	private Value
}

func TestValueNeverPrints(t *testing.T) {
	v := NewValue(hidden)
	h := holder{Public: v, Pointer: &v, private: v}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10s", "% x"} {
		for _, arg := range []any{v, &v, h, &h, []Value{v}, map[string]Value{"k": v}, []any{h}} {
			fmt.Fprintf(&out, verb+"\n", arg)
		}
	}
	out.WriteString(fmt.Sprint(v, h, fmt.Errorf("wrapping %v and %w", v, fmt.Errorf("%s", v))))

	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("login", "value", v, "holder", h, "ptr", &v, slog.Group("g", "v", v))
	}
	jsonBytes, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	yamlBytes, err := yaml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	xmlBytes, err := xml.Marshal(h.Public)
	if err != nil {
		t.Fatal(err)
	}
	var gobBytes bytes.Buffer
	if err := gob.NewEncoder(&gobBytes).Encode(v); err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{jsonBytes, yamlBytes, xmlBytes, gobBytes.Bytes()} {
		out.Write(b)
	}
	if !strings.Contains(string(jsonBytes), `"public":"***"`) || !strings.Contains(string(yamlBytes), "public: '***'") {
		t.Errorf("not redacted: %s %s", jsonBytes, yamlBytes)
	}
	for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("% x", hidden)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret was printed as %q in:\n%s", form, out.String())
		}
	}
}

func TestValueReveal(t *testing.T) {
	v := NewValue(hidden)
	if v.Reveal() != hidden || v.IsZero() {
		t.Error("Reveal must return the text")
	}
	var zero Value
	if zero.Reveal() != "" || !zero.IsZero() || !NewValue("").IsZero() {
		t.Error("the zero value is the empty secret")
	}
	if !v.Equal(NewValue(hidden)) || v.Equal(zero) || !zero.Equal(NewValue("")) {
		t.Error("Equal compares the texts")
	}
	if zero.String() != v.String() {
		t.Error("whether a secret is empty must not show")
	}
}
