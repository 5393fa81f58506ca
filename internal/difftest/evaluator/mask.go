package evaluator

import (
	"fmt"
	"regexp"
	"strings"
)

// MaskKind is how a mask changes a value, the strictest first.
type MaskKind int

// The kinds.
const (
	MaskNull MaskKind = iota
	MaskConstant
	MaskRegex  // digits become *; text only
	MaskRound  // to tens; numbers only
	MaskCustom // the first two characters and a point; text only
)

var digit = regexp.MustCompile("[0-9]")

func (k MaskKind) yaml(integer bool) string {
	switch k {
	case MaskNull:
		return "null: true"
	case MaskConstant:
		if integer {
			return `constant: "7"`
		}
		return "constant: hidden"
	case MaskRegex:
		return `regex: {pattern: "[0-9]", replace: "*"}`
	case MaskRound:
		return "round: {to: 10}"
	case MaskCustom:
		return `custom: "left(@value, 2) || '.'"`
	}
	return fmt.Sprintf("unknown: %d", k)
}

func (k MaskKind) apply(v Value, integer bool) Value {
	switch k {
	case MaskNull:
		return null()
	case MaskConstant:
		if integer {
			return num(7)
		}
		return txt("hidden")
	case MaskRegex, MaskRound, MaskCustom:
	}
	if v.Null {
		return v
	}
	switch {
	case k == MaskRegex:
		return txt(digit.ReplaceAllString(v.Text, "*"))
	case k == MaskRound && v.Num < 0:
		return num(-((-v.Num + 5) / 10 * 10))
	case k == MaskRound:
		return num((v.Num + 5) / 10 * 10)
	}
	letters := []rune(v.Text)
	return txt(strings.ToValidUTF8(string(letters[:min(2, len(letters))]), "") + ".")
}
