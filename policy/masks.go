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
	// refused says why there cannot be a mask; nothing is then published.
	refused string
}

// maskMaker makes the mask for a column. It is checked as far as it does not depend on the column.
type maskMaker func(at target) builtMask

// byColumn makes a mask that depends on the column alone.
func byColumn(f func(catalog.Column) builtMask) maskMaker {
	return func(at target) builtMask { return f(at.column) }
}

// compileMask checks a mask rule by itself and returns what makes it for a column.
func compileMask(m *Mask) (maskMaker, error) {
	if kinds := m.kinds(); kinds != 1 {
		return nil, fmt.Errorf("a mask says exactly one of hide: true, null: true, kAnonymity, constant, randomized, hash, reversible, formatPreserving, regex, round and custom; this one says %d", kinds)
	}
	switch {
	case m.Hide && m.Where != "":
		return nil, errors.New("hide has no where: a column is there for all rows or for none; null has one")
	case m.Hide:
		return byColumn(hideMask), nil
	case m.Null:
		return byColumn(nullMask), nil
	case m.KAnonymity != nil:
		return compileKAnonymity(m.KAnonymity)
	case m.Constant != nil:
		value := *m.Constant
		return byColumn(func(c catalog.Column) builtMask { return constantMask(c, value) }), nil
	case m.Randomized != nil:
		return compileRandomized(m.Randomized)
	case m.Hash != nil, m.Reversible != nil, m.FormatPreserving != nil:
		return compileKeyed(m)
	case m.Regex != nil:
		return compileRegexMask(m.Regex)
	case m.Custom != "":
		return compileCustom(m.Custom)
	}
	return compileRoundMask(m.Round)
}

// kinds counts the kinds of mask that are set.
func (m *Mask) kinds() int {
	return countSet(m.Hide, m.Null, m.KAnonymity != nil, m.Constant != nil, m.Randomized != nil, m.Hash != nil, m.Reversible != nil,
		m.FormatPreserving != nil, m.Regex != nil, m.Round != nil, m.Custom != "")
}

func nullMask(c catalog.Column) builtMask {
	return builtMask{expr: typeOf(c).null(c), kind: MaskNull}
}

// hideMask leaves the column out of decisions. Whoever printed it all the same would print NULL.
func hideMask(c catalog.Column) builtMask {
	return builtMask{expr: typeOf(c).null(c), kind: MaskHide}
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
