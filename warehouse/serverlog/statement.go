package serverlog

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Statement is what an entry says of a statement.
type Statement struct {
	// Text as the server logged it. It is the whole text that a client sent, of which this statement may be one of several.
	Text string
	// Parameters as the server printed them: $1 = 'x', $2 = NULL. They may be cut (log_parameter_max_length).
	Parameters string
	// Failed marks a statement that ended in an error; SQLState and Error are its.
	Failed bool
	Error  string
	// Duration is 0 where the server does not tell.
	Duration time.Duration
	// Class is what pgaudit calls it: READ, WRITE, DDL and so on; empty without pgaudit. Objects are the relations that pgaudit names.
	Class   string
	Objects []string
	// Number is pgaudit's number of the statement in its session: entries with the same one are about the same statement.
	Number string
	// Started is when it began, of a log that says so.
	Started time.Time
	// Rows and Bytes are what the client got, of a log that counts them.
	Rows, Bytes int64
	// Cut says that Text has no end. Unknown says in words what the server does not tell of this statement.
	Cut     bool
	Unknown []string
}

var (
	// The texts are those of exec_simple_query and exec_execute_message with lc_messages C or English.
	simpleText   = regexp.MustCompile(`(?s)^(?:duration: ([0-9.]+) ms  )?statement: (.*)$`)
	extendedText = regexp.MustCompile(`(?s)^(?:duration: ([0-9.]+) ms  )?execute(?: fetch from)? ([^:]*): (.*)$`)
)

// parametersPrefix begins the detail of an execute; PostgreSQL 16 made it begin with a capital.
const parametersPrefix = "arameters: "

// Statement finds a statement in the entry: one that was logged because it ran (log_statement, log_min_duration_statement, pgaudit), or
// because it failed (log_min_error_statement). Entries of Parse and Bind are none: nothing has run.
func (r *Record) Statement() (Statement, bool) {
	if r.Ran != nil {
		return *r.Ran, true
	}
	if s, ok := r.pgaudit(); ok {
		return s, true
	}
	if r.Severity == "ERROR" || r.Severity == "FATAL" || r.Severity == "PANIC" {
		return Statement{Text: r.Query, Failed: true, Error: r.Message}, r.Query != ""
	}
	if r.Severity != "LOG" {
		return Statement{}, false
	}
	if m := simpleText.FindStringSubmatch(r.Message); m != nil {
		return Statement{Text: m[2], Duration: milliseconds(m[1])}, true
	}
	if m := extendedText.FindStringSubmatch(r.Message); m != nil {
		return Statement{Text: m[3], Duration: milliseconds(m[1]), Parameters: parameters(r.Detail)}, true
	}
	return Statement{}, false
}

func parameters(detail string) string {
	if len(detail) > 0 {
		if text, ok := strings.CutPrefix(detail[1:], parametersPrefix); ok && strings.Contains("pP", detail[:1]) {
			return text
		}
	}
	return detail
}

func milliseconds(text string) time.Duration {
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond))
}
