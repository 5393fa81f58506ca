package tokenize

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math/big"
)

const (
	// MinDomainSize is the smallest number of strings of one length that FF1
	// masks. SP 800-38G Revision 1 requires a million: below it, all of the
	// domain can be tried.
	MinDomainSize = 1_000_000
	// maxNumerals bounds a value; FF1 itself allows 2^32.
	maxNumerals = 1024
	rounds      = 10
)

// FF1 is the format-preserving mask (NIST SP 800-38G, algorithms 7 and 8): a
// keyed permutation of the strings of each length over an alphabet. It is safe
// for concurrent use.
type FF1 struct {
	aes       cipher.Block
	alphabet  alphabet
	radix     *big.Int
	minLength int
}

// NewFF1 takes an AES key of 16, 24 or 32 bytes and an alphabet, such as
// Digits, of 2 to 256 characters.
func NewFF1(key []byte, characters string) (*FF1, error) {
	switch len(key) {
	case 16, 24, 32:
	default:
		return nil, fmt.Errorf("%w: %d bytes, want 16, 24 or 32", ErrKey, len(key))
	}
	a, err := newAlphabet(characters)
	if err != nil {
		return nil, err
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing FF1: %w", err)
	}
	f := &FF1{aes: c, alphabet: a, radix: big.NewInt(int64(len(a.runes)))}
	for size := 1; size < MinDomainSize; size *= len(a.runes) {
		f.minLength++
	}
	return f, nil
}

// MinLength is the least number of characters of the alphabet that a value must
// have: radix to that power is at least MinDomainSize.
func (f *FF1) MinLength() int { return f.minLength }

// Encrypt masks a value all of whose characters are of the alphabet.
func (f *FF1) Encrypt(tweak []byte, value string) (string, error) {
	return f.apply(tweak, value, false, f.encrypt)
}

// Decrypt is the inverse of Encrypt.
func (f *FF1) Decrypt(tweak []byte, value string) (string, error) {
	return f.apply(tweak, value, false, f.decrypt)
}

// EncryptKeeping masks the characters of the alphabet and keeps all others
// where they are: with Digits, +1 (555) 010-4477 keeps its punctuation. What is
// kept is not part of the computation.
func (f *FF1) EncryptKeeping(tweak []byte, value string) (string, error) {
	return f.apply(tweak, value, true, f.encrypt)
}

// DecryptKeeping is the inverse of EncryptKeeping.
func (f *FF1) DecryptKeeping(tweak []byte, value string) (string, error) {
	return f.apply(tweak, value, true, f.decrypt)
}

func (f *FF1) apply(tweak []byte, value string, keep bool, do func(*feistel)) (string, error) {
	if len(tweak) > MaxDomainBytes {
		return "", fmt.Errorf("%w: a tweak of %d bytes, at most %d", ErrDomain, len(tweak), MaxDomainBytes)
	}
	numerals, runes, where, err := f.alphabet.split(value)
	if err != nil {
		return "", err
	}
	if !keep && len(numerals) != len(runes) {
		return "", fmt.Errorf("%w: %d characters of the value are not in it", ErrAlphabet, len(runes)-len(numerals))
	}
	if len(numerals) < f.minLength || len(numerals) > maxNumerals {
		return "", fmt.Errorf("%w: %d characters of the alphabet, want %d to %d",
			ErrLength, len(numerals), f.minLength, maxNumerals)
	}
	state := f.begin(tweak, numerals)
	do(state)
	state.numerals(numerals)
	for i, numeral := range numerals {
		runes[where[i]] = f.alphabet.runes[numeral]
	}
	return string(runes), nil
}

// feistel is one run of the cipher, with the names of the standard: A and B are
// the halves as numbers, u and v their lengths in numerals.
type feistel struct {
	f          *FF1
	u, v       int
	modU, modV *big.Int // radix^u, radix^v
	b, d       int      // bytes of NUM(B), and of S
	q          []byte   // P || Q, whose end is filled in for each round
	s          []byte
	a, bb, y   big.Int
}

