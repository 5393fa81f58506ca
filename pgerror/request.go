package pgerror

import (
	"regexp"
	"strings"
	"unicode"
)

// requestAccessHint is the hint that follows UndefinedTable, whether the relation is there or not: a command to paste. Without the three parts of a
// source's name, or where they could not be pasted, it names the command only.
func requestAccessHint(source []string) string {
	const maybe = "It may exist without being shared with you; "
	command := "postern request"
	if len(source) != 3 || strings.ContainsFunc(strings.Join(source, ""), unpastable) {
		return maybe + "ask its owner for access (" + command + ")."
	}
	parts := make([]string, len(source))
	for i, part := range source {
		if part == "" {
			return requestAccessHint(nil)
		}
		parts[i] = sourcePart(part)
	}
	return maybe + "ask its owner for access: " + command + " " + shellWord(strings.Join(parts, ".")) + " --reason 'why I need it'"
}

// unpastable finds what a terminal would act on, or not show.
func unpastable(r rune) bool { return !unicode.IsPrint(r) }

// sourcePart writes a part of a source's name as resource files have it: quoted where it holds a dot or a quote.
func sourcePart(part string) string {
	if strings.ContainsAny(part, `."`) {
		return `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
	}
	return part
}

// bareWord is what no shell reads as anything but itself.
var bareWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// shellWord quotes for a POSIX shell: inside single quotes nothing has a meaning but the single quote.
func shellWord(text string) string {
	if bareWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
