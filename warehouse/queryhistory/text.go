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

// longTexts bounds the long texts of one page, and textsAtOnce those that are in memory twice: each is a megabyte at most.
const (
	longTexts   = 32
	textsAtOnce = 8
)

// long says that there is more of a text than is shown. A blank at the end of what is shown may be one of the text's own, so that a text is long from a little
// before the end on.
func long(s *serverlog.Statement) bool { return len(s.Text) > shownBytes-100 }

// whole puts the long texts of a page together.
func (r *Reader) whole(ctx context.Context, conn *pgconn.PgConn, records []serverlog.Record) error {
	records = slices.DeleteFunc(slices.Clone(records), func(e serverlog.Record) bool { return !long(e.Ran) })
	for group := range slices.Chunk(records, textsAtOnce) {
		if err := r.together(ctx, conn, group); err != nil {
			return fmt.Errorf("reading long texts: %w", err)
		}
	}
	return nil
}

// together puts the texts of a few records together.
func (r *Reader) together(ctx context.Context, conn *pgconn.PgConn, records []serverlog.Record) error {
	numbers := make([]string, len(records))
	for i, e := range records {
		numbers[i] = strconv.FormatInt(e.Line, 10)
	}
	pieces, broken, err := r.pieces(ctx, conn, numbers)
	if err != nil {
		return err
	}
	limit := sysPieces
	if r.Views == STL {
		limit = stlPieces
	}
	for _, e := range records {
		s, text := e.Ran, joined(pieces[e.Line])
		if broken[e.Line] || len(pieces[e.Line]) == limit || len(text) < len(s.Text) {
			s.Cut, s.Unknown = true, append(s.Unknown, cut)
		}
		if len(text) > len(s.Text) {
			s.Text = text
		}
	}
	return nil
}

// pieces reads those of a few texts. What is not in order marks a text as broken.
func (r *Reader) pieces(ctx context.Context, conn *pgconn.PgConn, numbers []string) (into map[int64][]string, broken map[int64]bool, err error) {
	rows := conn.ExecParams(ctx, r.Views.texts(strings.Join(numbers, ", ")), nil, nil, nil, nil).Read()
	if rows.Err != nil {
		return nil, nil, rows.Err
	}
	into, broken = map[int64][]string{}, map[int64]bool{}
	for _, row := range rows.Rows {
		number, err := strconv.ParseInt(string(row[0]), 10, 64)
		if err != nil {
			return nil, nil, err
		}
		if string(row[1]) != strconv.Itoa(len(into[number])) {
			broken[number] = true
			continue
		}
		into[number] = append(into[number], string(row[2]))
	}
	return into, broken, nil
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
