package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every printed or serialized form of a Value shows. It does
// not depend on the secret, so that neither its length nor whether it is empty
// can be seen.
const redacted = "***"

// Value is a secret string. Its zero value is the empty secret. Every way to
// print or serialize it yields ***; only Reveal gives the text. The field is
// a pointer, so that a printer that walks unexported fields by reflection (%v
// of a struct that holds a Value in an unexported field) shows an address and
// never the text.
type Value struct {
	text *string
}

// NewValue wraps text. The caller should not keep text elsewhere.
func NewValue(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{text: &text}
}

// Reveal returns the secret itself. Its result must not reach a log, an error,
// an audit record or SQL text.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// IsZero says whether the secret is empty.
func (v Value) IsZero() bool { return v.text == nil }

// Equal compares two secrets in time that depends on their lengths only.
// Values are not comparable with == in a meaningful way.
func (v Value) Equal(other Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(other.Reveal())) == 1
}

// String implements fmt.Stringer.
func (Value) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Value) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb and no flag reaches the
// secret.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements json.Marshaler.
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler (map keys, XML, flags).
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalBinary implements encoding.BinaryMarshaler, which gob also uses.
func (Value) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML implements yaml.Marshaler.
func (Value) MarshalYAML() (any, error) { return redacted, nil }
