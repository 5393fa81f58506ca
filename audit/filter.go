package audit

import (
	"slices"
	"strings"
	"time"
)

// Filter selects events. Every field that is set must match; the zero value
// matches all.
type Filter struct {
	// User is the person, as Event.User or Event.Login.
	User string
	// Source is a table: connection.schema.table, or a tail of it such as
	// schema.table or table.
	Source string
	// Kind is the kind of event.
	Kind Kind
	// SQLState is an error code, or its first characters: "42" is a class.
	SQLState string
	// Since and Until bound Event.Time; Until itself is outside.
	Since, Until time.Time
	// Text is looked for, without regard to case, in the texts that the event
	// holds: both statements, the error and the fields of administration.
	Text string
	// Session is the session's name.
	Session string
}

// Match says whether the filter selects the event.
func (f Filter) Match(e *Event) bool {
	switch {
	case f.User != "" && f.User != e.User && f.User != e.Login,
		f.Kind != "" && f.Kind != e.Kind,
		f.Session != "" && f.Session != e.Session,
		f.SQLState != "" && !strings.HasPrefix(e.SQLState, f.SQLState),
		!f.Since.IsZero() && e.Time.Before(f.Since),
		!f.Until.IsZero() && !e.Time.Before(f.Until):
		return false
	}
	return f.matchSource(e) && f.matchText(e)
}

func (f Filter) matchSource(e *Event) bool {
	return f.Source == "" || slices.ContainsFunc(e.Sources, func(s Source) bool {
		return s.Name == f.Source || strings.HasSuffix(s.Name, "."+f.Source)
	})
}

func (f Filter) matchText(e *Event) bool {
	if f.Text == "" {
		return true
	}
	want := strings.ToLower(f.Text)
	return slices.ContainsFunc(
		[]string{e.SQL, e.Rewritten, e.Error, e.Action, e.Target, e.Detail},
		func(text string) bool { return strings.Contains(strings.ToLower(text), want) })
}
