package tokenize

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
)

// SQLKeys are the keys of a token domain in a warehouse that has SHA-256 over texts and nothing else (Amazon Redshift's SHA2 without a Lambda). They are
// texts, 64 hex digits each, drawn from the domain's key by HMAC-SHA-256 with labels of their own: what is kept in the warehouse tells nothing of that key,
// nor of what is made with it elsewhere.
type SQLKeys struct {
	Inner, Outer string
}

// The labels of the two keys. A zero byte ends each, and no domain holds one.
const (
	sqlInnerLabel = "postern sql mask inner key\x00"
	sqlOuterLabel = "postern sql mask outer key\x00"
)

// NewSQLKeys draws the keys of a domain.
func NewSQLKeys(key []byte, domain string) (SQLKeys, error) {
	if err := checkHashKey(key); err != nil {
		return SQLKeys{}, err
	}
	if err := checkDomain(domain); err != nil {
		return SQLKeys{}, err
	}
	derived := func(label string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(label + domain))
		return hex.EncodeToString(mac.Sum(nil))
	}
	return SQLKeys{Inner: derived(sqlInnerLabel), Outer: derived(sqlOuterLabel)}, nil
}

// Hash is the keyed hash mask by built-in SQL:
//
//	h = hex(SHA-256(Outer || hex(SHA-256(Inner || "h:" || domain || ":" || hex(SHA-256(value))))))
//
// Everything but the domain has a fixed length, so that no two pairs of domain and value are hashed alike.
func (k SQLKeys) Hash(domain, value string) string { return k.mac("h:"+domain+":", value) }

// Draw is a number from 0 to 2^53-1: the first 53 bits of what Hash is with the label d in place of h, so that no hash tells a draw.
func (k SQLKeys) Draw(domain, value string) (int64, error) {
	const digits, spare = 14, 3
	n, err := strconv.ParseInt(k.mac("d:"+domain+":", value)[:digits], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("reading a draw: %w", err)
	}
	return n >> spare, nil
}

func (k SQLKeys) mac(label, value string) string {
	return hexSum(k.Outer + hexSum(k.Inner+label+hexSum(value)))
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
