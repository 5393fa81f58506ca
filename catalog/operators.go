package catalog

import (
	_ "embed" // operators.tsv
	"strings"
	"sync"
)

// operatorsTSV is derived from pg_operator of PostgreSQL 15 by the rule that its first lines state.
//
//go:embed operators.tsv
var operatorsTSV string

// SafeOperator reports whether every pg_catalog operator of this name is safe in the sense of LookupFunction.
func SafeOperator(name string) bool {
	_, ok := loadOperators()[name]
	return ok
}

// LeakproofOperator reports whether the pg_catalog operator with exactly these operand types is leakproof
// (pg_proc.proleakproof): it says nothing about its operands but by its result. Types are as format_type prints them; left is
// "-" for a prefix operator.
func LeakproofOperator(name, left, right string) bool {
	return loadOperators()[name][left+"|"+right]
}

// loadOperators parses the embedded table once; the result is never changed.
var loadOperators = sync.OnceValue(func() map[string]map[string]bool {
	byName := make(map[string]map[string]bool, 100)
	for _, fields := range tsvRows(operatorsTSV, 2) {
		leakproof := map[string]bool{}
		for _, signature := range strings.Split(fields[1], ";") {
			if signature != "" {
				leakproof[signature] = true
			}
		}
		byName[fields[0]] = leakproof
	}
	return byName
})
