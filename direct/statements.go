package direct

import (
	"slices"
	"strconv"
	"time"

	"github.com/posternsql/postern/warehouse/serverlog"
)

// ran is one statement that somebody ran.
type ran struct {
	record    serverlog.Record
	statement serverlog.Statement
}

// id is the server's name of the session and the number of the entry in it.
func (r *ran) id() string { return r.record.Session + "/" + strconv.FormatInt(r.record.Line, 10) }

// began is when the statement began, as far as the log says.
func (r *ran) began() time.Time {
	if r.statement.Started.IsZero() {
		return r.record.Time
	}
	return r.statement.Started
}

// gather makes statements of entries. An error that follows the entry of its statement ends it; entries of pgaudit about one statement are one.
func gather(records []serverlog.Record, pgaudit bool) []ran {
	var out []ran
	last := map[string]int{} // by session
	for i := range records {
		r := &records[i]
		if r.Ran != nil {
			out = append(out, ran{*r, *r.Ran})
			continue
		}
		s, ok := r.Statement()
		if !ok || !wanted(&s, pgaudit) {
			continue
		}
		if at, open := last[r.Session]; open {
			before := &out[at]
			switch {
			case s.Failed && !before.statement.Failed && (before.statement.Text == s.Text || before.statement.Class != ""):
				before.statement.Failed, before.statement.Error = true, s.Error
				before.record.SQLState = r.SQLState
				continue
			case s.Number != "" && s.Number == before.statement.Number:
				before.merge(&s)
				continue
			}
		}
		last[r.Session] = len(out)
		out = append(out, ran{*r, s})
	}
	return out
}

// wanted leaves one of the two ways in which a server may tell of the same statement.
func wanted(s *serverlog.Statement, pgaudit bool) bool { return s.Failed || pgaudit == (s.Class != "") }

func (r *ran) merge(s *serverlog.Statement) {
	if r.statement.Text == "" {
		r.statement.Text = s.Text
	}
	for _, o := range s.Objects {
		if !slices.Contains(r.statement.Objects, o) {
			r.statement.Objects = append(r.statement.Objects, o)
		}
	}
}
