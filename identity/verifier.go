package identity

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

const (
	// DefaultIterations of PBKDF2 in a new Verifier, PostgreSQL's default (scram_iterations).
	DefaultIterations = 4096
	// maxIterations bounds the work that one check of a cleartext password may cost.
	maxIterations = 10_000_000
	saltSize      = 16
	maxSaltSize   = 1024
	mechanism     = "SCRAM-SHA-256"
	redacted      = "***"
)

// Verifier is a stored SCRAM-SHA-256 secret (RFC 5802, section 3; RFC 7677): it checks a password and does not hold it.
// Whoever has it can neither log in nor learn the password but by guessing, and can pretend to be the server; so it is
// printed by String alone: fmt and slog show ***. It is immutable. The zero value accepts nobody.
type Verifier struct {
	iterations int
	salt       []byte
	storedKey  []byte
	serverKey  []byte
	// mock marks the verifier of nobody: it goes through the motions and accepts nothing.
	mock bool
}

// ParseVerifier reads the form that PostgreSQL keeps in pg_authid.rolpassword:
// SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three in base64. Errors do not repeat the text.
func ParseVerifier(text string) (Verifier, error) {
	rest, ok := strings.CutPrefix(text, mechanism+"$")
	head, keys, ok2 := strings.Cut(rest, "$")
	count, salt64, ok3 := strings.Cut(head, ":")
	stored64, server64, ok4 := strings.Cut(keys, ":")
	if !ok || !ok2 || !ok3 || !ok4 {
		return Verifier{}, errors.New("parsing verifier: not of the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey")
	}
	iterations, err := strconv.Atoi(count)
	if err != nil || iterations < 1 || iterations > maxIterations {
		return Verifier{}, fmt.Errorf("parsing verifier: iterations are not a number from 1 to %d", maxIterations)
	}
	v := Verifier{iterations: iterations}
	if v.salt, err = base64.StdEncoding.DecodeString(salt64); err != nil || len(v.salt) == 0 || len(v.salt) > maxSaltSize {
		return Verifier{}, errors.New("parsing verifier: salt is not base64 of a sensible length")
	}
	if v.storedKey, err = decodeKey("StoredKey", stored64); err != nil {
		return Verifier{}, err
	}
	if v.serverKey, err = decodeKey("ServerKey", server64); err != nil {
		return Verifier{}, err
	}
	return v, nil
}

func decodeKey(name, text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("parsing verifier: %s is not base64 of %d bytes", name, sha256.Size)
	}
	return key, nil
}

// NewVerifier makes the verifier of a password, normalized as PostgreSQL does, with a salt read from random
// (crypto/rand.Reader outside tests). iterations of 0 means DefaultIterations. The work is about a millisecond for 4096
// iterations.
func NewVerifier(password string, iterations int, random io.Reader) (Verifier, error) {
	if iterations == 0 {
		iterations = DefaultIterations
	}
	if iterations < 1 || iterations > maxIterations {
		return Verifier{}, fmt.Errorf("making verifier: iterations are not a number from 1 to %d", maxIterations)
	}
	if password == "" {
		return Verifier{}, errors.New("making verifier: the password is empty")
	}
	v := Verifier{iterations: iterations, salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(random, v.salt); err != nil {
		return Verifier{}, fmt.Errorf("making verifier: reading salt: %w", err)
	}
	var err error
	v.storedKey, v.serverKey, err = derive(password, v.salt, iterations)
	return v, err
}

// MockVerifier is the verifier of an unknown user: always the same for one user and server key, so that its salt and
// iterations look like anyone's, and never satisfied. key is a secret of the server that outlives restarts.
func MockVerifier(user string, key []byte) Verifier {
	part := func(label string) []byte { return mac(key, []byte("postern mock verifier "+label+"\x00"+user)) }
	return Verifier{
		iterations: DefaultIterations, salt: part("salt")[:saltSize],
		storedKey: part("stored key"), serverKey: part("server key"), mock: true,
	}
}

// IsZero reports the verifier of nobody.
func (v Verifier) IsZero() bool { return v.iterations == 0 }

// Iterations of PBKDF2, told to a client that logs in.
func (v Verifier) Iterations() int { return v.iterations }

// Salt is told to a client that logs in. The caller must not change it.
func (v Verifier) Salt() []byte { return v.salt }

// VerifyProof checks a ClientProof over an AuthMessage (RFC 5802, section 3), in time that does not depend on the outcome.
func (v Verifier) VerifyProof(authMessage, proof []byte) bool {
	if v.IsZero() || len(proof) != sha256.Size {
		return false
	}
	clientKey := mac(v.storedKey, authMessage)
	subtle.XORBytes(clientKey, clientKey, proof)
	stored := sha256.Sum256(clientKey)
	return subtle.ConstantTimeCompare(stored[:], v.storedKey) == 1 && !v.mock
}

// ServerSignature proves to a client over an AuthMessage that the server knows this verifier.
func (v Verifier) ServerSignature(authMessage []byte) []byte { return mac(v.serverKey, authMessage) }

// VerifyPassword checks a cleartext password, which may come over TLS only. It costs as much as making the verifier,
// whether or not the user exists (MockVerifier).
func (v Verifier) VerifyPassword(password string) bool {
	if v.IsZero() {
		return false
	}
	stored, _, err := derive(password, v.salt, v.iterations)
	return err == nil && subtle.ConstantTimeCompare(stored, v.storedKey) == 1 && !v.mock
}

// String returns the form that ParseVerifier reads, for a store and nothing else; "" for the zero value and for a mock.
func (v Verifier) String() string {
	if v.IsZero() || v.mock {
		return ""
	}
	enc := base64.StdEncoding.EncodeToString
	return mechanism + "$" + strconv.Itoa(v.iterations) + ":" + enc(v.salt) + "$" + enc(v.storedKey) + ":" + enc(v.serverKey)
}

// Format implements fmt.Formatter, so that no verb and no flag prints the keys.
func (Verifier) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// GoString implements fmt.GoStringer.
func (Verifier) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (Verifier) LogValue() slog.Value { return slog.StringValue(redacted) }

// derive computes StoredKey and ServerKey (RFC 5802, section 3).
func derive(password string, salt []byte, iterations int) (storedKey, serverKey []byte, err error) {
	salted, err := pbkdf2.Key(sha256.New, prepare(password), salt, iterations, sha256.Size)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	stored := sha256.Sum256(mac(salted, []byte("Client Key")))
	return stored[:], mac(salted, []byte("Server Key")), nil
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
