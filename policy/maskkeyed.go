package policy

import (
	"fmt"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// DefaultDomain is the token domain of a mask or sample that names none.
const DefaultDomain = "default"

// maxDomain bounds the name of a token domain.
const maxDomain = 63

// tokenDomain checks the name of a token domain.
func tokenDomain(name string) (string, error) {
	if name == "" {
		return DefaultDomain, nil
	}
	for _, r := range name {
		if r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return "", fmt.Errorf("the token domain %q may hold letters, digits, dot, dash and underscore only", name)
		}
	}
	if len(name) > maxDomain {
		return "", fmt.Errorf("the token domain's name is longer than %d bytes", maxDomain)
	}
	return name, nil
}

// compileKeyed checks the masks that are one keyed function of the text.
func compileKeyed(m *Mask) (maskMaker, error) {
	var name string
	var make func(c catalog.Column, domain string) builtMask
	switch {
	case m.Hash != nil:
		name, make = m.Hash.Domain, hashMask
	case m.Reversible != nil:
		name, make = m.Reversible.Domain, reversibleMask
	case m.FormatPreserving != nil:
		characters, ok := alphabet(m.FormatPreserving.Alphabet)
		if !ok {
			return nil, fmt.Errorf("formatPreserving.alphabet is %q: it must be digits, lowerAlphanumeric or alphanumeric", m.FormatPreserving.Alphabet)
		}
		name, make = m.FormatPreserving.Domain, func(c catalog.Column, domain string) builtMask { return formatPreservingMask(c, domain, characters) }
	}
	domain, err := tokenDomain(name)
	if err != nil {
		return nil, err
	}
	return byColumn(func(c catalog.Column) builtMask { return make(c, domain) }), nil
}

// hashLength is the number of hex digits of an unabridged hash, and shortHash the number below which different values are
// likely to collide in a table of ordinary size.
const (
	hashLength = 64
	shortHash  = 16
)

// hashMask is the keyed hash, cut to the column's length by the explicit cast (PostgreSQL manual, 8.3).
func hashMask(c catalog.Column, domain string) builtMask {
	t := typeOf(c)
	if !t.isText() {
		return fallback(c, "a hash is text, which type %s cannot hold", c.Type)
	}
	b := builtMask{kind: MaskHash, expr: expr.Cast{Arg: expr.Keyed{Func: expr.KeyedHash, Domain: domain, Arg: asText(c)}, Type: t.full}}
	if t.base == "character" && len(t.mods) == 0 {
		return fallback(c, "a hash does not fit into type %s", c.Type)
	}
	if len(t.mods) == 1 && t.mods[0] < shortHash {
		b.remark = fmt.Sprintf("of a hash only %d of %d digits fit into type %s: different values will look the same", t.mods[0], hashLength, c.Type)
	}
	return b
}

func asText(c catalog.Column) expr.Expr { return expr.Cast{Arg: sourceColumn(c), Type: "text"} }

func integer(n int) expr.Expr { return expr.Literal{Type: "integer", Value: fmt.Sprint(n)} }

// tokenOverhead is how many digits a token has beyond two for each byte of the value.
const tokenOverhead = 32

// reversibleMask is AES-SIV as hex. A token that was cut could not be revealed, so one that does not fit reads NULL.
func reversibleMask(c catalog.Column, domain string) builtMask {
	t := typeOf(c)
	if !t.isText() || t.base == "character" && len(t.mods) == 0 {
		return fallback(c, "a token is text, which type %s cannot hold", c.Type)
	}
	var token expr.Expr = expr.Keyed{Func: expr.KeyedProtect, Domain: domain, Arg: asText(c)}
	b := builtMask{kind: MaskReversible}
	if len(t.mods) == 1 {
		longest := (t.mods[0] - tokenOverhead) / 2
		if longest < 1 {
			return fallback(c, "a token has at least %d characters, more than type %s holds", tokenOverhead+2, c.Type)
		}
		fits := expr.Op{Name: "<=", Left: call("octet_length", asText(c)), Right: integer(longest)}
		token = expr.Case{Whens: []expr.When{{Cond: fits, Result: token}}}
		b.remark = fmt.Sprintf("values of more than %d bytes read NULL: their tokens do not fit into type %s", longest, c.Type)
	}
	b.expr = expr.Cast{Arg: token, Type: t.full}
	return b
}

// alphabet returns the characters of a named alphabet, in the order that is part of the mask (tokenize.Digits and so on).
func alphabet(name string) (string, bool) {
	const digits, upper, lower = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
	switch name {
	case "", "digits":
		return digits, true
	case "lowerAlphanumeric":
		return digits + lower, true
	case "alphanumeric":
		return digits + upper + lower, true
	}
	return "", false
}

// formatPreservingMask is FF1. The function gives NULL for what has too few characters of the alphabet.
func formatPreservingMask(c catalog.Column, domain, characters string) builtMask {
	t := typeOf(c)
	if !t.isText() || t.base == "character" && len(t.mods) == 0 {
		return fallback(c, "a format-preserving mask is for text, not for type %s", c.Type)
	}
	least := 1
	for size := len(characters); size < 1_000_000; size *= len(characters) {
		least++
	}
	if len(t.mods) == 1 && t.mods[0] < least {
		return fallback(c, "no value of type %s has the %d characters of the alphabet that FF1 needs", c.Type, least)
	}
	return builtMask{
		kind: MaskFormatPreserving, remark: fmt.Sprintf("values with fewer than %d characters of the alphabet read NULL", least),
		expr: expr.Cast{Arg: expr.Keyed{Func: expr.KeyedFormatPreserving, Domain: domain, Alphabet: characters, Arg: asText(c)}, Type: t.full},
	}
}
