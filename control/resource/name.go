package resource

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// The forms of names. Each is bounded, and none can hold what would need quoting in a log line, a URL or a shell.
var (
	// connectionName is also the database that clients ask for.
	connectionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)
	// userName is what people log in with; it fits PostgreSQL's 63 bytes.
	userName = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_.@+-]*$`)
	// policyName is for people to read.
	policyName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}$`)
	tagName    = regexp.MustCompile(`^[\p{L}\p{N}_-]([\p{L}\p{N}_ -]*[\p{L}\p{N}_-])?(\.[\p{L}\p{N}_-]([\p{L}\p{N}_ -]*[\p{L}\p{N}_-])?)*$`)
)

const (
	maxUserBytes  = 63
	maxTagBytes   = 255
	maxWordBytes  = 255
	maxValueBytes = 1024
	maxListLength = 10_000
	maxMembers    = 1_000_000
)

func checkConnectionName(name string) error {
	if !connectionName.MatchString(name) {
		return fmt.Errorf("the name %q is not one of 1 to 63 letters, digits, _ and -, beginning with a letter or _", clip(name))
	}
	return nil
}

func checkUserName(name string) error {
	if len(name) > maxUserBytes || !userName.MatchString(name) {
		return fmt.Errorf("the name %q is not one of 1 to %d bytes of letters, digits and _ . @ + -", clip(name), maxUserBytes)
	}
	return nil
}

func checkPolicyName(name string) error {
	if !policyName.MatchString(name) {
		return fmt.Errorf("the name %q is not one of 1 to 128 letters, digits, spaces and _ . -", clip(name))
	}
	return nil
}

func checkTag(tag string) error {
	if len(tag) > maxTagBytes || !tagName.MatchString(tag) {
		return fmt.Errorf("the tag %q is not words separated by dots, as in PII.Phone", clip(tag))
	}
	return nil
}

// checkWord is for names that come from elsewhere, such as groups of an identity provider.
func checkWord(what, word string) error {
	if word == "" || len(word) > maxWordBytes || hasControl(word) {
		return fmt.Errorf("the %s %q is not 1 to %d bytes without control characters", what, clip(word), maxWordBytes)
	}
	return nil
}

func checkValue(what, value string) error {
	if len(value) > maxValueBytes || hasControl(value) {
		return fmt.Errorf("a value of %s is longer than %d bytes or holds a control character", what, maxValueBytes)
	}
	return nil
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}
