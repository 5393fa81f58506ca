package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// TruncationMark ends a string that was cut.
const TruncationMark = "…[truncated]"

// Bounds of strings other than SQL text, in bytes.
const (
	maxNameBytes = 1 << 10
	maxTextBytes = 8 << 10
)

// appendBody appends the fields of e between seq and prev, without braces.
// The order of fields is fixed. now stands in for a zero Event.Time.
func appendBody(dst []byte, e *Event, maxSQL int, now time.Time) []byte {
	at := e.Time
	if at.IsZero() {
		at = now
	}
	dst = append(dst, `"time":"`...)
	dst = at.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","kind":"`...)
	dst = append(dst, e.Kind...)
	dst = append(dst, '"')

	dst = appendName(dst, `,"id":`, e.ID)
	dst = appendName(dst, `,"session":`, e.Session)
	dst = appendName(dst, `,"client":`, e.Client)
	dst = appendName(dst, `,"login":`, e.Login)
	dst = appendName(dst, `,"user":`, e.User)
	dst = appendName(dst, `,"application_name":`, e.Application)
	dst = appendName(dst, `,"connection":`, e.Connection)
	dst = appendName(dst, `,"project":`, e.Project)
	dst = appendList(dst, `,"purposes":`, e.Purposes)
	dst = appendName(dst, `,"protocol":`, string(e.Protocol))
	dst = appendName(dst, `,"statement":`, e.Statement)
	dst = appendSQL(dst, "sql", e.SQL, maxSQL)
	dst = appendSQL(dst, "rewritten", e.Rewritten, maxSQL)
	dst = appendSources(dst, e.Sources)
	dst = appendName(dst, `,"program":`, e.Program)
	dst = appendTrue(dst, `,"cached":true`, e.Cached)
	dst = appendTrue(dst, `,"exempt":true`, e.Exempt)
	dst = appendName(dst, `,"sqlstate":`, e.SQLState)
	dst = appendBounded(dst, `,"error":`, e.Error, maxTextBytes)
	dst = appendName(dst, `,"command_tag":`, e.CommandTag)
	dst = appendOutcome(dst, e)
	dst = appendName(dst, `,"action":`, e.Action)
	dst = appendName(dst, `,"target":`, e.Target)
	return appendBounded(dst, `,"detail":`, e.Detail, maxTextBytes)
}

// appendOutcome appends counts and duration; zero is an answer for an End, and
// no answer for everything else.
func appendOutcome(dst []byte, e *Event) []byte {
	always := e.Kind == End
	if always || e.Rows != 0 {
		dst = append(dst, `,"rows":`...)
		dst = strconv.AppendInt(dst, e.Rows, 10)
	}
	if always || e.Bytes != 0 {
		dst = append(dst, `,"bytes":`...)
		dst = strconv.AppendInt(dst, e.Bytes, 10)
	}
	if always || e.Duration != 0 {
		dst = append(dst, `,"duration_ms":`...)
		dst = appendMilliseconds(dst, e.Duration)
	}
	return dst
}

// appendMilliseconds appends d in milliseconds with three decimals, in integer
// arithmetic: a float would be written differently by every reader.
func appendMilliseconds(dst []byte, d time.Duration) []byte {
	us := d.Microseconds()
	if us < 0 {
		dst = append(dst, '-')
		us = -us
	}
	dst = strconv.AppendInt(dst, us/1000, 10)
	frac := us % 1000
	return append(dst, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
}

func appendTrue(dst []byte, field string, value bool) []byte {
	if !value {
		return dst
	}
	return append(dst, field...)
}

func appendName(dst []byte, field, value string) []byte {
	return appendBounded(dst, field, value, maxNameBytes)
}

func appendBounded(dst []byte, field, value string, limit int) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, field...)
	return appendCut(dst, value, limit)
}

// appendCut appends value, cut to limit. What was cut before and comes back
// from a file is written as it is.
func appendCut(dst []byte, value string, limit int) []byte {
	if len(value) <= limit || len(value) <= limit+len(TruncationMark) && strings.HasSuffix(value, TruncationMark) {
		return appendString(dst, value)
	}
	dst = appendString(dst, cut(value, limit))
	dst = append(dst[:len(dst)-1], TruncationMark...)
	return append(dst, '"')
}

// appendSQL appends a statement's text. What does not fit is told by the
// length and hash of all of it, so that the full text, if somebody has it, can
// be matched with the record.
func appendSQL(dst []byte, name, text string, limit int) []byte {
	if text == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	dst = appendCut(dst, text, limit)
	if len(text) <= limit {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, `_bytes":`...)
	dst = strconv.AppendInt(dst, int64(len(text)), 10)
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, `_sha256":"`...)
	sum := sha256.Sum256([]byte(text))
	dst = hex.AppendEncode(dst, sum[:])
	return append(dst, '"')
}

func appendList(dst []byte, field string, values []string) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = append(dst, field...)
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCut(dst, v, maxNameBytes)
	}
	return append(dst, ']')
}

func appendSources(dst []byte, sources []Source) []byte {
	if len(sources) == 0 {
		return dst
	}
	dst = append(dst, `,"sources":[`...)
	for i := range sources {
		s := &sources[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"name":`...)
		dst = appendCut(dst, s.Name, maxNameBytes)
		dst = appendList(dst, `,"columns_requested":`, s.ColumnsRequested)
		dst = appendList(dst, `,"columns_used_by_policy":`, s.ColumnsUsedByPolicy)
		dst = appendList(dst, `,"columns_looked_up":`, s.ColumnsLookedUp)
		dst = append(dst, `,"row_filter":`...)
		dst = strconv.AppendBool(dst, s.RowFilter)
		if len(s.Masks) > 0 {
			dst = append(dst, `,"masks":`...)
			dst = s.Masks.appendJSON(dst)
		}
		dst = appendList(dst, `,"rules":`, s.Rules)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (m Masks) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, mask := range m {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCut(dst, mask.Column, maxNameBytes)
		dst = append(dst, ':')
		dst = appendCut(dst, mask.Kind, maxNameBytes)
	}
	return append(dst, '}')
}
