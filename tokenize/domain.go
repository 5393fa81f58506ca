package tokenize

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Domain is one token domain with its key: what the functions of a registration compute for it. It is safe for concurrent use.
type Domain struct {
	name string
	key  []byte
	siv  *SIV
	ff1  []byte
}

// NewDomain takes a domain's name and its key of 16 to 64 bytes, and derives from it a key for each cipher:
//
//	HMAC-SHA-256(key, label)
//
// with the labels "postern siv mac", "postern siv ctr" and "postern ff1". No label holds a zero byte and every message that Hash and Draw
// make does, so that no token tells a derived key.
func NewDomain(name string, key []byte) (*Domain, error) {
	if err := checkHashKey(key); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fmt.Errorf("%w: it has no name", ErrDomain)
	}
	if err := checkDomain(name); err != nil {
		return nil, err
	}
	siv, err := NewSIV(append(derive(key, "postern siv mac"), derive(key, "postern siv ctr")...))
	if err != nil {
		return nil, err
	}
	return &Domain{name: name, key: append([]byte(nil), key...), siv: siv, ff1: derive(key, "postern ff1")}, nil
}

func derive(key []byte, label string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(label))
	return mac.Sum(nil)
}

// Hash is the keyed hash of a value.
func (d *Domain) Hash(value string) (string, error) { return Hash(d.key, d.name, value) }

// DrawBits is the size of a draw.
const DrawBits = 53

// Draw is a number from 0 to 2^53-1: the first 53 bits of HMAC-SHA-256(key, 0x00 || domain || 0x00 || value).
func (d *Domain) Draw(value string) (int64, error) {
	if len(value) > MaxValueBytes {
		return 0, fmt.Errorf("%w: %d bytes, at most %d", ErrLength, len(value), MaxValueBytes)
	}
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte("\x00" + d.name + "\x00" + value))
	return int64(binary.BigEndian.Uint64(mac.Sum(nil)) >> (64 - DrawBits)), nil
}

// Protect is the reversible mask of a value.
func (d *Domain) Protect(value string) (string, error) { return d.siv.Protect(d.name, value) }

// Reveal is the inverse of Protect; ErrToken for what is no token of this domain and key.
func (d *Domain) Reveal(token string) (string, error) { return d.siv.Reveal(d.name, token) }

// FormatPreserving is the format-preserving mask of a value over an alphabet such as Digits; characters that are not of it stay.
func (d *Domain) FormatPreserving(alphabet, value string) (string, error) {
	f, err := NewFF1(d.ff1, alphabet)
	if err != nil {
		return "", err
	}
	return f.EncryptKeeping([]byte(d.name), value)
}

// RevealFormatPreserving is the inverse of FormatPreserving. What was never masked has an inverse too: a value of the same form, and nothing
// tells the two apart.
func (d *Domain) RevealFormatPreserving(alphabet, value string) (string, error) {
	f, err := NewFF1(d.ff1, alphabet)
	if err != nil {
		return "", err
	}
	return f.DecryptKeeping([]byte(d.name), value)
}
