package control

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/posternsql/postern/warehouse"
)

const keyedPolicies = `kind: DataPolicy
name: keyed
on: {tables: [tpch.public.customer]}
rules:
  - mask: {columns: [c_comment], reversible: {domain: comment}}
  - mask: {columns: [c_mktsegment], randomized: {values: [BUILDING, MACHINERY], percent: 20, domain: segment}}
---
kind: TokenDomain
name: comment
key: {env: COMMENT_KEY}
`

// refusedWith publishes and wants a mistake with the text.
func refusedWith(t *testing.T, w *world, p *Publisher, want string) {
	t.Helper()
	if _, err := p.Publish(t.Context(), w.set()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// TestTokenDomains: what a warehouse lacks for keyed masks is refused until `postern register` has run: keys, functions, versions and given keys.
func TestTokenDomains(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	key := func(letter string) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
	}
	t.Setenv("COMMENT_KEY", key("a"))
	w.write("keyed.yaml", keyedPolicies)
	refusedWith(t, w, p, `no key for token domain "comment": run `+"`postern register`")
	refusedWith(t, w, p, `no key for token domain "segment"`)

	r, err := Registration(w.set(), "tpch")
	if err != nil || !r.Ciphers || len(r.Keys) != 1 {
		t.Fatalf("%v, ciphers %v, %d keys", err, r.Ciphers, len(r.Keys))
	}
	plain := r
	plain.Ciphers = false
	if _, err := warehouse.Register(t.Context(), w.conn(), plain); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, w, p, `no function protect for token domain "comment"`)
	w.register()
	if _, err := p.Publish(t.Context(), w.set()); err != nil {
		t.Fatal(err)
	}

	t.Setenv("COMMENT_KEY", key("b"))
	refusedWith(t, w, p, "TokenDomain comment: connection tpch has another key")
	t.Setenv("COMMENT_KEY", "c2hvcnQ=")
	refusedWith(t, w, p, "the key cannot be had: it is not the base64 form of 32 bytes")
	t.Setenv("COMMENT_KEY", key("b"))
	w.edit("keyed.yaml", "key: {env: COMMENT_KEY}", "key: {env: COMMENT_KEY}\nversion: 2")
	refusedWith(t, w, p, "has version 1 of its key, and version 2 is wanted")
	w.register()
	g, err := p.Publish(t.Context(), w.set())
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range g.Warnings() {
		if strings.Contains(warning.String(), key("b")) {
			t.Error("a key stands in a warning")
		}
	}
}

// TestRevealableDomains: a mask that is there to be turned back is told of where its key was drawn in the warehouse, and not where a TokenDomain
// gives it or the mask cannot be turned back.
func TestRevealableDomains(t *testing.T) {
	w := newWorld(t)
	t.Setenv("COMMENT_KEY", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", 32))))
	w.write("keyed.yaml", strings.Replace(keyedPolicies, "  - mask: {columns: [c_mktsegment], ", "  - mask: {columns: [c_phone], formatPreserving: {domain: phone}}\n  - mask: {columns: [c_mktsegment], ", 1))
	w.register()
	g := w.publish(w.publisher(nil))
	var told []string
	for _, warning := range g.Warnings() {
		if strings.Contains(warning.Message, "only the owner of that database can turn") {
			told = append(told, warning.String())
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "keyed.yaml:6: ") || !strings.Contains(told[0], `"phone"`) {
		t.Errorf("told: %q", told)
	}
}
