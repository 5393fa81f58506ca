package tokenize

import (
	"fmt"
	"unicode/utf8"
)

// Alphabets that every home of a policy knows.
const (
	// Digits is radix 10.
	Digits = "0123456789"
	// LowerAlphanumeric is radix 36, in the order of NIST's samples.
	LowerAlphanumeric = Digits + "abcdefghijklmnopqrstuvwxyz"
	// Alphanumeric is radix 62: digits, upper case, lower case.
	Alphanumeric = Digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "abcdefghijklmnopqrstuvwxyz"
)

// maxRadix bounds an alphabet; FF1 itself allows 65536.
const maxRadix = 256

// alphabet maps characters to numerals and back.
type alphabet struct {
	runes    []rune
	numerals map[rune]uint16
}

// newAlphabet takes 2 to 256 different characters; their order is part of the
// mask.
func newAlphabet(characters string) (alphabet, error) {
	if !utf8.ValidString(characters) {
		return alphabet{}, fmt.Errorf("%w: the alphabet is not UTF-8", ErrAlphabet)
	}
	runes := []rune(characters)
	if len(runes) < 2 || len(runes) > maxRadix {
		return alphabet{}, fmt.Errorf("%w: an alphabet has 2 to %d characters, not %d", ErrAlphabet, maxRadix, len(runes))
	}
	a := alphabet{runes: runes, numerals: make(map[rune]uint16, len(runes))}
	for i, r := range runes {
		if _, twice := a.numerals[r]; twice {
			return alphabet{}, fmt.Errorf("%w: %q is in the alphabet twice", ErrAlphabet, r)
		}
		a.numerals[r] = uint16(i)
	}
	return a, nil
}

// split returns the numerals of the characters of s that are in the alphabet,
// and all of its characters; where[i] is the place of numeral i among them.
func (a alphabet) split(s string) (numerals []uint16, runes []rune, where []int, err error) {
	if len(s) > maxNumerals*utf8.UTFMax {
		return nil, nil, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLength, len(s), maxNumerals*utf8.UTFMax)
	}
	if !utf8.ValidString(s) {
		return nil, nil, nil, fmt.Errorf("%w: the value is not UTF-8", ErrAlphabet)
	}
	runes = []rune(s)
	for i, r := range runes {
		if numeral, known := a.numerals[r]; known {
			numerals = append(numerals, numeral)
			where = append(where, i)
		}
	}
	return numerals, runes, where, nil
}
