package rsfake

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

// account is what is known of a user who wants in.
type account struct {
	name         string
	exists       bool
	md5          string // "md5" and the digest of password and name
	sha256, salt string // the digest of password and salt in hexadecimal, and the salt as it is hashed
	form         string // md5 or sha256: how the password was given
	superuser    bool
	temporary    []string // temporary passwords that hold now
}

// checkCleartext holds a password against what is stored.
func (a account) checkCleartext(password string) bool {
	for _, t := range a.temporary {
		if subtle.ConstantTimeCompare([]byte(t), []byte(password)) == 1 {
			return a.exists
		}
	}
	switch {
	case !a.exists:
		return false
	case a.sha256 != "":
		sum := sha256.Sum256([]byte(password + a.salt))
		return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(a.sha256)) == 1
	case a.md5 != "":
		return subtle.ConstantTimeCompare([]byte(md5Hex(password+a.name)), []byte(a.md5[3:])) == 1
	}
	return false
}

// checkMD5 holds "md5" + md5(md5(password + user) + salt).
func (a account) checkMD5(answer string, salt []byte) bool {
	if !a.exists || len(a.md5) != 35 {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(answer), []byte("md5"+md5Hex(a.md5[3:]+string(salt)))) == 1
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// challenge is the request of code 13: the algorithm, the salt and the server's nonce.
func (a account) challenge(nonce []byte) []byte {
	body := binary.BigEndian.AppendUint32(nil, 0) // SHA-256
	body = binary.BigEndian.AppendUint32(body, uint32(len(a.salt)))
	body = append(body, a.salt...)
	body = binary.BigEndian.AppendUint32(body, uint32(len(nonce)))
	return append(body, nonce...)
}

// checkDigest reads the answer to code 13: the length of a digest, the digest, the length of the client's nonce, the nonce;
// the digest is SHA256(SHA256(password, salt), server's nonce, client's nonce).
func (a account) checkDigest(body, nonce []byte) bool {
	given, rest, ok := counted(body)
	if !ok {
		return false
	}
	clientNonce, rest, ok := counted(rest)
	if !ok || len(rest) != 0 || len(clientNonce) == 0 {
		return false
	}
	stored, err := hex.DecodeString(a.sha256)
	if err != nil || !a.exists || a.sha256 == "" {
		return false
	}
	h := sha256.New()
	h.Write(stored)
	h.Write(nonce)
	h.Write(clientNonce)
	return subtle.ConstantTimeCompare(h.Sum(nil), given) == 1
}

func counted(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}
