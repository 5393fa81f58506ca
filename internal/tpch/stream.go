package tpch

import "io"

// chunk is about how many bytes a stream makes ahead of its reader.
const chunk = 64 << 10

// stream is one table as COPY text: an io.Reader that makes rows as they are read.
type stream struct {
	// next appends unit i, a row or all line items of an order, and says how many rows that was.
	next     func(b []byte, i int64) ([]byte, int64)
	units    int64 // how many units there are
	i        int64 // the next unit
	rows     int64 // made so far
	progress func(rows int64)
	buf      []byte // made, of which read bytes were handed out
	read     int
}

// Read hands out what was made and makes more when nothing is left.
func (s *stream) Read(p []byte) (int, error) {
	if s.read == len(s.buf) {
		if s.i == s.units {
			return 0, io.EOF
		}
		s.fill()
	}
	n := copy(p, s.buf[s.read:])
	s.read += n
	return n, nil
}

func (s *stream) fill() {
	s.buf, s.read = s.buf[:0], 0
	for s.i < s.units && len(s.buf) < chunk {
		var rows int64
		s.buf, rows = s.next(s.buf, s.i)
		s.i++
		s.rows += rows
	}
	if s.progress != nil {
		s.progress(s.rows)
	}
}
