package tokenize

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
)

// maxAssociated is the number of associated strings that S2V can take
// (RFC 5297, section 2.6: 127 with the plaintext).
const maxAssociated = 126

// SIV is AES-SIV (RFC 5297): deterministic authenticated encryption, the
// reversible mask. Equal values of one domain have equal tokens; a token that
// was changed is refused. It is safe for concurrent use.
type SIV struct {
	mac *cmac
	ctr cipher.Block
}

// NewSIV takes a key of 32, 48 or 64 bytes: one half authenticates, the other
// encrypts with AES-128, AES-192 or AES-256.
func NewSIV(key []byte) (*SIV, error) {
	switch len(key) {
	case 32, 48, 64:
	default:
		return nil, fmt.Errorf("%w: %d bytes, want 32, 48 or 64", ErrKey, len(key))
	}
	half := len(key) / 2
	mac, err := aes.NewCipher(key[:half])
	if err != nil {
		return nil, fmt.Errorf("preparing AES-SIV: %w", err)
	}
	ctr, err := aes.NewCipher(key[half:])
	if err != nil {
		return nil, fmt.Errorf("preparing AES-SIV: %w", err)
	}
	return &SIV{mac: newCMAC(mac), ctr: ctr}, nil
}

// Protect returns the token of a value: lower-case hex of Seal with the domain
// as the only associated string. It is 32 + 2*len(value) characters long.
func (s *SIV) Protect(domain, value string) (string, error) {
	if err := checkDomain(domain); err != nil {
		return "", err
	}
	sealed, err := s.Seal([]byte(value), []byte(domain))
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sealed), nil
}

// Reveal returns the value of a token that Protect made with the same key and
// domain, and ErrToken for anything else.
func (s *SIV) Reveal(domain, token string) (string, error) {
	if err := checkDomain(domain); err != nil {
		return "", err
	}
	if len(token) > 2*(MaxValueBytes+blockBytes) {
		return "", ErrToken
	}
	sealed, err := hex.DecodeString(token)
	if err != nil || hex.EncodeToString(sealed) != token {
		return "", ErrToken
	}
	value, err := s.Open(sealed, []byte(domain))
	if err != nil {
		return "", err
	}
	return string(value), nil
}

// Seal returns the synthetic initialization vector of 16 bytes and after it the
// encrypted plaintext (RFC 5297, section 2.6).
func (s *SIV) Seal(plaintext []byte, associated ...[]byte) ([]byte, error) {
	if len(plaintext) > MaxValueBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLength, len(plaintext), MaxValueBytes)
	}
	if len(associated) > maxAssociated {
		return nil, fmt.Errorf("%w: %d associated strings, at most %d", ErrDomain, len(associated), maxAssociated)
	}
	iv := s.s2v(plaintext, associated)
	out := make([]byte, blockBytes+len(plaintext))
	copy(out, iv[:])
	s.crypt(out[blockBytes:], plaintext, iv)
	return out, nil
}

// Open is the inverse of Seal (RFC 5297, section 2.7).
func (s *SIV) Open(sealed []byte, associated ...[]byte) ([]byte, error) {
	if len(sealed) < blockBytes || len(sealed) > MaxValueBytes+blockBytes || len(associated) > maxAssociated {
		return nil, ErrToken
	}
	iv := block(sealed[:blockBytes])
	plaintext := make([]byte, len(sealed)-blockBytes)
	s.crypt(plaintext, sealed[blockBytes:], iv)
	want := s.s2v(plaintext, associated)
	if subtle.ConstantTimeCompare(want[:], iv[:]) != 1 {
		return nil, ErrToken
	}
	return plaintext, nil
}

// s2v makes one block of the strings (RFC 5297, section 2.4). The plaintext is
// the last of them and always there, so the case of no string does not arise.
func (s *SIV) s2v(plaintext []byte, associated [][]byte) block {
	d := s.mac.sum(make([]byte, blockBytes))
	for _, a := range associated {
		d = xor(dbl(d), s.mac.sum(a))
	}
	if len(plaintext) >= blockBytes {
		end := append([]byte(nil), plaintext...)
		tail := end[len(end)-blockBytes:]
		subtle.XORBytes(tail, tail, d[:])
		return s.mac.sum(end)
	}
	var padded block
	copy(padded[:], plaintext)
	padded[len(plaintext)] = 0x80
	last := xor(dbl(d), padded)
	return s.mac.sum(last[:])
}

// crypt is AES-CTR from the vector with two bits cleared (RFC 5297, section
// 2.5).
func (s *SIV) crypt(dst, src []byte, iv block) {
	iv[8] &= 0x7f
	iv[12] &= 0x7f
	cipher.NewCTR(s.ctr, iv[:]).XORKeyStream(dst, src)
}
