package policy

import (
	"encoding/json"
	"reflect"
)

// maskKey is all that a mask of one of the simple kinds is made from.
type maskKey struct {
	mask    string
	column  string
	typ     string
	cat     byte
	notNull bool
}

// sharing is compileMask with a memory: in a large catalog the same rule meets columns of the same name and type in many
// sources, and other rules say the same. Only the kinds that are known to depend on nothing else are shared.
func (c *compiler) sharing(m *Mask) (maskMaker, error) {
	maker, err := compileMask(m)
	text, ok := simpleMask(m)
	if err != nil || !ok {
		return maker, err
	}
	return func(at target) builtMask {
		col := at.column
		key := maskKey{text, col.Name, col.Type, col.Category, col.NotNull}
		built, known := c.masks[key]
		if !known {
			built = maker(at)
			built.same = len(c.masks) + 1
			c.masks[key] = built
		}
		return built
	}, nil
}

// simpleMask writes down what a mask does to a column, whichever it is; false for a mask that says anything more than the
// fields listed here, so that a new field is never shared by mistake.
func simpleMask(m *Mask) (string, bool) {
	does := Mask{Null: m.Null, Constant: m.Constant, Hash: m.Hash, Regex: m.Regex, Round: m.Round}
	rest := *m
	rest.ColumnTags, rest.Columns = nil, nil
	rest.Null, rest.Constant, rest.Hash, rest.Regex, rest.Round = false, nil, nil, nil, nil
	if !reflect.ValueOf(rest).IsZero() {
		return "", false
	}
	text, err := json.Marshal(does)
	return string(text), err == nil
}
