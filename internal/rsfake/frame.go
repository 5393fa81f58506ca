package rsfake

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// maxMessage bounds a message from either side.
const maxMessage = 64 << 20

var errFrame = errors.New("invalid message length")

// message is one message, without its length.
type message struct {
	kind byte
	body []byte
	// size is how long the body was announced; longer than body where it was thrown away.
	size int
}

// readMessage reads one message. A body over the limit is read and thrown away.
func readMessage(r *bufio.Reader, limit int) (message, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > 1<<30 {
		return message{}, errFrame
	}
	m := message{kind: head[0], size: int(n) - 4}
	if m.size > limit {
		_, err := io.CopyN(io.Discard, r, int64(m.size))
		return m, err
	}
	m.body = make([]byte, m.size)
	_, err := io.ReadFull(r, m.body)
	return m, err
}

// appendMessage prints a message.
func appendMessage(dst []byte, kind byte, parts ...[]byte) []byte {
	n := 4
	for _, p := range parts {
		n += len(p)
	}
	dst = binary.BigEndian.AppendUint32(append(dst, kind), uint32(n))
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// cstring cuts a string that ends with a zero off the front.
func cstring(b []byte) (string, []byte, bool) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:], true
		}
	}
	return "", nil, false
}

func zero(s string) []byte { return append([]byte(s), 0) }

// errorFields reads the fields of an error or a notice.
func errorFields(body []byte) map[byte]string {
	out := map[byte]string{}
	for len(body) > 1 {
		code := body[0]
		value, rest, ok := cstring(body[1:])
		if !ok {
			break
		}
		out[code], body = value, rest
	}
	return out
}

// printFields prints the fields that PostgreSQL 8.0 has.
func printFields(fields map[byte]string) []byte {
	var body []byte
	for _, code := range []byte("SCMDHPWFLR") {
		if value, ok := fields[code]; ok {
			body = append(append(append(body, code), value...), 0)
		}
	}
	return append(body, 0)
}

// refusalFields prints a refusal of the stand-in's own.
func refusalFields(severity string, r *Refusal) map[byte]string {
	fields := map[byte]string{'S': severity, 'C': r.Code, 'M': r.Message, 'F': "rsfake", 'L': "1", 'R': "refuse"}
	if r.Detail != "" {
		fields['D'] = r.Detail
	}
	if r.Position > 0 {
		fields['P'] = itoa(r.Position)
	}
	return fields
}
