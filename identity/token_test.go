package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
)

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// TestVerifyToken takes tokens of both algorithms, and refuses each in which one thing is wrong.
func TestVerifyToken(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := point.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	keys := fmt.Appendf(nil, `{"keys": [{"kty": "RSA", "kid": "r", "n": %q, "e": "AQAB"}, {"kty": "EC", "kid": "e", "crv": "P-256", "x": %q, "y": %q}, {"kty": "oct", "kid": "o", "k": "AAAA"}]}`,
		b64(small.N.Bytes()), b64(raw[1:33]), b64(raw[33:]))
	now := time.Unix(1_800_000_000, 0)
	good := map[string]any{"iss": "https://idp", "aud": []string{"other", "postern"}, "exp": now.Unix() + 60, "email": "ann", "sub": "0042"}
	issue := func(alg, kid string, change map[string]any) string {
		claims := maps.Clone(good)
		maps.Copy(claims, change)
		text := encode(map[string]string{"alg": alg, "kid": kid}) + "." + encode(claims)
		sum := sha256.Sum256([]byte(text))
		var signature []byte
		if kid == "e" {
			r, s, err := ecdsa.Sign(rand.Reader, point, sum[:])
			if err != nil {
				t.Fatal(err)
			}
			signature = append(r.FillBytes(make32()), s.FillBytes(make32())...)
		} else if signature, err = rsa.SignPKCS1v15(rand.Reader, small, crypto.SHA256, sum[:]); err != nil {
			t.Fatal(err)
		}
		return text + "." + b64(signature)
	}
	rules := identity.TokenRules{Issuer: "https://idp", Audience: "postern", Claim: "email"}
	for _, token := range []string{issue("RS256", "r", nil), issue("ES256", "e", nil), issue("RS256", "r", map[string]any{"aud": "postern", "nbf": now.Unix() + 30})} {
		if user, err := identity.VerifyToken(token, keys, rules, now); err != nil || user != "ann" {
			t.Errorf("%q %v", user, err)
		}
	}
	if user, err := identity.VerifyToken(issue("RS256", "r", nil), keys, identity.TokenRules{Issuer: "https://idp", Audience: "postern"}, now); err != nil || user != "0042" {
		t.Errorf("%q %v", user, err)
	}
	whole := issue("RS256", "r", nil)
	parts := strings.Split(whole, ".")
	bad := []string{
		"", "a.b", "a.b.c", parts[0] + "." + encode(good) + "." + parts[2][:len(parts[2])-4] + "AAAA", encode(map[string]string{"alg": "none"}) + "." + parts[1] + ".",
		encode(map[string]string{"alg": "HS256", "kid": "r"}) + "." + parts[1] + "." + parts[2], issue("ES256", "r", nil), issue("RS256", "e", nil), issue("RS256", "o", nil), issue("RS256", "missing", nil),
		strings.Repeat("a", 20_000) + ".b.c", parts[0] + "." + encode(map[string]any{"sub": "root"}) + "." + parts[2],
	}
	for _, change := range map[string]map[string]any{
		"issuer": {"iss": "https://other"}, "audience": {"aud": "other"}, "no audience": {"aud": 7}, "ended": {"exp": now.Unix() - 61}, "no end": {"exp": "never"}, "not begun": {"nbf": now.Unix() + 120},
		"no user": {"email": ""}, "a number": {"email": 7}, "zero byte": {"email": "a\x00b"}, "huge end": {"exp": 1e300},
	} {
		bad = append(bad, issue("RS256", "r", change))
	}
	for _, token := range bad {
		if user, err := identity.VerifyToken(token, keys, rules, now); err == nil || user != "" {
			t.Errorf("%.80s was taken for %q", token, user)
		}
	}
	for _, set := range []string{"", "{}", `{"keys": [{"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}]}`, `{"keys": 1}`} {
		if _, err := identity.VerifyToken(whole, []byte(set), rules, now); err == nil {
			t.Errorf("the keys %s were taken", set)
		}
	}
	t.Logf("%d tokens refused", len(bad))
}

func make32() []byte { return make([]byte, 32) }

// FuzzVerifyToken holds that no text makes it panic, and that none is taken whose signature nobody made.
func FuzzVerifyToken(f *testing.F) {
	f.Add("a.b.c", `{"keys": []}`)
	f.Add(encode(map[string]string{"alg": "RS256", "kid": "r"})+"."+encode(map[string]any{"iss": "i", "aud": "a", "exp": 9e9, "sub": "x"})+".AAAA", `{"keys": [{"kty": "RSA", "kid": "r", "n": "`+strings.Repeat("_", 342)+`", "e": "AQAB"}]}`)
	f.Fuzz(func(t *testing.T, token, keys string) {
		if user, err := identity.VerifyToken(token, []byte(keys), identity.TokenRules{Issuer: "i", Audience: "a"}, time.Unix(1, 0)); err == nil {
			t.Errorf("%q was taken for %q", token, user)
		}
	})
}
