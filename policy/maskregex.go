package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// maxRegexBytes bounds the text that a regex mask works on, so that the result cannot be larger than a value may be; longer
// texts read NULL.
const maxRegexBytes = 1_000_000

func compileRegexMask(m *RegexMask) (maskMaker, error) {
	groups, err := checkPattern(m.Pattern)
	if err != nil {
		return nil, fmt.Errorf("regex.pattern: %w", err)
	}
	if err := checkReplace(m.Replace, groups); err != nil {
		return nil, fmt.Errorf("regex.replace: %w", err)
	}
	return byColumn(func(c catalog.Column) builtMask { return regexMask(c, m.Pattern, m.Replace) }), nil
}

// checkReplace lets only \1 to \9 for groups that there are, \& and \\ stand behind a backslash.
func checkReplace(text string, groups int) error {
	if len(text) > maxReplace || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("it must be text of at most %d bytes", maxReplace)
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		switch {
		case i < len(text) && (text[i] == '\\' || text[i] == '&'):
		case i < len(text) && text[i] >= '1' && text[i] <= '9' && int(text[i]-'0') <= groups:
		default:
			return fmt.Errorf(`behind a backslash stands \, & or the number of one of the pattern's %d groups`, groups)
		}
	}
	return nil
}

// regexMask replaces every match. The result is cut to the column's length by the explicit cast.
func regexMask(c catalog.Column, pattern, replace string) builtMask {
	t := typeOf(c)
	if !t.isText() || t.base == "character" && len(t.mods) == 0 {
		return fallback(c, "a pattern does not apply to type %s", c.Type)
	}
	if c.Nondeterministic {
		// PostgreSQL raises an error there (manual, 24.2.2.4), and a mask never does.
		return fallback(c, "a pattern does not apply to a nondeterministic collation")
	}
	text := expr.Cast{Arg: sourceColumn(c), Type: "text"}
	word := func(s string) expr.Expr { return expr.Literal{Type: "text", Value: s} }
	masked := call("regexp_replace", text, word(pattern), word(replace), word("g"))
	if len(t.mods) == 0 || t.mods[0] > maxRegexBytes/4 {
		short := expr.Op{Name: "<=", Left: call("octet_length", text), Right: expr.Literal{Type: "integer", Value: fmt.Sprint(maxRegexBytes)}}
		masked = expr.Case{Whens: []expr.When{{Cond: short, Result: masked}}}
	}
	return builtMask{kind: MaskRegex, expr: expr.Cast{Arg: masked, Type: t.full}}
}
