package lambda

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

// TestHostilePayloads: what is no batch is refused and told as that.
func TestHostilePayloads(t *testing.T) {
	w := ordinary(t)
	good := `{"cluster":"` + cluster + `","user":"ann","external_function":"keyed_hash","num_records":1,"arguments":[["default","x"]]}`
	if r := w.Invoke(t.Context(), []byte(good)); !r.Success {
		t.Fatalf("%+v", r)
	}
	for name, payload := range map[string]string{
		"nothing": "", "null": "null", "no JSON": "{", "a list": "[]", "two": good + good, "a number": strings.Replace(good, `"x"`, `7`, 1),
		"a nested list": strings.Replace(good, `"x"`, `["x"]`, 1), "fewer calls": strings.Replace(good, `:1,`, `:2,`, 1), "negative": strings.Replace(good, `:1,`, `:-1,`, 1),
		"no user": strings.Replace(good, `"ann"`, `""`, 1), "no UTF-8": strings.Replace(good, `"x"`, "\"\xff\"", 1), "no cluster": strings.Replace(good, cluster, "", 1),
		"large": `{"request_id":"` + strings.Repeat("a", MaxPayloadBytes) + `"}`, "deep": strings.Repeat("[", 100_000),
	} {
		if r := w.Invoke(t.Context(), []byte(payload)); r.Success || r.Error != errPayload.Error() || len(r.Results) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestAccessDocuments: a document with a mistake is refused whole.
func TestAccessDocuments(t *testing.T) {
	if _, err := ParseAccess([]byte(accessText)); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(accessText))
	_ = z.Close()
	if a, err := ParseAccess(packed.Bytes()); err != nil || !a.allows(cluster, "ann", "default", false) {
		t.Errorf("packed: %v", err)
	}
	var bomb bytes.Buffer
	z = gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), MaxAccessBytes+1))
	_ = z.Close()
	for name, text := range map[string]string{
		"nothing": "", "no version": strings.Replace(accessText, `"version": 3, `, "", 1), "no cluster": strings.Replace(accessText, cluster, "", 1),
		"an unknown audience": strings.Replace(accessText, `["readers"]`, `["others"]`, 1), "an unknown field": strings.Replace(accessText, `"mask"`, `"masks"`, 1),
		"no key": strings.Replace(accessText, "keys/default", "", 1), "nobody": strings.Replace(accessText, "ann", "", 1), "large": bomb.String(), "cut": string(packed.Bytes()[:40]),
	} {
		if a, err := ParseAccess([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if (&Access{}).allows("", "", "", false) {
		t.Error("the zero value lets somebody")
	}
}

// FuzzPayload: no payload makes the handler panic, or answer for somebody that the document does not name.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"cluster":"c","user":"u","external_function":"keyed_hash","num_records":1,"arguments":[["default","x"]]}`))
	f.Add([]byte(`{"arguments":[null,[]]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w := newWorld(t, strings.NewReplacer("ann", "a person of whom no payload knows", cluster, "a cluster of which no payload knows").Replace(accessText), nil)
		r := w.Invoke(t.Context(), payload)
		for _, v := range r.Results {
			if v != nil {
				t.Errorf("%q gives %v", payload, v)
			}
		}
	})
}
