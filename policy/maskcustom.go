package policy

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/policy/sqlparse"
)

// compileCustom checks the mask that is an expression of the author's.
func compileCustom(text string) (maskMaker, error) {
	rule, err := sqlparse.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("custom: %w", err)
	}
	return func(at target) builtMask { return customMask(at, rule) }, nil
}

// customMask is the expression, cast to the column's type in a way that cannot fail. Text above a megabyte makes it NULL, so that no function
// can be made to give more than a value may hold.
func customMask(at target, rule *sqlparse.Rule) builtMask {
	refused := func(err error) builtMask { return builtMask{refused: "custom: " + err.Error()} }
	resolved, typ, err := rule.ResolveValue(at.snapshot, at.table, at.column)
	if err != nil {
		return refused(err)
	}
	if err := immutable(resolved.Expr); err != nil {
		return refused(err)
	}
	if err := provenTotal(resolved, at.table); err != nil {
		return refused(err)
	}
	cast, ok := castTotal(resolved.Expr, typ, typeOf(at.column))
	if !ok {
		return fallback(at.column, "the expression gives %s, which cannot become type %s without fail", typ, at.column.Type)
	}
	return builtMask{kind: MaskCustom, expr: expr.Cast{Arg: guarded(cast), Type: typeOf(at.column).full}}
}

// immutable refuses what is not the same at every look: the time, and tables that change.
func immutable(e expr.Expr) (err error) {
	expr.Walk(e, func(e expr.Expr) {
		switch e.(type) { //nolint:gochecksumtype // two members are refused, all others are judged by total
		case expr.Now:
			err = errors.New("now() is not the same at every look")
		case expr.InSelect:
			err = errors.New("a sub-select reads what can change")
		}
	})
	return err
}

// castTotal makes an expression of one type into another where that cannot fail; false if it could. Numbers that do not fit become NULL.
func castTotal(e expr.Expr, from string, to columnType) (expr.Expr, bool) {
	source := typeOfName(expr.Type(from))
	switch {
	case to.base == "":
		return nil, false
	case from == "unknown":
		lit, ok := e.(expr.Literal)
		if ok && !lit.Null && !to.isText() {
			ok = to.holds(lit.Value)
		}
		return e, ok && (to.base != "character" || len(to.mods) == 1)
	case to.isText():
		return e, source.isText() && (to.base != "character" || len(to.mods) == 1)
	case source.isInteger() && to.isInteger() && source.bits() <= to.bits():
		return e, true
	case to.base == "numeric" || to.isInteger():
		return castNumber(e, source, to)
	}
	return e, source.base == to.base && len(to.mods) == 0
}

func castNumber(e expr.Expr, source, to columnType) (expr.Expr, bool) {
	if source.base != "numeric" && !source.isInteger() {
		return nil, false
	}
	number := expr.Expr(expr.Cast{Arg: e, Type: "numeric"})
	if to.base == "numeric" && len(to.mods) == 0 {
		return number, true
	}
	var limit *big.Rat
	if to.isInteger() {
		limit = new(big.Rat).SetInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(to.bits()-1)), big.NewInt(1)))
	} else {
		scale := 0
		if len(to.mods) > 1 {
			scale = to.mods[1]
		}
		limit = new(big.Rat).Sub(ratPow10(to.mods[0]-scale), ratPow10(-scale))
	}
	if limit.Sign() <= 0 {
		return nil, false
	}
	bound := expr.Literal{Type: "numeric", Value: decimal(limit)}
	return expr.Case{Whens: []expr.When{{Cond: between(number, negative(bound), bound), Result: number}}}, true
}

// guarded is NULL where a text column that the expression reads is longer than a megabyte and could be.
func guarded(e expr.Expr) expr.Expr {
	seen := map[string]bool{}
	var short []expr.Expr
	expr.Walk(e, func(e expr.Expr) {
		c, ok := e.(expr.Column)
		if !ok || seen[c.Name] {
			return
		}
		seen[c.Name] = true
		if t := typeOfName(c.Type); t.isText() && (len(t.mods) == 0 || t.mods[0] > maxRegexBytes/4) {
			text := asText(catalog.Column{Name: c.Name, Type: string(c.Type)})
			// What is NULL is not long.
			short = append(short, expr.Op{Name: "<=", Right: integer(maxRegexBytes), Left: call("octet_length", expr.Case{
				Whens: []expr.When{{Cond: expr.IsNull{Arg: text}, Result: expr.Literal{Type: "text"}}}, Else: text,
			})})
		}
	})
	if len(short) == 0 {
		return e
	}
	return expr.Case{Whens: []expr.When{{Cond: expr.And{Args: short}, Result: e}}}
}
