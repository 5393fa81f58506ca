package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// builtMask is a mask for one column.
type builtMask struct {
	expr expr.Expr
	kind MaskKind
	// fallback says why the mask became NULL; "" if it did not. remark is another thing that the author should know.
	fallback, remark string
	// same is not 0 for a mask that columns of several sources share, and different for different masks.
	same int
}

// maskMaker makes the mask for a column. It is checked as far as it does not depend on the column.
type maskMaker func(c catalog.Column) builtMask

// compileMask checks a mask rule by itself and returns what makes it for a column.
func compileMask(m *Mask) (maskMaker, error) {
	if kinds := m.kinds(); kinds != 1 {
		return nil, fmt.Errorf("a mask says exactly one of null: true, kAnonymity, constant, randomized, hash, reversible, formatPreserving, regex, round and custom; this one says %d", kinds)
	}
	if m.Where != "" {
		return nil, errors.New("where is not enforced yet")
	}
	switch {
	case m.KAnonymity != nil, m.Randomized != nil, m.Reversible != nil, m.FormatPreserving != nil, m.Custom != "":
		return nil, errors.New("this kind of mask is not enforced yet")
	case m.Null:
		return nullMask, nil
	case m.Constant != nil:
		value := *m.Constant
		return func(c catalog.Column) builtMask { return constantMask(c, value) }, nil
	case m.Hash != nil:
		domain, err := hashDomain(m.Hash)
		if err != nil {
			return nil, err
		}
		return func(c catalog.Column) builtMask { return hashMask(c, domain) }, nil
	case m.Regex != nil:
		return compileRegexMask(m.Regex)
	}
	return compileRoundMask(m.Round)
}

// kinds counts the kinds of mask that are set.
func (m *Mask) kinds() (n int) {
	for _, set := range []bool{
		m.Null, m.KAnonymity != nil, m.Constant != nil, m.Randomized != nil, m.Hash != nil, m.Reversible != nil, m.FormatPreserving != nil,
		m.Regex != nil, m.Round != nil, m.Custom != "",
	} {
		if set {
			n++
		}
	}
	return n
}

func nullMask(c catalog.Column) builtMask {
	return builtMask{expr: typeOf(c).null(c), kind: MaskNull}
}

// fallback is NULL in place of a mask that cannot keep the column's type.
func fallback(c catalog.Column, format string, args ...any) builtMask {
	b := nullMask(c)
	b.fallback = fmt.Sprintf(format, args...)
	return b
}

// sourceColumn is the masked column itself.
func sourceColumn(c catalog.Column) expr.Column {
	return expr.Column{Name: c.Name, Type: expr.Type(c.Type)}
}

// maxDomain bounds the name of a token domain.
const maxDomain = 63

func hashDomain(h *HashMask) (string, error) {
	if h.Domain == "" {
		return "default", nil
	}
	for _, r := range h.Domain {
		if r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return "", fmt.Errorf("the token domain %q may hold letters, digits, dot, dash and underscore only", h.Domain)
		}
	}
	if len(h.Domain) > maxDomain {
		return "", fmt.Errorf("the token domain's name is longer than %d bytes", maxDomain)
	}
	return h.Domain, nil
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
	arg := expr.Cast{Arg: sourceColumn(c), Type: "text"}
	b := builtMask{kind: MaskHash, expr: expr.Cast{
		Arg: expr.Keyed{Func: expr.KeyedHash, Domain: domain, Arg: arg}, Type: t.full,
	}}
	if t.base == "character" && len(t.mods) == 0 {
		return fallback(c, "a hash does not fit into type %s", c.Type)
	}
	if len(t.mods) == 1 && t.mods[0] < shortHash {
		b.remark = fmt.Sprintf("of a hash only %d of %d digits fit into type %s: different values will look the same", t.mods[0], hashLength, c.Type)
	}
	return b
}

// tagDepth returns how deep the deepest of the tags is that covers one of the column's tags; 0 if none does.
func tagDepth(tags []string, c *catalog.Column) int {
	depth := 0
	for _, tag := range tags {
		if slices.ContainsFunc(c.Tags, func(have string) bool { return covers(tag, have) }) {
			depth = max(depth, segments(tag))
		}
	}
	return depth
}
