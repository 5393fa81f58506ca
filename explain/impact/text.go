package impact

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/explain"
)

// maxNames and maxStatements bound what a text shows; what is left out is counted.
const (
	maxNames      = 12
	maxStatements = 50
	maxSQL        = 160
)

// Text is the report as people read it.
func (r *Report) Text() string {
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, p := range r.People {
		put("%s %s", p.User, p.Change)
	}
	if len(r.Sources) == 0 {
		put("nobody sees more or less than before")
	}
	for _, s := range r.Sources {
		put("%s", s.Name)
		for _, c := range s.Changes {
			put("  %s", c.line())
			if c.What == "rows" {
				put("      from %s", explain.Plain(c.From))
				put("      to   %s", explain.Plain(c.To))
			}
			put("    %s", names(c.Users))
		}
	}
	put("")
	put("%d pairs of people and sources compared, %d more cannot have changed", r.Pairs, r.Unchanged)
	if r.NotCompared > 0 {
		put("NOT compared for being too many: %d pairs", r.NotCompared)
	}
	if r.Statements != nil {
		r.Statements.text(put)
	}
	return b.String()
}

func (c *Change) line() string {
	verb := string(c.Effect)
	switch c.What {
	case "access":
		return verb + " access"
	case "write":
		return verb + " the privilege to " + c.To
	case "unload":
		return verb + " unloading to " + c.To
	case "rows":
		return map[Effect]string{Gains: "gains rows", Loses: "loses rows", Changes: "other rows"}[c.Effect]
	}
	return fmt.Sprintf("%s on column %s: %s, was %s", verb, c.Column, c.To, c.From)
}

func names(users []string) string {
	shown := users
	if len(shown) > maxNames {
		shown = shown[:maxNames]
	}
	out := strings.Join(shown, ", ")
	if rest := len(users) - len(shown); rest > 0 {
		out += fmt.Sprintf(" and %d more", rest)
	}
	return out
}

func (s *Statements) text(put func(string, ...any)) {
	put("%d statements on record judged again, %d stay the same", s.Texts, s.Same)
	if s.NotJudged > 0 {
		put("NOT judged: %d (cut off in the log, of people or connections that are gone, or too many)", s.NotJudged)
	}
	for i, a := range s.Affected {
		if i == maxStatements {
			put("  … and %d more", len(s.Affected)-maxStatements)
			return
		}
		put("  %s for %s on %s, sent %d times: %s", a.Becomes, a.User, a.Connection, a.Times, oneLine(a.SQL))
		if a.Error != "" {
			put("      %s", a.Error)
		}
	}
}

// oneLine is a statement's beginning.
func oneLine(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	if r := []rune(sql); len(r) > maxSQL {
		sql = string(r[:maxSQL]) + " …"
	}
	return sql
}
