package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/policy/sqlparse"
)

// A row rule that raises an error would tell of a row that is hidden, and keep everybody from the source. So it is held to the same proof
// as a mask, with two differences: parts without columns may be anything, because they are the same for every row and are tried
// when the policy is published; and comparisons may be of types that masks cannot keep.

// provenRows names the first part of a row rule that a row could make raise an error.
func provenRows(resolved sqlparse.Resolved, source *catalog.Table) error {
	t := totality{rows: true, plain: map[expr.Type]bool{}}
	loose := map[string]bool{}
	for _, table := range append([]*catalog.Table{source}, resolved.Reads...) {
		for i := range table.Columns {
			c := &table.Columns[i]
			// Enums, and domains over text.
			if c.Category == 'E' || c.Category == 'S' {
				t.plain[expr.Type(c.Type)] = true
			}
			if c.Nondeterministic {
				loose[c.Name] = true
			}
		}
	}
	expr.Walk(resolved.Expr, t.node)
	if t.err == nil {
		t.err = looselyCompared(resolved.Expr, loose)
	}
	return t.err
}

// looselyCompared refuses anything but comparisons of columns whose collation takes different texts for equal: patterns and some text
// functions raise an error there (PostgreSQL manual, 24.2.2.4).
func looselyCompared(e expr.Expr, loose map[string]bool) (err error) {
	if len(loose) == 0 {
		return nil
	}
	expr.Walk(e, func(e expr.Expr) {
		o, isOp := e.(expr.Op)
		_, isCall := e.(expr.Call)
		if !isCall && (!isOp || slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, o.Name)) {
			return
		}
		expr.Walk(e, func(e expr.Expr) {
			if c, ok := e.(expr.Column); ok && loose[c.Name] {
				err = fmt.Errorf("column %s has a collation under which text functions can fail", c.Name)
			}
		})
	})
	return err
}

// fixed reports an expression that is the same for every row.
func fixed(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(e expr.Expr) {
		if _, ok := e.(expr.Column); ok {
			found = true
		}
	})
	return !found
}

// compares reports a type whose values can be compared without fail.
func (t *totality) compares(e expr.Expr) bool {
	switch baseOf(e) {
	case "":
	case "json", "xml":
		return false
	default:
		return true
	}
	typ := typeNameOf(e)
	element := expr.Type(strings.TrimSuffix(string(typ), "[]"))
	return t.plain[typ] || element != typ && (t.plain[element] || arrayElement(element))
}

// arrayElement reports a type whose arrays can be compared.
func arrayElement(element expr.Type) bool {
	base := typeOfName(element).base
	return base != "" && base != "json" && base != "xml"
}

// typeNameOf is the full type of a column, cast or constant, "" for others.
func typeNameOf(e expr.Expr) expr.Type {
	switch v := e.(type) { //nolint:gochecksumtype // the others have no type of their own
	case expr.Column:
		return v.Type
	case expr.Cast:
		return v.Type
	case expr.Literal:
		return v.Type
	}
	return ""
}

// remainder lets integers, and numerics of bounded size, be divided by a constant. The least integer divided by -1 would overflow.
func (t *totality) remainder(o expr.Op) {
	left, right := typeOfName(expr.Type(baseOf(o.Left))), typeOfName(expr.Type(baseOf(o.Right)))
	number := func(c columnType) bool { return c.isInteger() || c.base == "numeric" }
	l, _ := o.Right.(expr.Literal)
	switch {
	case !number(left) || !number(right) || !nonZero(o.Right):
		t.refuse("operator %s can fail unless a number is divided by a constant", o.Name)
	case left.isInteger() && right.isInteger() && strings.HasPrefix(l.Value, "-"):
		t.refuse("operator %s by a negative constant can overflow", o.Name)
	}
}

// matches lets regular expressions of the subset of masks through, which cannot run for ever.
func (t *totality) matches(o expr.Op) {
	pattern, ok := o.Right.(expr.Literal)
	if !ok || pattern.Null || !textLike(o.Left) {
		t.refuse("operator %s can fail unless text is compared with a constant pattern", o.Name)
		return
	}
	if _, err := checkPattern(pattern.Value); err != nil {
		t.refuse("operator %s: %s", o.Name, err)
	}
}

// escapesEnd reports a LIKE pattern that ends in its escape character, which is an error for texts that match up to there.
func escapesEnd(pattern, escape string) bool {
	if escape == "" {
		return false
	}
	rest := pattern
	for rest != "" {
		if !strings.HasPrefix(rest, escape) {
			_, size := utf8.DecodeRuneInString(rest)
			rest = rest[size:]
			continue
		}
		if rest = rest[len(escape):]; rest == "" {
			return true
		}
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	return false
}

// likePattern is the constant pattern of LIKE and its escape character.
func likePattern(e expr.Expr) (pattern, escape string, ok bool) {
	escape = `\`
	if c, isCall := e.(expr.Call); isCall && c.Func.Name == "like_escape" && len(c.Args) == 2 {
		by, constant := c.Args[1].(expr.Literal)
		if !constant || by.Null || len([]rune(by.Value)) > 1 {
			return "", "", false
		}
		e, escape = c.Args[0], by.Value
	}
	l, constant := e.(expr.Literal)
	return l.Value, escape, constant && !l.Null
}

// inside lets fields of jsonb be read and containers be compared.
func (t *totality) inside(o expr.Op) {
	left, right := baseOf(o.Left), baseOf(o.Right)
	switch o.Name {
	case "->", "->>":
		key, constant := o.Right.(expr.Literal)
		if left == "jsonb" && constant && !key.Null && (textLike(key) || key.Type == "integer") {
			return
		}
	case "@>", "<@":
		if left == "jsonb" && right == "jsonb" || strings.HasSuffix(string(typeNameOf(o.Left)), "[]") && t.compares(o.Left) && t.compares(o.Right) {
			return
		}
	}
	t.refuse("operator %s can fail, or it is not known that it cannot", o.Name)
}

// readableJSON reports a constant that every server reads as jsonb.
func readableJSON(value string) bool {
	return json.Valid([]byte(value)) && !strings.Contains(value, `\u`)
}
