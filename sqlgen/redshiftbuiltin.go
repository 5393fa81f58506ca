package sqlgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// RedshiftBuiltin is Redshift with keyed hashes and draws by Redshift's own SHA2, for who has no Lambda (docs/adr/0021). Their values are those of
// tokenize.SQLKeys and no others'. Reversible and format-preserving masks are refused.
func RedshiftBuiltin() Dialect { return Dialect{name: "redshift", builtin: true} }

// IsRedshift reports a dialect of Amazon Redshift, whichever way its masks are computed.
func (d Dialect) IsRedshift() bool { return d == Redshift() || d == RedshiftBuiltin() }

// The table of keys, which registration makes in the schema of the functions of masks. People read it nowhere: views read it with their owner's rights,
// and the proxy's account reads it for everybody. A row is a token domain's.
const (
	RedshiftKeysSchema = functionSchema
	RedshiftKeysTable  = "mask_keys"
	// keysRow is the table's alias inside the relation that is joined, and keysAlias what that is called, with a number behind it.
	keysRow, keysAlias = "postern_r", "postern_k"
)

// redshiftKeys are the token domains whose keys one SELECT reads.
type redshiftKeys struct {
	domains []string
}

// row is the alias of the domain's keys.
func (k *redshiftKeys) row(domain string) string {
	at := slices.Index(k.domains, domain)
	if at < 0 {
		at = len(k.domains)
		k.domains = append(k.domains, domain)
	}
	return fmt.Sprintf(`"%s%d"`, keysAlias, at+1)
}

// keyRelations are relations of one row each, to be joined: of none for a domain without a key or with two, so that nothing is seen then. Keys are read so and
// not by sub-selects, which cannot stand in CASE, and not by a function of Postern's, since SQL functions read no tables.
func (r *redshift) keyRelations() []string {
	if r.keys == nil {
		return nil
	}
	out := make([]string, len(r.keys.domains))
	for i, domain := range r.keys.domains {
		column := func(name string) string {
			return `max("` + keysRow + `"."` + name + `") AS "` + name + `"`
		}
		out[i] = "(SELECT " + column("inner_key") + ", " + column("outer_key") + ` FROM "` + functionSchema + `"."` + RedshiftKeysTable + `" AS "` + keysRow +
			`" WHERE ("` + keysRow + `"."domain" = ` + r.text(domain).sql + `) HAVING (count(*) = 1)) AS ` + fmt.Sprintf(`"%s%d"`, keysAlias, i+1)
	}
	return out
}

// The labels keep hashes and draws apart: no hash that a person sees tells a draw.
const hashLabel, drawLabel = "h:", "d:"

// drawHex is how many hex digits a draw is cut from, and drawCut what its 56 bits are divided by to be 53.
const drawHex, drawCut = 14, 8

// builtinKeyed prints what tokenize.SQLKeys computes: the nested construction over texts, since SHA2 takes no bytes. The value itself is hashed before, so that
// no text gets longer than Redshift's may be and its end is never in doubt.
func (r *redshift) builtinKeyed(k expr.Keyed, arg typed) typed {
	label := ""
	switch k.Func {
	case expr.KeyedHash:
		label = hashLabel
	case expr.KeyedDraw:
		label = drawLabel
	case expr.KeyedProtect:
		return r.refuse("a reversible mask: the connection says masks: builtin, and only the Lambda can turn values back")
	case expr.KeyedFormatPreserving:
		return r.refuse("a format-preserving mask: the connection says masks: builtin, and only the Lambda has FF1")
	default:
		return r.refuse("an unknown keyed function %d", k.Func)
	}
	r.reads = true
	row := r.keys.row(k.Domain)
	message := r.text(label+k.Domain+":").sql + " || sha2(" + arg.sql + ", 256)"
	hash := "sha2((" + row + `."outer_key" || sha2((` + row + `."inner_key" || ` + message + "), 256)), 256)"
	if k.Func == expr.KeyedDraw {
		return typed{sql: fmt.Sprintf("(strtol(substring(%s, 1, %d), 16) / %d)", hash, drawHex, drawCut), base: "bigint", p: drawDigits, whole: true}
	}
	return typed{sql: hash, base: "character varying", n: hashDigits, ascii: true}
}

// hashDigits is the length of a keyed hash.
const hashDigits = 64

// IsRedshiftKeys reports an alias behind which the keys of a token domain stand in a View.
func IsRedshiftKeys(alias string) bool {
	number, is := strings.CutPrefix(alias, keysAlias)
	_, err := strconv.Atoi(number)
	return is && err == nil
}

// ownAlias reports an alias of a look-up that could be taken for one of the printer's own.
func (r *redshift) ownAlias(alias string) bool {
	return r.profile != nil && alias == profileAlias || r.keys != nil && (strings.HasPrefix(alias, keysAlias) || alias == keysRow)
}
