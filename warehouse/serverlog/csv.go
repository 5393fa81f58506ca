package serverlog

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// minCSVFields is the number of fields of PostgreSQL 13; 14 and later have more behind them.
const minCSVFields = 23

// parseCSV takes the complete entries at the start of text, and says how many bytes they are. An entry is complete with its end of line: what
// is still being written has none.
func parseCSV(text []byte, zone *time.Location) (records []Record, used int, err error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for {
		fields, err := r.Read()
		end := int(r.InputOffset())
		switch {
		case errors.Is(err, io.EOF):
			return records, used, nil
		case errors.Is(err, csv.ErrQuote) && end >= len(text):
			return records, used, nil // cut off within quotes
		case err != nil && end >= len(text):
			return records, used, nil
		case err != nil:
			return records, used, fmt.Errorf("reading a csv log: %w", err)
		case end == 0 || text[end-1] != '\n':
			return records, used, nil
		}
		record, err := csvRecord(fields, zone)
		if err != nil {
			return records, used, err
		}
		records, used = append(records, record), end
	}
}

// csvRecord takes the fields in the order of the manual, 20.8.4.
func csvRecord(f []string, zone *time.Location) (out Record, err error) {
	if len(f) < minCSVFields {
		return Record{}, fmt.Errorf("an entry of the csv log has %d fields, and %d are the least that a server writes", len(f), minCSVFields)
	}
	out = Record{
		User: f[1], Database: f[2], Client: f[4], Session: f[5], Tag: f[7], Severity: f[11], SQLState: f[12], Message: f[13], Detail: f[14],
		Context: f[18], Query: f[19], Application: f[22],
	}
	if len(f) > minCSVFields {
		out.Backend = f[23]
	}
	if out.Line, err = strconv.ParseInt(f[6], 10, 64); err != nil {
		return Record{}, fmt.Errorf("%.40q is no line number of a session", f[6])
	}
	out.Time, err = parseTime(f[0], zone)
	return out, err
}
