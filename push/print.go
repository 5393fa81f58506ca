package push

import (
	"fmt"
	"strings"
	"unicode"
)

// summary says in one line what a plan does.
func (p *Plan) summary() string {
	hazards := map[Hazard]int{}
	for _, t := range p.Transactions {
		for _, s := range t.Statements {
			for _, h := range s.Hazards {
				hazards[h]++
			}
		}
	}
	out := fmt.Sprintf("%s in %s", count(p.Statements(), "statement", "statements"), count(len(p.Transactions), "transaction", "transactions"))
	for _, h := range Hazards() {
		if hazards[h] > 0 {
			out += fmt.Sprintf(", %d %s", hazards[h], h)
		}
	}
	return out
}

// String is the plan as text, for a database administrator to read. It is SQL, but for parameters.
func (p *Plan) String() string {
	var b strings.Builder
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "-- %s\n", oneLine(f.String()))
	}
	if len(p.ByDBA) > 0 {
		b.WriteString("-- For a database administrator to run first:\n")
		for _, sql := range p.ByDBA {
			if oneLine(sql) != sql {
				sql = "a statement that is not printed: a name in it has control characters"
			}
			fmt.Fprintf(&b, "--   %s;\n", sql)
		}
	}
	if p.Empty() {
		b.WriteString("-- Nothing to do.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "-- %s\n", p.summary())
	for _, t := range p.Transactions {
		fmt.Fprintf(&b, "\n-- %s\nBEGIN;\n", t.Title)
		for _, s := range t.Statements {
			s.print(&b)
		}
		b.WriteString("COMMIT;\n")
	}
	if len(p.Last) > 0 {
		b.WriteString("\n-- at the end, each on its own\n")
		for _, s := range p.Last {
			s.print(&b)
		}
	}
	return b.String()
}

func (s Statement) print(b *strings.Builder) {
	for _, h := range s.Hazards {
		fmt.Fprintf(b, "-- %s\n", h)
	}
	switch {
	case s.Note == "":
	case len(s.Params) > 0:
		fmt.Fprintf(b, "-- $1: %s\n", oneLine(s.Note))
	default:
		fmt.Fprintf(b, "-- %s\n", s.Note)
	}
	fmt.Fprintf(b, "%s;\n", s.SQL)
}

// oneLine keeps text within its comment: names are people's, an end of line in one would end the comment, and who runs the plan would run the rest of the name.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return '\ufffd'
		}
		return c
	}, text)
}
