package policy

import "strings"

// covers reports whether a policy on one tag is for what carries the other: `PII` covers `PII` and `PII.Phone`, not `PIIx`.
func covers(tag, have string) bool {
	return have == tag || strings.HasPrefix(have, tag+".")
}

// segments counts the parts of a dotted tag.
func segments(tag string) int { return strings.Count(tag, ".") + 1 }

// matchPattern reports whether a pattern fits a name. `*` stands for any run of characters without a dot.
func matchPattern(pattern, name string) bool {
	patterns, names := strings.Split(pattern, "."), strings.Split(name, ".")
	if len(patterns) != len(names) {
		return false
	}
	for i := range patterns {
		if !matchPart(patterns[i], names[i]) {
			return false
		}
	}
	return true
}

// matchPart matches one part of a pattern, in time proportional to the product of the lengths.
func matchPart(pattern, name string) bool {
	pieces := strings.Split(pattern, "*")
	if len(pieces) == 1 {
		return pattern == name
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for _, piece := range pieces[1 : len(pieces)-1] {
		at := strings.Index(name, piece)
		if at < 0 {
			return false
		}
		name = name[at+len(piece):]
	}
	return strings.HasSuffix(name, last)
}
