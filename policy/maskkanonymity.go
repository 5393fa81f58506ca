package policy

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// maxK bounds k-anonymity.
const maxK = 1_000_000

// compileKAnonymity checks the mask that suppresses rare combinations.
func compileKAnonymity(m *KAnonymityMask) (maskMaker, error) {
	if m.K < 2 || m.K > maxK {
		return nil, fmt.Errorf("kAnonymity.k is %d: it must be from 2 to %d", m.K, maxK)
	}
	return func(at target) builtMask { return kAnonymityMask(at, m.K) }, nil
}

// kAnonymityMask is NULL where fewer than k of the rows that pass the filter have the row's combination.
func kAnonymityMask(at target, k int) builtMask {
	t := typeOf(at.column)
	if !t.groups() {
		return fallback(at.column, "values of type %s cannot be counted", at.column.Type)
	}
	var by []expr.Column
	var names []string
	for _, c := range at.with {
		if typeOf(c).groups() {
			by, names = append(by, sourceColumn(c)), append(names, c.Name)
		}
	}
	enough := expr.Op{Name: ">=", Left: expr.CountOver{By: by}, Right: integer(k)}
	b := builtMask{kind: MaskKAnonymity, expr: expr.Cast{Arg: expr.Case{Whens: []expr.When{{Cond: enough, Result: sourceColumn(at.column)}}}, Type: t.full}}
	if at.column.Name == names[0] {
		b.remark = fmt.Sprintf("counting combinations of %s reads and sorts all rows that the person may see, for every query on the source", strings.Join(names, ", "))
	}
	return b
}

// groups reports a type of which it is known that its values can be compared for equality.
func (t columnType) groups() bool {
	switch t.base {
	case "", "json", "xml":
		return false
	}
	return true
}
