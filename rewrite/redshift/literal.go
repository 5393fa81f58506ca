package redshift

import (
	"regexp"
	"strings"

	"github.com/posternsql/postern/lex"
)

// constant checks a string and writes it as PostgreSQL reads it.
func (p *pass) constant(i int) error {
	t := p.tokens[i]
	touching := i > 0 && p.tokens[i-1].End == t.Start
	switch {
	case t.Doubt != "":
		return p.refuse(i, "the escape %s in a string", t.Doubt)
	case p.kind(i-1) == lex.String:
		return p.refuse(i, "a string constant in two parts")
	case touching && p.is(i-1, "e", "b", "x", "n"):
		return p.refuse(i-1, "a constant with a prefix (%s'…')", p.tokens[i-1].Value)
	case touching && p.is(i-1, "&") && p.is(i-2, "u") && p.tokens[i-2].End == p.tokens[i-1].Start:
		return p.refuse(i-2, "a constant with a prefix (u&'…')")
	}
	p.out[i] = "'" + strings.ReplaceAll(t.Value, "'", "''") + "'"
	return nil
}

var intervalText = regexp.MustCompile(`^ *([0-9]{1,6}) +([a-z]+)(?: *,| +|$)`)

// intervalOf reads the text of an interval in the one form that is certain: whole numbers of full units, in full words (Database Developer
// Guide, "Interval literals").
func intervalOf(text string) (string, bool) {
	var parts []string
	for rest := strings.ToLower(text); strings.TrimSpace(rest) != ""; {
		m := intervalText.FindStringSubmatch(rest)
		if m == nil {
			return "", false
		}
		unit := strings.TrimSuffix(m[2], "s")
		switch unit {
		case "year", "month", "week", "day", "hour", "minute", "second":
		default:
			return "", false
		}
		parts = append(parts, m[1]+" "+unit+"s")
		rest = rest[len(m[0]):]
	}
	return strings.Join(parts, ", "), len(parts) > 0
}

// interval judges the word INTERVAL: only before a string in quotes that holds its units.
func (p *pass) interval(i int) error {
	if p.kind(i+1) != lex.String {
		return p.refuse(i, "INTERVAL without a string behind it")
	}
	if p.kind(i+2) == lex.Name {
		if _, unit := datePart(p.tokens[i+2].Value); unit {
			return p.refuse(i, "INTERVAL with its unit behind the string (%s)", p.tokens[i+2].Value)
		}
	}
	if p.is(i+2, "(") {
		return p.refuse(i, "INTERVAL with a precision")
	}
	text, ok := intervalOf(p.tokens[i+1].Value)
	if !ok {
		return p.refuse(i, "INTERVAL of another form than '2 days, 3 hours'")
	}
	p.out[i+1] = "'" + text + "'"
	return nil
}
