package queryhistory

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse/serverlog"
)

// cut is what is said of a text whose end is not there.
const cut = "the server kept the beginning of the text only, which may name more tables"

// trimmed takes off the blanks that fill a column of fixed length.
func trimmed(text string) string { return strings.TrimRight(text, " ") }

// whole puts the long texts of a page together.
func (r *Reader) whole(ctx context.Context, conn *pgconn.PgConn, records []serverlog.Record) error {
	var numbers []string
	long := map[int64]*serverlog.Statement{}
	for i := range records {
		// A blank at the end of what is shown may be one of the text's own, so that a text is long from a little before the end on.
		if s := records[i].Ran; len(s.Text) > shownBytes-100 {
			long[records[i].Line] = s
			numbers = append(numbers, strconv.FormatInt(records[i].Line, 10))
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	rows := conn.ExecParams(ctx, r.Views.texts(strings.Join(numbers, ", ")), nil, nil, nil, nil).Read()
	if rows.Err != nil {
		return fmt.Errorf("reading long texts: %w", rows.Err)
	}
	pieces, broken := map[int64][]string{}, map[int64]bool{}
	for _, row := range rows.Rows {
		number, err := strconv.ParseInt(string(row[0]), 10, 64)
		if err != nil {
			return fmt.Errorf("reading long texts: %w", err)
		}
		if string(row[1]) != strconv.Itoa(len(pieces[number])) {
			broken[number] = true
			continue
		}
		pieces[number] = append(pieces[number], string(row[2]))
	}
	limit := sysPieces
	if r.Views == STL {
		limit = stlPieces
	}
	for number, s := range long {
		text := joined(pieces[number])
		if broken[number] || len(pieces[number]) == limit || len(text) < len(s.Text) {
			s.Cut, s.Unknown = true, append(s.Unknown, cut)
		}
		if len(text) > len(s.Text) {
			s.Text = text
		}
	}
	return nil
}

// joined puts the pieces of one text together. Each but the last fills its column: blanks that a server took off its end are put back.
func joined(pieces []string) string {
	width := 0
	for _, p := range pieces {
		width = max(width, len(p))
	}
	var out strings.Builder
	for i, p := range pieces {
		out.WriteString(p)
		if i+1 < len(pieces) && len(p) < width {
			out.WriteString(strings.Repeat(" ", width-len(p)))
		}
	}
	return trimmed(out.String())
}
