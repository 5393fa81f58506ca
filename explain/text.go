package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Lines is the report as people read it, one line each, without line ends.
func (r *Report) Lines() []string {
	var w lines
	w.person(r)
	if r.Exempt {
		w.put(0, "exempt: statements are audited and sent as they are; no policy applies")
		return w
	}
	if f := r.Refused; f != nil {
		w.put(0, "")
		w.put(0, "refused: %s (SQLSTATE %s)", f.Message, f.SQLState)
		if f.Hint != "" {
			w.put(1, "hint: %s", f.Hint)
		}
	}
	for i := range r.Sources {
		w.source(&r.Sources[i])
	}
	for i, sql := range r.SQL {
		w.put(0, "")
		title := "the SQL that runs"
		if len(r.SQL) > 1 {
			title = fmt.Sprintf("the SQL that runs, statement %d", i+1)
		}
		w.put(0, "%s:", title)
		for line := range strings.SplitSeq(sql, "\n") {
			w.put(1, "%s", line)
		}
	}
	return w
}

// Text is Lines with line ends.
func (r *Report) Text() string { return strings.Join(r.Lines(), "\n") + "\n" }

type lines []string

func (w *lines) put(depth int, format string, args ...any) {
	*w = append(*w, strings.TrimRight(strings.Repeat("  ", depth)+fmt.Sprintf(format, args...), " "))
}

func (w *lines) person(r *Report) {
	who := r.User
	if r.Login != "" {
		who += " (really " + r.Login + ")"
	}
	w.put(0, "%s on %s, policies of version %d", who, r.Connection, r.Program)
	if len(r.Groups) > 0 {
		w.put(1, "groups: %s", strings.Join(r.Groups, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		w.put(1, "attribute %s: %s", name, strings.Join(r.Attributes[name], ", "))
	}
	if r.Project != "" {
		w.put(1, "project: %s, purposes: %s", r.Project, orNone(r.Purposes))
	}
	if r.ValidUntil != nil {
		w.put(1, "until %s", r.ValidUntil.Format(time.RFC3339))
	}
}

func (w *lines) source(s *Source) {
	w.put(0, "")
	verdict := "denied"
	if s.Allowed {
		verdict = "allowed"
		if len(s.Write) > 0 {
			verdict += ", to write too: " + strings.Join(s.Write, ", ")
		}
		if len(s.Unload) > 0 {
			verdict += ", to unload to: " + strings.Join(s.Unload, ", ")
		}
	}
	w.put(0, "%s: %s", s.Name, verdict)
	w.steps(s, 1, func(step *Step) bool { return step.Kind != "mask" && step.Kind != "rows" })
	if !s.Allowed {
		return
	}
	if s.Filter == "" {
		w.put(1, "rows: all")
	} else {
		w.put(1, "rows: %s", Plain(s.Filter))
	}
	w.steps(s, 2, func(step *Step) bool { return step.Kind == "rows" })
	for _, c := range s.Columns {
		switch {
		case c.Hidden:
			w.put(1, "column %s: hidden", c.Name)
		case c.Mask == "":
			w.put(1, "column %s: raw", c.Name)
		default:
			w.put(1, "column %s: %s, reads %s", c.Name, c.Mask, Plain(c.Reads))
		}
		w.steps(s, 2, func(step *Step) bool { return step.Kind == "mask" && step.Column == c.Name })
	}
}

func (w *lines) steps(s *Source, depth int, which func(*Step) bool) {
	for i := range s.Steps {
		if which(&s.Steps[i]) {
			w.step(&s.Steps[i], depth)
		}
	}
}

// step is one line, and one for each condition and what the person has of it.
func (w *lines) step(s *Step, depth int) {
	name := s.Kind
	switch {
	case s.Kind == "project" && s.Policy != "":
		name = s.Policy
	case s.Policy != "":
		name += " " + s.Policy
	}
	if s.Rule > 0 {
		name += fmt.Sprintf(" rule %d", s.Rule)
	}
	if s.Mask != "" {
		name += " (" + s.Mask + ")"
	}
	if len(s.Write) > 0 {
		name += " on " + strings.Join(s.Write, ", ")
	}
	if len(s.Unload) > 0 {
		name += " on unloading to " + strings.Join(s.Unload, ", ")
	}
	line := name + ": " + s.Outcome
	if s.Detail != "" {
		line += ", " + s.Detail
	}
	if s.At != "" {
		line += "  [" + s.At + "]"
	}
	w.put(depth, "%s", line)
	for _, c := range s.Conditions {
		if len(c.Because) == 1 && strings.HasPrefix(c.Because[0], c.Text+" is "+c.Gives) {
			w.put(depth+1, "%s: %s", c.Field, c.Because[0])
			continue
		}
		w.put(depth+1, "%s: %s is %s", c.Field, c.Text, c.Gives)
		for _, b := range c.Because {
			w.put(depth+2, "%s", b)
		}
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
