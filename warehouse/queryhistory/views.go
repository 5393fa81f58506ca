package queryhistory

import (
	"fmt"
	"strconv"
	"time"

	"github.com/posternsql/postern/warehouse/serverlog"
)

// Views are the system views that are read.
type Views string

// The generations of system views, which number statements differently and are never mixed.
const (
	// SYS are SYS_QUERY_HISTORY and SYS_QUERY_TEXT, which have statements of every kind.
	SYS Views = "sys"
	// STL are STL_QUERY and STL_QUERYTEXT of provisioned clusters, which have queries and what writes rows, and nothing else.
	STL Views = "stl"
)

const (
	// pageRows bounds one page of statements.
	pageRows = 500
	// shownBytes is how much of a text the views have beside the statement (Developer Guide, SYS_QUERY_HISTORY and STL_QUERY: character(4000)).
	shownBytes = 4000
	// textPieces bounds the pieces that are read of one text: a megabyte in either view. A longer one is marked as cut.
	sysPieces, stlPieces = 256, 5120
	timeLayout           = "2006-01-02 15:04:05.999999"
)

// Both queries give: the number, the account's, the session, the database, the kind, the state, start and end, what it took in microseconds, the
// error, rows and bytes, and the text. Accounts 0 and 1 are the server's own.
const (
	sysQuery = `SELECT query_id, user_id, session_id, TRIM(database_name), TRIM(query_type), TRIM(status), start_time, COALESCE(end_time, start_time) AS ended, elapsed_time, TRIM(error_message), returned_rows, returned_bytes, query_text
FROM sys_query_history WHERE user_id > 1 AND status NOT IN ('planning', 'queued', 'running', 'returning')
AND (COALESCE(end_time, start_time) > '%[1]s' OR COALESCE(end_time, start_time) = '%[1]s' AND query_id > %[2]d) ORDER BY ended, query_id LIMIT %[3]d`
	stlQuery = `SELECT query, userid, pid, TRIM(database), '', CASE aborted WHEN 0 THEN 'success' ELSE 'aborted' END, starttime, endtime AS ended, '', '', '', '', querytxt
FROM stl_query WHERE userid > 1 AND (endtime > '%[1]s' OR endtime = '%[1]s' AND query > %[2]d) ORDER BY ended, query LIMIT %[3]d`

	sysText = `SELECT query_id, sequence, "text" FROM sys_query_text WHERE query_id IN (%[1]s) AND sequence < %[2]d ORDER BY query_id, sequence`
	stlText = `SELECT query, sequence, "text" FROM stl_querytext WHERE query IN (%[1]s) AND sequence < %[2]d ORDER BY query, sequence`
)

func (v Views) query(after time.Time, number int64) string {
	if v == STL {
		return fmt.Sprintf(stlQuery, after.UTC().Format(timeLayout), number, pageRows)
	}
	return fmt.Sprintf(sysQuery, after.UTC().Format(timeLayout), number, pageRows)
}

func (v Views) texts(numbers string) string {
	if v == STL {
		return fmt.Sprintf(stlText, numbers, stlPieces)
	}
	return fmt.Sprintf(sysText, numbers, sysPieces)
}

// view is the one that has the statements, for messages.
func (v Views) view() string {
	if v == STL {
		return "STL_QUERY"
	}
	return "SYS_QUERY_HISTORY"
}

// entry makes one row an entry of a log. accounts are the names by number.
func (v Views) entry(row [][]byte, accounts map[string]string) (serverlog.Record, error) {
	text := func(i int) string { return string(row[i]) }
	number, err := strconv.ParseInt(text(0), 10, 64)
	if err != nil {
		return serverlog.Record{}, fmt.Errorf("the number of a statement: %w", err)
	}
	started, err := time.Parse(timeLayout, text(6))
	if err != nil {
		return serverlog.Record{}, fmt.Errorf("the start of statement %d: %w", number, err)
	}
	ended, err := time.Parse(timeLayout, text(7))
	if err != nil {
		return serverlog.Record{}, fmt.Errorf("the end of statement %d: %w", number, err)
	}
	s := &serverlog.Statement{Text: trimmed(text(12)), Started: started, Duration: ended.Sub(started)}
	if took, err := strconv.ParseInt(text(8), 10, 64); err == nil && took > 0 {
		s.Duration = time.Duration(took) * time.Microsecond
	}
	s.Rows, s.Bytes = counted(s, "rows", text(10)), counted(s, "bytes", text(11))
	if state := text(5); state != "success" {
		s.Failed, s.Error = true, trimmed(text(9))
		if s.Error == "" {
			s.Error = "the server says " + state + ", and not why"
		}
	}
	user, known := accounts[text(1)]
	if !known {
		s.Unknown = append(s.Unknown, "no account has the number "+text(1)+" any more")
	}
	return serverlog.Record{Time: ended, User: user, Database: text(3), Session: text(2), Line: number, Tag: text(4), Ran: s}, nil
}

// counted is a number that the view may not have: then it stays 0, which the record leaves out.
func counted(s *serverlog.Statement, what, text string) int64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		s.Unknown = append(s.Unknown, "how many "+what+" there were")
		return 0
	}
	return n
}
