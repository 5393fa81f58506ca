package sqlgen

import (
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// pattern prints a regular expression of the part that every engine reads alike: ASCII letters, digits and punctuation, [classes],
// and * + ? {n,m} behind one of these. Without groups and alternatives the longest match and the first are the same; without dot
// and anchors it does not matter what ends a line. A backslash before punctuation is printed as a class of one.
func (r *redshift) pattern(e expr.Expr) string {
	l, ok := e.(expr.Literal)
	if !ok || l.Null || l.Type != "" && l.Type != "text" {
		r.refuse("a pattern that is not a constant")
		return ""
	}
	text, refused := portablePattern(l.Value)
	if refused != "" {
		r.refuse("a pattern with %s: write it with [classes] and * + ? {n,m} alone", refused)
		return ""
	}
	return r.text(text).sql
}

// portablePattern rewrites a pattern of policy's subset; refused names what cannot be.
func portablePattern(p string) (out, refused string) {
	if !isASCII(p) || p == "" {
		return "", "characters beyond ASCII"
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch c := p[i]; c {
		case '\\':
			i++
			if i >= len(p) || strings.IndexByte(`.*+?|(){}$/-@#%&,:;<>=!~'"_ `, p[i]) < 0 {
				return "", "a backslash that no class can stand for"
			}
			b.WriteString("[" + p[i:i+1] + "]")
		case '[':
			end := strings.IndexByte(p[i:], ']')
			if end < 2 || strings.ContainsAny(p[i+1:i+end], `\[`) || p[i+1:i+end] == "^" {
				return "", "a class that holds brackets or backslashes"
			}
			b.WriteString(p[i : i+end+1])
			i += end
		case '|', '(', ')':
			return "", "groups or alternatives, of which engines choose differently"
		case '^', '$', '.':
			return "", "a dot or an anchor, which may end at a line break"
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// regexpReplace replaces every match, which is what the function does without being told. What could be too long reads NULL.
func (r *redshift) regexpReplace(args []expr.Expr) typed {
	if len(args) != 4 || r.constant("a flag", args[3]) != "g" {
		return r.refuse("regexp_replace other than of every match")
	}
	source, pattern := r.expr(args[0]), r.pattern(args[1])
	replace := r.constant("a replacement", args[2])
	if strings.ContainsAny(replace, "$&") {
		return r.refuse("a replacement with $ or &, which may stand for the match")
	}
	if r.err == nil && !source.isText() {
		return r.refuse("a pattern over %s", source)
	}
	longest, by := maxRedshiftText, max(1, len(replace))
	out := typed{base: "character varying", n: min(longest, source.n*by), ascii: source.ascii && isASCII(replace)}
	out.sql = "regexp_replace(" + source.sql + ", " + pattern + ", " + r.text(replace).sql + ")"
	if source.n*by > longest {
		out.sql = "CASE WHEN (octet_length(" + source.sql + ") <= " + strconv.Itoa(longest/by) + ") THEN " + out.sql + " END"
	}
	return out
}
