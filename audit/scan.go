package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// DamageError says that some lines of the log could not be read as records.
// Verify tells more.
type DamageError struct {
	// File and Line (from 1) are the first such line.
	File string
	Line int
	// Why is what is wrong with it.
	Why error
	// Count is the number of such lines.
	Count int
}

// Error implements error.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%d lines of the audit log are damaged, the first is %s:%d: %v", e.Count, e.File, e.Line, e.Why)
}

// Unwrap implements errors.Unwrap.
func (e *DamageError) Unwrap() error { return e.Why }

// Scan calls fn with each event in dir, oldest first, over all files. Memory
// does not grow with the log. fn ends the scan by returning an error, which
// Scan returns, or fs.SkipAll, for which it returns nil. Lines that are no
// records are passed over, and in the end reported by a *DamageError. The log
// may be written meanwhile; Scan ends where it ended when it got there.
//
// Scan does not check the chain; Verify does.
func Scan(dir string, fn func(Event) error) error {
	segments, err := listSegments(dir)
	if err != nil {
		return err
	}
	return scanSegments(segments, fn)
}

// searchSlack is how far the time of an event may lie from the time at which it
// was written for Search to find it.
const searchSlack = 24 * time.Hour

// Search is Scan for the events that the filter matches. It does not open files
// that were finished a day before Filter.Since.
func Search(dir string, filter Filter, fn func(Event) error) error {
	segments, err := listSegments(dir)
	if err != nil {
		return err
	}
	for len(segments) > 1 && !filter.Since.IsZero() && segments[1].created.Before(filter.Since.Add(-searchSlack)) {
		segments = segments[1:]
	}
	return scanSegments(segments, func(e Event) error {
		if !filter.Match(&e) {
			return nil
		}
		return fn(e)
	})
}

func scanSegments(segments []segment, fn func(Event) error) error {
	var damage *DamageError
	for i, seg := range segments {
		err := scanFile(seg, i == len(segments)-1, &damage, fn)
		if errors.Is(err, fs.SkipAll) {
			break
		}
		if err != nil {
			return err
		}
	}
	if damage != nil {
		return damage
	}
	return nil
}

// scanFile reads one file. The end of the last file may be a record that is
// being written, the end of another may not.
func scanFile(seg segment, last bool, damage **DamageError, fn func(Event) error) error {
	f, err := os.Open(seg.path)
	if err != nil {
		return fmt.Errorf("reading audit file: %w", err)
	}
	defer f.Close()
	note := func(line int, why error) {
		if *damage == nil {
			*damage = &DamageError{File: filepath.Base(seg.path), Line: line, Why: why}
		}
		(*damage).Count++
	}
	lines := newLineReader(f, 0)
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			if len(line) > 0 && !last {
				note(lines.number+1, errTorn)
			}
			return nil
		case errors.Is(err, errLong):
			note(lines.number, err)
			continue
		case err != nil:
			return fmt.Errorf("reading audit file: %w", err)
		}
		event, err := decodeLine(line)
		if err != nil {
			note(lines.number, err)
			continue
		}
		if err := fn(event); err != nil {
			return err
		}
	}
}
