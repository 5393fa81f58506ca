package policy

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// drawBits is the size of what expr.KeyedDraw draws: a number from 0 to 2^53-1.
const drawBits = 53

// draw is a keyed draw that is the same at every look: over the source's declared key, and over value if that is not nil. purpose keeps
// draws for different ends apart. It is NULL where a part is.
func draw(t *catalog.Table, domain, purpose string, value expr.Expr) (expr.Expr, error) {
	key := t.Key
	if len(key) == 0 {
		key = t.PrimaryKey
	}
	if len(key) == 0 {
		return nil, errors.New("the source declares no key, and the warehouse has no primary key for it")
	}
	var message expr.Expr = expr.Literal{Type: "text", Value: purpose}
	for _, name := range key {
		column, ok := t.Column(name)
		if !ok {
			return nil, fmt.Errorf("the key's %q is no column", name)
		}
		text, ok := settledText(column)
		if !ok {
			return nil, fmt.Errorf("the text form of key column %s of type %s depends on settings", name, column.Type)
		}
		message = joined(message, text)
	}
	if value != nil {
		message = joined(message, value)
	}
	return expr.Keyed{Func: expr.KeyedDraw, Domain: domain, Arg: message}, nil
}

// joined puts two texts together so that no two pairs give the same: the length of the second stands between them.
func joined(a, b expr.Expr) expr.Expr {
	put := func(x, y expr.Expr) expr.Expr { return expr.Op{Name: "||", Left: x, Right: y} }
	word := func(s string) expr.Expr { return expr.Literal{Type: "text", Value: s} }
	length := expr.Cast{Arg: call("octet_length", b), Type: "text"}
	return put(put(put(put(a, word("/")), length), word(":")), b)
}

// settledText is the column as text that is the same under every setting; false if it has none.
func settledText(c catalog.Column) (expr.Expr, bool) {
	t := typeOf(c)
	switch {
	case t.isText(), t.isInteger(), t.base == "numeric", t.base == "boolean", t.base == "uuid":
		return asText(c), true
	case t.base == "date", t.base == "timestamp without time zone", t.base == "timestamp with time zone":
		// extract gives a numeric (PostgreSQL manual, 9.9.1).
		epoch := call("extract", expr.Literal{Type: "text", Value: "epoch"}, sourceColumn(c))
		return expr.Cast{Arg: epoch, Type: "text"}, true
	case t.base == "real", t.base == "double precision":
		return expr.Cast{Arg: expr.Cast{Arg: sourceColumn(c), Type: "numeric"}, Type: "text"}, true
	}
	return nil, false
}

var percentForm = regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,3})?$`)

// sampleRows shows a stable part of the rows.
func sampleRows(s *Sample) (rowMaker, error) {
	percent, ok := new(big.Rat).SetString(s.Percent)
	if !percentForm.MatchString(s.Percent) || !ok || percent.Sign() == 0 {
		return nil, fmt.Errorf("percent is %q: it must be above 0 and below 100, with up to three digits after the point", s.Percent)
	}
	domain, err := tokenDomain(s.Domain)
	if err != nil {
		return nil, err
	}
	below := expr.Literal{Type: "bigint", Value: share(percent)}
	return func(t *tableProgram) (expr.Expr, error) {
		drawn, err := draw(t.table, domain, "sample", nil)
		if err != nil {
			return nil, err
		}
		return expr.Op{Name: "<", Left: drawn, Right: below}, nil
	}, nil
}

// share is the percentage of all draws, rounded down.
func share(percent *big.Rat) string {
	all := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), drawBits))
	part := new(big.Rat).Mul(all, new(big.Rat).Quo(percent, big.NewRat(100, 1)))
	return new(big.Int).Quo(part.Num(), part.Denom()).String()
}
