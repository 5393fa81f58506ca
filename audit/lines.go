package audit

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLineBytes bounds a line: a record and its share of the chain.
const maxLineBytes = MaxRecordBytes + 1024

// lineReader reads the lines of a file in bounded memory and knows where each
// begins.
type lineReader struct {
	r      *bufio.Reader
	long   []byte
	offset int64 // where the next line begins
	number int   // of the line returned last, from 1
}

func newLineReader(r io.Reader, offset int64) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10), offset: offset}
}

// errLong says that a line is longer than any record.
var errLong = errors.New("the line is longer than any record")

// next returns the next line without its newline; it is valid until the next
// call. At the end of the file it returns io.EOF and with it what stands there
// without a newline, which the offset does not count. A line that is too long
// is read to its end and returned as nil with errLong.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if err == nil {
		l.advance(len(line))
		return line[:len(line)-1], nil
	}
	l.long = append(l.long[:0], line...)
	total := len(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.r.ReadSlice('\n')
		total += len(line)
		if total <= maxLineBytes {
			l.long = append(l.long, line...)
		}
	}
	switch {
	case err == nil && total > maxLineBytes:
		l.advance(total)
		return nil, errLong
	case err == nil:
		l.advance(total)
		return bytes.TrimSuffix(l.long, []byte("\n")), nil
	case errors.Is(err, io.EOF):
		return l.long, io.EOF
	}
	return nil, err
}

func (l *lineReader) advance(bytes int) {
	l.offset += int64(bytes)
	l.number++
}
