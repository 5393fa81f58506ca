package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Report is what Verify found.
type Report struct {
	// Files and Records were read and are good.
	Files   int
	Records uint64
	// First and Last are the ends of the chain as far as it is good. First.Seq
	// above 1 means that older files were removed.
	First, Last Anchor
	// TornBytes is the length of an unfinished record at the end of the last
	// file: one that is just being written or was cut off by a crash. It was
	// never acknowledged.
	TornBytes int64
	// Problem is the first thing that is wrong; nil if nothing is.
	Problem *Problem
}

// OK says that the chain holds.
func (r Report) OK() bool { return r.Problem == nil }

// Problem is a place where the log is not what was written.
type Problem struct {
	// File and Line (from 1) are the first bad record. Both are empty when the
	// problem is a record that is not there at all.
	File string
	Line int
	// Seq is the number of the record that was expected there.
	Seq uint64
	// Why is a sentence for people.
	Why string
}

// String names the place and what is wrong there.
func (p Problem) String() string {
	if p.File == "" {
		return fmt.Sprintf("record %d: %s", p.Seq, p.Why)
	}
	return fmt.Sprintf("%s:%d (record %d): %s", p.File, p.Line, p.Seq, p.Why)
}

var errTorn = errors.New("the file ends within a record")

// Verify reads all of the log and checks that every record has its own hash
// and continues the one before, across files. Each anchor must be found, too.
// It stops at the first problem, which the report names; an error means that
// the log could not be read. A log that is being written can be verified.
func Verify(dir string, anchors ...Anchor) (Report, error) {
	segments, err := listSegments(dir)
	if err != nil {
		return Report{}, err
	}
	v := verifier{wanted: make(map[uint64]string, len(anchors))}
	for _, a := range anchors {
		v.wanted[a.Seq] = a.Hash
	}
	for i, seg := range segments {
		if err := v.file(seg, i == len(segments)-1); err != nil {
			return v.report, fmt.Errorf("verifying audit log: %w", err)
		}
		if v.report.Problem != nil {
			return v.report, nil
		}
		v.report.Files++
	}
	v.missing(anchors)
	return v.report, nil
}

// verifier is the state of one Verify.
type verifier struct {
	report Report
	chain  link
	number uint64 // of the file before
	wanted map[uint64]string
}

func (v *verifier) file(seg segment, last bool) error {
	f, err := os.Open(seg.path)
	if err != nil {
		return err
	}
	defer f.Close()
	name := filepath.Base(seg.path)
	if v.number != 0 && seg.number != v.number+1 {
		v.problem(name, 1, fmt.Sprintf("files are missing: number %d follows number %d", seg.number, v.number))
		return nil
	}
	v.number = seg.number
	lines := newLineReader(f, 0)
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0 && !last:
			v.problem(name, lines.number+1, errTorn.Error())
			return nil
		case errors.Is(err, io.EOF):
			v.report.TornBytes = int64(len(line))
			return nil
		case errors.Is(err, errLong):
			v.problem(name, lines.number, err.Error())
			return nil
		case err != nil:
			return err
		}
		if why := v.record(line); why != "" {
			v.problem(name, lines.number, why)
			return nil
		}
	}
}

// record checks one line and returns what is wrong with it, or nothing.
func (v *verifier) record(line []byte) string {
	self, prev, err := openLine(line)
	if err != nil {
		return err.Error()
	}
	first := v.report.Records == 0
	switch {
	case first && self.seq == 1 && prev != [sha256.Size]byte{}:
		return "the first record continues another log"
	case !first && self.seq != v.chain.seq+1:
		return fmt.Sprintf("record %d follows record %d: records were removed, added or reordered", self.seq, v.chain.seq)
	case !first && prev != v.chain.hash:
		return "the record does not continue the one before: one of them was replaced"
	}
	if want, found := v.wanted[self.seq]; found {
		if want != hex.EncodeToString(self.hash[:]) {
			return "the record has another hash than its anchor: the log was rewritten"
		}
		delete(v.wanted, self.seq)
	}
	v.chain = self
	v.report.Records++
	v.report.Last = self.anchor()
	if first {
		v.report.First = self.anchor()
	}
	return ""
}

func (v *verifier) problem(file string, line int, why string) {
	v.report.Problem = &Problem{File: file, Line: line, Seq: v.chain.seq + 1, Why: why}
}

// missing reports the first anchor that was not met.
func (v *verifier) missing(anchors []Anchor) {
	for _, a := range anchors {
		if _, still := v.wanted[a.Seq]; still && a.Seq > 0 {
			why := "an anchor knows the record, but it is not there: the end of the log was cut off"
			if a.Seq < v.report.First.Seq {
				why = "an anchor knows the record, but its file was removed"
			}
			v.report.Problem = &Problem{Seq: a.Seq, Why: why}
			return
		}
	}
}
