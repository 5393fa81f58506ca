package serverlog

import (
	"fmt"
	"strings"
	"time"
)

// Record is one entry of a server's log: the fields of csvlog and jsonlog that matter here (PostgreSQL manual, 20.8.4 and 20.8.5). Fields that
// the server leaves out are empty.
type Record struct {
	Time     time.Time
	User     string
	Database string
	// Client is the address of the client, host:port, "[local]" for a Unix-domain socket.
	Client string
	// Session is the server's name of the session, and Line the entry's number in it, from 1.
	Session string
	Line    int64
	// Tag is the command that the session is in, such as SELECT.
	Tag      string
	Severity string
	SQLState string
	Message  string
	Detail   string
	Context  string
	// Query is the text of the statement that caused an error.
	Query       string
	Application string
	// Backend is the kind of process; "client backend" has a person behind it.
	Backend string
	// Ran is the statement, of a log that keeps statements and not messages about them; then Time is when it ended, and nothing else of the entry tells of it.
	Ran *Statement
}

// parseTime reads the server's form of an instant, `2006-01-02 15:04:05.000 UTC`. Abbreviations of zones name no zone for certain, so
// that only UTC is taken at its word; for others the zone that log_timezone says is wanted.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	at, name, ok := cutLast(text, " ")
	if !ok {
		return time.Time{}, fmt.Errorf("%.40q is no time of a log", text)
	}
	switch {
	case name == "UTC" || name == "GMT":
		zone = time.UTC
	case zone == nil:
		return time.Time{}, fmt.Errorf("the log's times are in zone %.10q: say which zone that is, or set log_timezone to UTC", name)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05.999", at, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is no time of a log", text)
	}
	return t.UTC(), nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
