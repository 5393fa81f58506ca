package queryhistory

import (
	"context"
	"fmt"
	"slices"
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
	pieces, broken := map[int64][]string{}, map[int64]bool{}
	for group := range slices.Chunk(numbers, textsAtOnce) {
		if err := r.pieces(ctx, conn, group, pieces, broken); err != nil {
			return fmt.Errorf("reading long texts: %w", err)
		}
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

// textsAtOnce bounds the long texts that are in memory twice: each is a megabyte at most.
const textsAtOnce = 8

// pieces reads those of a few texts. What is not in order marks a text as broken.
func (r *Reader) pieces(ctx context.Context, conn *pgconn.PgConn, numbers []string, into map[int64][]string, broken map[int64]bool) error {
	rows := conn.ExecParams(ctx, r.Views.texts(strings.Join(numbers, ", ")), nil, nil, nil, nil).Read()
	if rows.Err != nil {
		return rows.Err
	}
	for _, row := range rows.Rows {
		number, err := strconv.ParseInt(string(row[0]), 10, 64)
		if err != nil {
			return err
		}
		if string(row[1]) != strconv.Itoa(len(into[number])) {
			broken[number] = true
			continue
		}
		into[number] = append(into[number], string(row[2]))
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
