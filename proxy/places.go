package proxy

import (
	"strconv"
	"unicode/utf8"

	"github.com/posternsql/postern/rewrite"
)

// separator stands between the statements of one Query.
const separator = "; "

// placesIn turns a position in the statements' texts, joined by the separator, into one in the client's text. Both count characters from
// 1; 0 means that it does not come from the client's text.
func placesIn(statements []*rewrite.Statement) func(int) int {
	return func(printed int) int {
		for _, s := range statements {
			length := utf8.RuneCountInString(s.SQL)
			if printed <= length {
				return s.ClientPosition(printed)
			}
			if printed -= length + len(separator); printed <= 0 {
				break
			}
		}
		return 0
	}
}

// placesOf is placesIn for what runs in one Query.
func placesOf(runs []*running) func(int) int {
	statements := make([]*rewrite.Statement, len(runs))
	for i, run := range runs {
		statements[i] = run.statement
	}
	return placesIn(statements)
}

// placed adds the position in the client's own text to an error of the warehouse, where it is known.
func (r *relay) placed(rep report, front *expected) report {
	if r.exempt || rep.position <= 0 || front == nil || front.places == nil || len(rep.body) == 0 {
		return rep
	}
	if at := front.places(rep.position); at > 0 {
		body := append([]byte(nil), rep.body[:len(rep.body)-1]...)
		body = append(append(append(body, 'P'), strconv.Itoa(at)...), 0)
		rep.body = append(body, 0)
	}
	return rep
}
