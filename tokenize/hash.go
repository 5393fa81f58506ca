package tokenize

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Bounds on lengths, in bytes.
const (
	// MinHashKeyBytes and MaxHashKeyBytes bound the key of Hash. A key of up to
	// one block of SHA-256 needs no hashing of its own, which keeps the twin in
	// SQL simple.
	MinHashKeyBytes = 16
	MaxHashKeyBytes = sha256.BlockSize
	// MaxDomainBytes bounds domains and tweaks.
	MaxDomainBytes = 1 << 10
	// MaxValueBytes bounds a value to be masked.
	MaxValueBytes = 1 << 20
)

// Errors of this package. None of them holds a key or a value.
var (
	// ErrKey is wrapped when a key has a length that the mask cannot use.
	ErrKey = errors.New("unusable key")
	// ErrDomain is wrapped for a domain or tweak that is too long or holds a
	// zero byte.
	ErrDomain = errors.New("unusable domain")
	// ErrLength is wrapped for a value that is too short or too long.
	ErrLength = errors.New("value of unusable length")
	// ErrAlphabet is wrapped for a character outside the alphabet, and for an
	// alphabet that is none.
	ErrAlphabet = errors.New("not of the alphabet")
	// ErrToken is returned for a token that was not made with this key and
	// domain, or was changed.
	ErrToken = errors.New("not a token of this key and domain")
)

// Hash is the keyed hash mask:
//
//	lower-case hex of HMAC-SHA-256(key, domain || 0x00 || value)
//
// (RFC 2104, FIPS 180-4), 64 characters. The domain names what the value is,
// such as a column or, where columns are to join, what they share. It holds no
// zero byte, so that no two pairs of domain and value are hashed alike. In SQL,
// domain and value are taken as UTF-8; NULL stays NULL.
func Hash(key []byte, domain, value string) (string, error) {
	if err := checkHashKey(key); err != nil {
		return "", err
	}
	if err := checkDomain(domain); err != nil {
		return "", err
	}
	if len(value) > MaxValueBytes {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrLength, len(value), MaxValueBytes)
	}
	mac := hmac.New(sha256.New, key)
	message := make([]byte, 0, len(domain)+1+len(value))
	message = append(append(append(message, domain...), 0), value...)
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// Pads returns the key's inner and outer pad of RFC 2104, 64 bytes each. With
// them a database that has nothing but sha256() computes Hash as
//
//	encode(sha256(outer || sha256(inner || convert_to(domain, 'UTF8') || '\x00'::bytea || convert_to(value, 'UTF8'))), 'hex')
//
// The pads are as secret as the key.
func Pads(key []byte) (inner, outer []byte, err error) {
	if err := checkHashKey(key); err != nil {
		return nil, nil, err
	}
	inner, outer = make([]byte, sha256.BlockSize), make([]byte, sha256.BlockSize)
	copy(inner, key)
	copy(outer, key)
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	return inner, outer, nil
}

func checkHashKey(key []byte) error {
	if len(key) < MinHashKeyBytes || len(key) > MaxHashKeyBytes {
		return fmt.Errorf("%w: %d bytes, want %d to %d", ErrKey, len(key), MinHashKeyBytes, MaxHashKeyBytes)
	}
	return nil
}

func checkDomain(domain string) error {
	if len(domain) > MaxDomainBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrDomain, len(domain), MaxDomainBytes)
	}
	if strings.IndexByte(domain, 0) >= 0 {
		return fmt.Errorf("%w: it holds a zero byte", ErrDomain)
	}
	return nil
}
