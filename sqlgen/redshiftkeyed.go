package sqlgen

import (
	"github.com/posternsql/postern/policy/expr"
)

// drawDigits is how many digits a draw has at most: it is below 2^53.
const drawDigits = 16

// keyed prints a call of one of the functions of postern_functions, which are the Lambda's on Redshift: it has no HMAC and no
// cipher, and SQL functions read no tables. Where there is none, builtinKeyed prints what can be said without. Keys never stand in it.
func (r *redshift) keyed(k expr.Keyed) typed {
	arg := r.expr(k.Arg)
	if r.err == nil && !arg.isText() {
		return r.refuse("a keyed function over %s", arg)
	}
	if (k.Func == expr.KeyedFormatPreserving) != (k.Alphabet != "") {
		return r.refuse("a keyed function with the alphabet %q", k.Alphabet)
	}
	if r.keys != nil {
		return r.builtinKeyed(k, arg)
	}
	out := typed{base: "character varying", ascii: true}
	name, args := "", r.text(k.Domain).sql
	switch k.Func {
	case expr.KeyedHash:
		name, out.n = "keyed_hash", hashDigits
	case expr.KeyedDraw:
		name, out = "keyed_draw", typed{base: "bigint", p: drawDigits, whole: true}
	case expr.KeyedProtect:
		name, out.n = "protect", min(maxRedshiftText, 2*arg.n+32)
	case expr.KeyedFormatPreserving:
		name, out.n, out.ascii = "format_preserving", arg.n, arg.ascii
		args += ", " + r.text(k.Alphabet).sql
	default:
		return r.refuse("an unknown keyed function %d", k.Func)
	}
	out.sql = `"` + functionSchema + `"."` + name + `"(` + args + ", " + arg.sql + ")"
	return out
}
