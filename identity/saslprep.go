package identity

import (
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// prepare normalizes a password as PostgreSQL does before it is hashed (src/common/saslprep.c): SASLprep (RFC 4013), and
// the bytes as they are where that is not possible, because such passwords are allowed too.
func prepare(password string) string {
	if isASCII(password) || !utf8.ValidString(password) {
		return password
	}
	mapped := norm.NFKC.String(strings.Map(mapRune, password))
	if mapped == "" || !permitted([]rune(mapped)) {
		return password
	}
	return mapped
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// mapRune is the mapping step: other spaces (table C.1.2) become a space, table B.1 is dropped (a negative result).
func mapRune(r rune) rune {
	switch {
	case r == 0x00A0, r == 0x1680, r >= 0x2000 && r <= 0x200B, r == 0x202F, r == 0x205F, r == 0x3000:
		return ' '
	case r == 0x00AD, r == 0x034F, r == 0x1806, r >= 0x180B && r <= 0x180D, r == 0x200C, r == 0x200D, r == 0x2060,
		r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF:
		return -1
	}
	return r
}

// permitted is the prohibition step and the check of bidirectional text (RFC 3454, section 6).
func permitted(runes []rune) bool {
	prohibited, rightToLeft, leftToRight := prohibitedRanges(), rightToLeftRanges(), leftToRightRanges()
	var right, left bool
	for _, r := range runes {
		if inRanges(prohibited, r) {
			return false
		}
		right = right || inRanges(rightToLeft, r)
		left = left || inRanges(leftToRight, r)
	}
	if !right {
		return true
	}
	return !left && inRanges(rightToLeft, runes[0]) && inRanges(rightToLeft, runes[len(runes)-1])
}

func inRanges(table []runeRange, r rune) bool {
	i := sort.Search(len(table), func(i int) bool { return table[i].hi >= r })
	return i < len(table) && table[i].lo <= r
}
