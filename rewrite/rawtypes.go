package rewrite

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// rawType says which constants a column of a type can be looked up by: those with which its own equality is meant, so that the raw
// value is never cast, which could fail and speak of it.
type rawType struct {
	// casts are the names of types that the constant may be cast to.
	casts []string
	// oids and arrays are the types that a parameter may be declared with, alone and in an array; 0 is always one of them.
	oids, arrays []uint32
	// text admits constants in quotes, numbers whole ones, fractions others, booleans true and false.
	text, numbers, fractions, booleans bool
	// settled: the equality never fails (pg_proc.proleakproof), so that it can run beside the row filter.
	settled bool
}

// rawTypes are the columns' types, without modifiers, that predicates: rawEquality is for.
func rawTypeOf(columnType string) (rawType, bool) {
	base, _, _ := strings.Cut(columnType, "(")
	if _, rest, found := strings.Cut(columnType, ")"); found {
		base += rest
	}
	integers := rawType{casts: []string{"int2", "int4", "int8"}, oids: []uint32{20, 21, 23}, arrays: []uint32{1005, 1007, 1016}, text: true, numbers: true, settled: true}
	switch base {
	case "text", "character varying":
		return rawType{casts: []string{"text", "varchar"}, oids: []uint32{25, 705, 1043}, arrays: []uint32{1009, 1015}, text: true, settled: true}, true
	case "character":
		// Beside text it is cast to it; that is no look into statistics or hidden rows where it stands around the View.
		return rawType{casts: []string{"bpchar", "text", "varchar"}, oids: []uint32{25, 705, 1042, 1043}, arrays: []uint32{1009, 1014, 1015}, text: true, settled: true}, true
	case "smallint", "integer", "bigint":
		return integers, true
	case "numeric":
		integers.casts, integers.oids, integers.arrays = append(integers.casts, "numeric"), append(integers.oids, 1700), append(integers.arrays, 1231)
		integers.fractions, integers.settled = true, false
		return integers, true
	case "boolean":
		return rawType{casts: []string{"bool"}, oids: []uint32{16}, arrays: []uint32{1000}, text: true, booleans: true, settled: true}, true
	case "date":
		return rawType{casts: []string{"date"}, oids: []uint32{1082}, arrays: []uint32{1182}, text: true, settled: true}, true
	case "timestamp without time zone":
		return rawType{casts: []string{"timestamp"}, oids: []uint32{1114}, arrays: []uint32{1115}, text: true, settled: true}, true
	case "timestamp with time zone":
		return rawType{casts: []string{"timestamptz"}, oids: []uint32{1184}, arrays: []uint32{1185}, text: true, settled: true}, true
	case "uuid":
		return rawType{casts: []string{"uuid"}, oids: []uint32{2950}, arrays: []uint32{2951}, text: true, settled: true}, true
	}
	return rawType{}, false
}

// comparable reports whether a column of the type can be looked up by the constants, and whether that never fails.
func (r *resolver) comparable(columnType string, kind pg.A_Expr_Kind, value *pg.Node) (fits, settled bool) {
	t, ok := rawTypeOf(columnType)
	if !ok {
		return false, false
	}
	array := kind == pg.A_Expr_Kind_AEXPR_OP_ANY
	fits = r.fits(&t, value, array)
	padded := strings.HasPrefix(columnType, "character(") || columnType == "character"
	return fits, t.settled && (!padded || r.stays(value))
}

// fits judges one constant, or the list of IN.
func (r *resolver) fits(t *rawType, n *pg.Node, array bool) bool {
	each := func(list []*pg.Node) bool {
		return !slices.ContainsFunc(list, func(n *pg.Node) bool { return !r.fits(t, n, false) })
	}
	switch v := n.GetNode().(type) {
	case *pg.Node_List:
		return !array && each(v.List.Items)
	case *pg.Node_AArrayExpr:
		return array && each(v.AArrayExpr.Elements)
	case *pg.Node_TypeCast:
		name, ok := builtin(v.TypeCast.TypeName.GetNames())
		if array {
			return ok && len(v.TypeCast.TypeName.ArrayBounds) == 1 && slices.Contains(t.casts, name)
		}
		return ok && len(v.TypeCast.TypeName.ArrayBounds) == 0 && slices.Contains(t.casts, name)
	case *pg.Node_ParamRef:
		oids := t.oids
		if array {
			oids = t.arrays
		}
		oid := r.declared(v.ParamRef.Number)
		return oid == 0 || slices.Contains(oids, oid)
	case *pg.Node_AConst:
		return v.AConst.Isnull || t.holds(v.AConst, array)
	}
	return false
}

func (t *rawType) holds(c *pg.A_Const, array bool) bool {
	switch v := c.Val.(type) {
	case *pg.A_Const_Sval:
		return t.text
	case *pg.A_Const_Ival:
		return t.numbers && !array
	case *pg.A_Const_Fval:
		_, err := strconv.ParseInt(v.Fval.Fval, 10, 64)
		return !array && t.numbers && (err == nil || t.fractions)
	case *pg.A_Const_Boolval:
		return t.booleans && !array
	}
	return false
}

// stays reports a constant beside which a character(n) stays one: alone and without a type of its own.
func (r *resolver) stays(n *pg.Node) bool {
	switch v := n.GetNode().(type) {
	case *pg.Node_AConst:
		return true
	case *pg.Node_ParamRef:
		oid := r.declared(v.ParamRef.Number)
		return oid == 0 || oid == 1042 || oid == 1014
	case *pg.Node_List:
		return !slices.ContainsFunc(v.List.Items, func(n *pg.Node) bool { return !r.stays(n) })
	}
	return false
}

// declared is the type that a Parse message declared for a parameter, 0 where it is to be inferred.
func (r *resolver) declared(number int32) uint32 {
	if number < 1 || int(number) > len(r.req.ParamTypes) {
		return 0
	}
	return r.req.ParamTypes[number-1]
}
