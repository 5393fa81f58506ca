package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"
)

// FromEnd makes Tail begin with the first record that is written after the
// call.
const FromEnd = uint64(math.MaxUint64)

// tailPoll is how often Tail looks for more.
const tailPoll = 100 * time.Millisecond

// Tail calls fn with every event from the record numbered from on (FromEnd:
// with those to come), and then follows the log as it grows and goes on to new
// files, until ctx ends or fn returns an error. It returns that error, or nil
// when ctx ended. Lines that are no records are passed over. An event may be
// seen shortly before it is safe; should the disk fail just then, another one
// with the same number follows.
func Tail(ctx context.Context, dir string, from uint64, fn func(Event) error) error {
	t := tailer{dir: dir, from: from, fn: fn}
	if from == FromEnd {
		if err := t.skipToEnd(); err != nil {
			return fmt.Errorf("following audit log: %w", err)
		}
	}
	ticker := time.NewTicker(tailPoll)
	defer ticker.Stop()
	for {
		if err := t.advance(ctx); err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return nil
			}
			return fmt.Errorf("following audit log: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// tailer remembers how far the reader got.
type tailer struct {
	dir    string
	from   uint64
	fn     func(Event) error
	number uint64 // of the current file; 0 before the first
	offset int64  // of the next line in it
}

// skipToEnd goes to the end of the last whole line of the last file.
func (t *tailer) skipToEnd() error {
	t.from = 0
	segments, err := listSegments(t.dir)
	if err != nil || len(segments) == 0 {
		return err
	}
	seg := segments[len(segments)-1]
	f, err := os.Open(seg.path)
	if err != nil {
		return err
	}
	defer f.Close()
	t.number = seg.number
	// Byte by byte of lines, not records: a damaged end must not be shown.
	r := bufio.NewReaderSize(f, 64<<10)
	var read int64
	for {
		chunk, err := r.ReadSlice('\n')
		read += int64(len(chunk))
		switch {
		case err == nil:
			t.offset = read
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}

// advance reads all that is there.
func (t *tailer) advance(ctx context.Context) error {
	segments, err := listSegments(t.dir)
	if err != nil {
		return err
	}
	// A file is finished before the next one is created, so when this list
	// holds a next one, reading the current to its end reads all of it.
	start := slices.IndexFunc(segments, func(s segment) bool { return s.number >= t.number })
	if start < 0 {
		return nil
	}
	for _, seg := range segments[start:] {
		if seg.number != t.number {
			t.number, t.offset = seg.number, 0
		}
		if err := t.read(ctx, seg.path); err != nil {
			return err
		}
	}
	return nil
}

func (t *tailer) read(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // removed between listing and opening
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// A repair cuts away what was not safe.
	t.offset = min(t.offset, info.Size())
	if info.Size() == t.offset {
		return nil
	}
	if _, err := f.Seek(t.offset, io.SeekStart); err != nil {
		return err
	}
	lines := newLineReader(f, t.offset)
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errLong) {
			return err
		}
		t.offset = lines.offset
		if err := t.deliver(ctx, line); err != nil {
			return err
		}
	}
}

func (t *tailer) deliver(ctx context.Context, line []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	event, err := decodeLine(line)
	if err != nil || event.Seq < t.from {
		return nil //nolint:nilerr // damage is Verify's business
	}
	return t.fn(event)
}