// begin is steps 1 to 5 of both algorithms.
func (f *FF1) begin(tweak []byte, x []uint16) *feistel {
	n := len(x)
	st := &feistel{f: f, u: n / 2, v: n - n/2}
	st.modU = new(big.Int).Exp(f.radix, big.NewInt(int64(st.u)), nil)
	st.modV = new(big.Int).Exp(f.radix, big.NewInt(int64(st.v)), nil)
	// ceil(v * log2(radix)) is the number of bits of the largest number of v
	// numerals, computed without floating point.
	bits := new(big.Int).Sub(st.modV, big.NewInt(1)).BitLen()
	st.b = (bits + 7) / 8
	st.d = 4*((st.b+3)/4) + 4

	t := len(tweak)
	pad := (blockBytes - (t+st.b+1)%blockBytes) % blockBytes
	st.q = make([]byte, blockBytes+t+pad+1+st.b)
	radix := len(f.alphabet.runes)
	copy(st.q, []byte{1, 2, 1, byte(radix >> 16), byte(radix >> 8), byte(radix), rounds, byte(st.u)})
	binary.BigEndian.PutUint32(st.q[8:], uint32(n))
	binary.BigEndian.PutUint32(st.q[12:], uint32(t))
	copy(st.q[blockBytes:], tweak)

	st.s = make([]byte, (st.d+blockBytes-1)/blockBytes*blockBytes)
	st.num(&st.a, x[:st.u])
	st.num(&st.bb, x[st.u:])
	return st
}

// encrypt is step 6 of algorithm 7.
func (f *FF1) encrypt(st *feistel) {
	for i := range rounds {
		st.round(i, &st.bb)
		st.a.Add(&st.a, &st.y)
		st.a.Mod(&st.a, st.modulus(i))
		st.a, st.bb = st.bb, st.a
	}
}

// decrypt is step 6 of algorithm 8. Mod is Euclidean: never negative.
func (f *FF1) decrypt(st *feistel) {
	for i := rounds - 1; i >= 0; i-- {
		st.a, st.bb = st.bb, st.a
		st.round(i, &st.bb)
		st.a.Sub(&st.a, &st.y)
		st.a.Mod(&st.a, st.modulus(i))
	}
}

func (st *feistel) modulus(i int) *big.Int {
	if i%2 == 0 {
		return st.modU
	}
	return st.modV
}

// round sets y from the round's number and one half: the CBC-MAC of P || Q,
// made d bytes long in counter fashion.
func (st *feistel) round(i int, half *big.Int) {
	st.q[len(st.q)-st.b-1] = byte(i)
	half.FillBytes(st.q[len(st.q)-st.b:])
	var r block
	for q := st.q; len(q) > 0; q = q[blockBytes:] {
		r = xor(r, block(q[:blockBytes]))
		st.f.aes.Encrypt(r[:], r[:])
	}
	copy(st.s, r[:])
	for j := 1; j*blockBytes < len(st.s); j++ {
		var counter block
		binary.BigEndian.PutUint64(counter[8:], uint64(j))
		counter = xor(counter, r)
		st.f.aes.Encrypt(st.s[j*blockBytes:], counter[:])
	}
	st.y.SetBytes(st.s[:st.d])
}

// num sets out to the number that the numerals write, most significant first.
func (st *feistel) num(out *big.Int, x []uint16) {
	var digit big.Int
	for _, numeral := range x {
		out.Mul(out, st.f.radix)
		out.Add(out, digit.SetUint64(uint64(numeral)))
	}
}

// numerals writes both halves back.
func (st *feistel) numerals(out []uint16) {
	str := func(x *big.Int, out []uint16) {
		var digit big.Int
		for i := len(out) - 1; i >= 0; i-- {
			x.QuoRem(x, st.f.radix, &digit)
			out[i] = uint16(digit.Uint64())
		}
	}
	str(&st.a, out[:st.u])
	str(&st.bb, out[st.u:])
}
