package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// file is what the log needs of a file that it appends to.
type file interface {
	Write(p []byte) (int, error)
	// Sync returns nil only when all that was written is on stable storage.
	Sync() error
	Truncate(size int64) error
	Close() error
}

// openFunc opens a file for appending, creating it when create is set (it must
// not exist then).
type openFunc func(path string, create bool) (file, error)

// osFile is a file of the operating system of which we are the only writer.
type osFile struct {
	*os.File
	self os.FileInfo
	size int64 // as it must be
}

// openOSFile opens a file of the operating system, mode 0600.
func openOSFile(path string, create bool) (file, error) {
	flags := os.O_WRONLY | os.O_APPEND
	if create {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	self, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &osFile{File: f, self: self, size: self.Size()}, nil
}

// Write implements io.Writer.
func (f *osFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.size += int64(n)
	return n, err
}

// Truncate cuts the file. It never makes it longer.
func (f *osFile) Truncate(size int64) error {
	if size > f.size {
		return fmt.Errorf("%s has lost %d bytes", f.Name(), size-f.size)
	}
	if err := f.File.Truncate(size); err != nil {
		return err
	}
	f.size = size
	return nil
}

// Sync also proves that the file is still where it was and as long as it was
// left: what goes into a file that somebody removed is safe until the process
// ends, and not after.
func (f *osFile) Sync() error {
	if err := f.File.Sync(); err != nil {
		return err
	}
	there, err := os.Lstat(f.Name())
	if err != nil {
		return err
	}
	if !os.SameFile(f.self, there) {
		return fmt.Errorf("%s was replaced by another file", f.Name())
	}
	if there.Size() != f.size {
		return fmt.Errorf("%s has %d bytes, not the %d that were written: somebody changed it", f.Name(), there.Size(), f.size)
	}
	return nil
}

// syncDir makes the creation of files in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

const (
	segmentPrefix = "audit-"
	segmentSuffix = ".jsonl"
	tornSuffix    = ".torn"
	stampLayout   = "20060102T150405Z"
)

// segment is one file of the log.
type segment struct {
	path    string
	number  uint64
	created time.Time
}

func newSegment(dir string, number uint64, now time.Time) segment {
	now = now.UTC().Truncate(time.Second)
	name := fmt.Sprintf("%s%s-%06d%s", segmentPrefix, now.Format(stampLayout), number, segmentSuffix)
	return segment{path: filepath.Join(dir, name), number: number, created: now}
}

// parseSegment reads a file's name; other files of the directory are none of
// the log's.
func parseSegment(dir, name string) (segment, bool) {
	rest, ok := strings.CutPrefix(name, segmentPrefix)
	if !ok {
		return segment{}, false
	}
	rest, ok = strings.CutSuffix(rest, segmentSuffix)
	if !ok {
		return segment{}, false
	}
	stamp, digits, ok := strings.Cut(rest, "-")
	if !ok || len(digits) < 6 {
		return segment{}, false
	}
	created, err := time.Parse(stampLayout, stamp)
	if err != nil {
		return segment{}, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || number == 0 {
		return segment{}, false
	}
	return segment{path: filepath.Join(dir, name), number: number, created: created}, true
}

// listSegments returns the log's files in the order in which they were
// written. The number decides, not the time: clocks are set back.
func listSegments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing audit files: %w", err)
	}
	var out []segment
	for _, entry := range entries {
		seg, ok := parseSegment(dir, entry.Name())
		if !ok {
			continue
		}
		if entry.Type()&fs.ModeType != 0 {
			return nil, fmt.Errorf("listing audit files: %s is not a regular file", entry.Name())
		}
		out = append(out, seg)
	}
	slices.SortFunc(out, func(a, b segment) int { return cmp.Compare(a.number, b.number) })
	for i := 1; i < len(out); i++ {
		if out[i].number == out[i-1].number {
			return nil, fmt.Errorf("listing audit files: %s and %s have one number",
				filepath.Base(out[i-1].path), filepath.Base(out[i].path))
		}
	}
	return out, nil
}
