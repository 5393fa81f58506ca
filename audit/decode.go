package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// wireEvent is Event without its methods, and with what JSON calls otherwise.
type wireEvent Event

// MarshalJSON implements json.Marshaler with the names and the form of the
// files, so that an API shows an event as the log holds it.
func (e Event) MarshalJSON() ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	dst := fmt.Appendf(nil, `{"seq":%d,`, e.Seq)
	dst = appendBody(dst, &e, MaxRecordBytes, e.Time)
	if e.SQLBytes != 0 {
		dst = fmt.Appendf(dst, `,"sql_bytes":%d`, e.SQLBytes)
		dst = appendName(dst, `,"sql_sha256":`, e.SQLSHA256)
	}
	if e.RewrittenBytes != 0 {
		dst = fmt.Appendf(dst, `,"rewritten_bytes":%d`, e.RewrittenBytes)
		dst = appendName(dst, `,"rewritten_sha256":`, e.RewrittenSHA256)
	}
	dst = appendName(dst, `,"prev":`, e.Prev)
	dst = appendName(dst, `,"hash":`, e.Hash)
	return append(dst, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler. Fields of a newer version are
// passed over; an unknown kind is an error.
func (e *Event) UnmarshalJSON(data []byte) error {
	wire := struct {
		*wireEvent
		DurationMS float64 `json:"duration_ms"`
	}{wireEvent: &wireEvent{}}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	if !wire.Kind.Valid() {
		return fmt.Errorf("%w: unknown kind %.40q", ErrInvalid, string(wire.Kind))
	}
	us := math.Round(wire.DurationMS * 1000)
	if math.Abs(us) > math.MaxInt64/2000 {
		return fmt.Errorf("%w: duration out of range", ErrInvalid)
	}
	wire.Duration = time.Duration(us) * time.Microsecond
	*e = Event(*wire.wireEvent)
	return nil
}

// MarshalJSON implements json.Marshaler.
func (m Masks) MarshalJSON() ([]byte, error) { return m.appendJSON(nil), nil }

// UnmarshalJSON implements json.Unmarshaler; the masks come ordered by column.
func (m *Masks) UnmarshalJSON(data []byte) error {
	var object map[string]string
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	out := make(Masks, 0, len(object))
	for column, kind := range object {
		out = append(out, Mask{Column: column, Kind: kind})
	}
	slices.SortFunc(out, func(a, b Mask) int { return strings.Compare(a.Column, b.Column) })
	*m = out
	return nil
}

// decodeLine turns a line, without its newline, into an Event. It does not
// check the chain.
func decodeLine(line []byte) (Event, error) {
	var e Event
	if !bytes.HasPrefix(line, []byte(lineHead)) {
		return e, errForm
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, fmt.Errorf("the line is not a record: %w", err)
	}
	return e, nil
}
