package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// TokenRules say which signed tokens (JWT, RFC 7519) prove who somebody is.
type TokenRules struct {
	// Issuer must be the token's iss, and Audience one of its aud.
	Issuer, Audience string
	// Claim names the claim that holds the user's name; sub when it is empty.
	Claim string
}

// The bounds of a token and of a set of keys, and how far two clocks may be apart.
const (
	maxTokenBytes = 16 << 10
	maxKeySet     = 1 << 20
	maxKeys       = 100
	tokenSkew     = time.Minute
	leastRSABits  = 2048
)

// errToken is all that is told of a token that proves nothing; what is wrong with it stands beside for the log.
var errToken = errors.New("the token does not prove who it is for")

// VerifyToken checks a token against a set of keys (JWK Set, RFC 7517) and gives the user whom it names. Taken are RS256 and ES256: what a token
// says of its own algorithm must be what the key is for. It must have an end (exp) that has not come.
func VerifyToken(token string, keySet []byte, rules TokenRules, now time.Time) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", fmt.Errorf("%w: "+format, append([]any{errToken}, args...)...)
	}
	parts := strings.Split(token, ".")
	if len(token) > maxTokenBytes || len(parts) != 3 {
		return bad("it is no signed token")
	}
	var header struct{ Alg, Kid, Typ string }
	if err := decodePart(parts[0], &header); err != nil {
		return bad("its header: %w", err)
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return bad("its signature: %w", err)
	}
	key, err := findKey(keySet, header.Kid, header.Alg)
	if err != nil {
		return bad("%w", err)
	}
	if !signed(key, parts[0]+"."+parts[1], signature) {
		return bad("its signature is not of the key %q", header.Kid)
	}
	claims := map[string]any{}
	if err := decodePart(parts[1], &claims); err != nil {
		return bad("its claims: %w", err)
	}
	return rules.user(claims, now)
}

// user checks the claims of a token whose signature is good.
func (r TokenRules) user(claims map[string]any, now time.Time) (string, error) {
	var wrong []error
	if issuer, _ := claims["iss"].(string); issuer != r.Issuer || issuer == "" {
		wrong = append(wrong, errors.New("another issuer"))
	}
	if !slices.Contains(texts(claims["aud"]), r.Audience) || r.Audience == "" {
		wrong = append(wrong, errors.New("another audience"))
	}
	if end, ok := claims["exp"].(float64); !ok || !now.Add(-tokenSkew).Before(seconds(end)) {
		wrong = append(wrong, errors.New("it has ended, or has no end"))
	}
	if begin, has := claims["nbf"]; has {
		if from, ok := begin.(float64); !ok || now.Add(tokenSkew).Before(seconds(from)) {
			wrong = append(wrong, errors.New("it has not begun"))
		}
	}
	claim := r.Claim
	if claim == "" {
		claim = "sub"
	}
	user, _ := claims[claim].(string)
	if user == "" || len(user) > 256 || strings.ContainsRune(user, 0) {
		wrong = append(wrong, fmt.Errorf("no name in the claim %q", claim))
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("%w: %w", errToken, errors.Join(wrong...))
	}
	return user, nil
}

func seconds(n float64) time.Time {
	if n < 0 || n > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

func texts(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func decodePart(part string, out any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

type jsonKey struct{ Kty, Kid, Use, Alg, N, E, Crv, X, Y string }

// findKey finds the one key of the set that the token names, for the algorithm that it names.
func findKey(keySet []byte, kid, alg string) (crypto.PublicKey, error) {
	var set struct{ Keys []jsonKey }
	if len(keySet) > maxKeySet {
		return nil, errors.New("the set of keys is too large")
	}
	if err := json.Unmarshal(keySet, &set); err != nil || len(set.Keys) > maxKeys {
		return nil, errors.New("the set of keys cannot be read")
	}
	for _, k := range set.Keys {
		if k.Kid != kid || k.Use != "" && k.Use != "sig" || k.Alg != "" && k.Alg != alg {
			continue
		}
		switch {
		case k.Kty == "RSA" && alg == "RS256":
			return k.rsa()
		case k.Kty == "EC" && k.Crv == "P-256" && alg == "ES256":
			return k.ecdsa()
		}
	}
	return nil, fmt.Errorf("no key %q for the algorithm %q", kid, alg)
}

func (k jsonKey) rsa() (crypto.PublicKey, error) {
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	e, err2 := base64.RawURLEncoding.DecodeString(k.E)
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if err != nil || err2 != nil || len(e) > 4 || key.N.BitLen() < leastRSABits || len(n) > 1024 || key.E < 3 {
		return nil, fmt.Errorf("the key %q is no RSA key of at least %d bits", k.Kid, leastRSABits)
	}
	return key, nil
}

func (k jsonKey) ecdsa() (crypto.PublicKey, error) {
	x, err := base64.RawURLEncoding.DecodeString(k.X)
	y, err2 := base64.RawURLEncoding.DecodeString(k.Y)
	if err != nil || err2 != nil || len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("the key %q is no point of P-256", k.Kid)
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
}

// signed holds a signature against a text.
func signed(key crypto.PublicKey, text string, signature []byte) bool {
	sum := sha256.Sum256([]byte(text))
	switch k := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		return len(signature) == 64 && ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}
