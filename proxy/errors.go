package proxy

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/posternsql/postern/pgerror"
)

// report is an ErrorResponse or NoticeResponse of the warehouse, cut to what the client may see.
type report struct {
	severity, code, message string
	// position is in the text that the warehouse parsed, in characters from 1; 0 is none.
	position int
	// checked marks an error of a Redshift's that speaks of the check of a new row.
	checked bool
	// body is the filtered body, ready to be sent.
	body []byte
}

// fatal reports an error after which the warehouse closes the connection.
func (r report) fatal() bool { return r.severity == "FATAL" || r.severity == "PANIC" }

// keepField says which fields of the warehouse's errors and notices reach the client (PostgreSQL manual, "Error and
// Notice Message Fields"). Left out are those that speak of the text that Postern printed, or name what may be hidden:
// P (the place in the client's own text is put in its stead, see placed) and p (positions), q (internal query), W (where), s, t, c, d, n (schema, table, column, type, constraint), and F, L, R
// (the server's source). Unknown fields are left out too.
func keepField(field byte, code string) bool {
	switch field {
	case 'S', 'V', 'C', 'M', 'H':
		return true
	case 'D':
		// The detail of an integrity violation repeats values of rows, which may be hidden or masked.
		return !strings.HasPrefix(code, "23")
	}
	return false
}

// readReport takes a body apart. everything keeps all fields, for exempt users. A body that was cut short is made whole.
func readReport(body []byte, everything bool) report {
	var r report
	fields := splitFields(body)
	for _, f := range fields {
		switch f.kind {
		case 'S':
			if r.severity == "" {
				r.severity = f.value
			}
		case 'V':
			r.severity = f.value
		case 'C':
			r.code = f.value
		case 'M':
			r.message = f.value
		case 'P':
			r.position, _ = strconv.Atoi(f.value)
		}
	}
	for _, f := range fields {
		if everything || keepField(f.kind, r.code) {
			if f.kind == 'M' && !everything && strings.HasPrefix(r.code, "23") {
				f.value = integrityMessage(r.code)
			}
			r.body = append(append(append(r.body, f.kind), f.value...), 0)
		}
	}
	r.body = append(r.body, 0)
	return r
}

type field struct {
	kind  byte
	value string
}

func splitFields(body []byte) []field {
	var fields []field
	for len(body) > 1 && body[0] != 0 {
		kind, rest := body[0], body[1:]
		end := bytes.IndexByte(rest, 0)
		if end < 0 {
			// Cut short, perhaps within a character.
			return append(fields, field{kind, strings.ToValidUTF8(string(rest), "")})
		}
		fields = append(fields, field{kind, string(rest[:end])})
		body = rest[end+1:]
	}
	return fields
}

// appendError appends an ErrorResponse of our own.
func appendError(dst []byte, e *pgerror.Error) []byte {
	start := len(dst)
	dst = append(dst, 'E', 0, 0, 0, 0)
	add := func(kind byte, value string) {
		if value != "" {
			dst = append(append(append(dst, kind), strings.ReplaceAll(value, "\x00", "")...), 0)
		}
	}
	add('S', e.Severity.String())
	add('V', e.Severity.String())
	add('C', e.Code)
	add('M', e.Message)
	add('D', e.Detail)
	add('H', e.Hint)
	if e.Position > 0 {
		add('P', strconv.Itoa(e.Position))
	}
	dst = append(dst, 0)
	binary.BigEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-1))
	return dst
}

// clientError finds what may be told to the client in an error. Anything else is our own bug or an operational detail: it
// goes to the log under an id, and the client gets the id.
func clientError(log *slog.Logger, err error) *pgerror.Error {
	var e *pgerror.Error
	if errors.As(err, &e) {
		return e
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	text := hex.EncodeToString(id[:])
	log.Error("internal error", "id", text, "error", err)
	return pgerror.Internal(text)
}
