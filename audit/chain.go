package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
)

// Anchor is one link of the chain: a record's number and its hash. Whoever
// keeps the anchor of today's last record elsewhere can prove tomorrow that
// nothing up to it was changed or cut off.
type Anchor struct {
	// Seq is the record's number; zero stands before the first record.
	Seq uint64 `json:"seq"`
	// Hash is the record's hash, 64 hexadecimal digits.
	Hash string `json:"hash"`
}

const hashHexBytes = 2 * sha256.Size

// The fixed parts of a line around its body.
const (
	lineHead   = `{"seq":`
	prevField  = `,"prev":"`
	hashField  = `,"hash":"`
	lineEnd    = `"}`
	hashedTail = len(hashField) + hashHexBytes + len(lineEnd) // what the hash does not cover
	prevTail   = len(prevField) + hashHexBytes + 1            // and before that, the link
)

// link is the state of the chain after a record.
type link struct {
	seq  uint64
	hash [sha256.Size]byte
}

func (l link) anchor() Anchor {
	return Anchor{Seq: l.seq, Hash: hex.EncodeToString(l.hash[:])}
}

// seal appends the body as the next record of the chain, a whole line with its
// newline, and returns the chain's new state.
func (l link) seal(dst, body []byte) ([]byte, link) {
	start := len(dst)
	next := link{seq: l.seq + 1}
	dst = append(dst, lineHead...)
	dst = strconv.AppendUint(dst, next.seq, 10)
	dst = append(dst, ',')
	dst = append(dst, body...)
	dst = append(dst, prevField...)
	dst = hex.AppendEncode(dst, l.hash[:])
	dst = append(dst, '"')
	next.hash = sha256.Sum256(dst[start:])
	dst = append(dst, hashField...)
	dst = hex.AppendEncode(dst, next.hash[:])
	dst = append(dst, lineEnd...)
	return append(dst, '\n'), next
}

// Why a line is not a record. Each is a complete sentence for a Problem.
var (
	errForm = errors.New("the line is not a record")
	errHash = errors.New("the record does not match its hash: it was changed")
)

// openLine takes a line, without its newline, apart and checks it against its
// own hash. It returns the link that the line makes and the hash that it
// continues.
func openLine(line []byte) (self link, prev [sha256.Size]byte, err error) {
	rest, ok := bytes.CutPrefix(line, []byte(lineHead))
	if !ok || len(line) < len(lineHead)+prevTail+hashedTail {
		return link{}, prev, errForm
	}
	number, _, ok := bytes.Cut(rest[:min(len(rest), 21)], []byte(","))
	if !ok {
		return link{}, prev, errForm
	}
	self.seq, err = strconv.ParseUint(string(number), 10, 64)
	if err != nil || self.seq == 0 || number[0] == '0' {
		return link{}, prev, errForm
	}
	hashed, tail := line[:len(line)-hashedTail], line[len(line)-hashedTail:]
	if !fixedHex(tail, hashField, lineEnd, &self.hash) ||
		!fixedHex(hashed[len(hashed)-prevTail:], prevField, `"`, &prev) {
		return link{}, prev, errForm
	}
	if sha256.Sum256(hashed) != self.hash {
		return link{}, prev, errHash
	}
	return self, prev, nil
}

// fixedHex reads the hash between two fixed strings; digits are lower case, so
// that there is one form of each hash.
func fixedHex(field []byte, head, end string, out *[sha256.Size]byte) bool {
	digits, ok := bytes.CutPrefix(field, []byte(head))
	if !ok {
		return false
	}
	digits, ok = bytes.CutSuffix(digits, []byte(end))
	if !ok || len(digits) != hashHexBytes || !bytes.Equal(digits, bytes.ToLower(digits)) {
		return false
	}
	_, err := hex.Decode(out[:], digits)
	return err == nil
}
