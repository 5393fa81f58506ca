package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Open opens the log in cfg.Dir, which is created when it is not there, goes
// on where it ended, and proves with a first record (Action "audit.open") that
// it can be written. What a crash left behind the last whole record is moved
// to a file named *.torn and reported in a record of its own (Action
// "audit.torn").
func Open(cfg Config) (*Log, error) {
	return open(cfg, openOSFile, time.Now)
}

func open(cfg Config, openFile openFunc, now func() time.Time) (_ *Log, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	l := &Log{cfg: cfg, now: now}
	l.idle = sync.NewCond(&l.mu)
	l.writer = writer{dir: cfg.Dir, maxFile: cfg.MaxFileBytes, open: openFile, now: now}
	if err := l.prepareDir(); err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	if l.lock, err = lockDir(cfg.Dir); err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	defer func() {
		if err != nil {
			l.writer.abandon()
			err = errors.Join(fmt.Errorf("opening audit log: %w", err), l.lock.Close())
		}
	}()
	notes, err := l.resume()
	if err != nil {
		return nil, err
	}
	if err := l.commitOwn(append(notes, Event{Kind: Admin, Action: "audit.open"})); err != nil {
		return nil, err
	}
	l.timer = time.AfterFunc(math.MaxInt64, l.flushLater)
	return l, nil
}

// commitOwn writes records of the log itself. Only for the leader, and before
// and after there are others.
func (l *Log) commitOwn(events []Event) error {
	data, ends, err := l.encode(events)
	if err != nil {
		return err
	}
	b := &batch{data: *data}
	for _, end := range ends {
		b.bodies = append(b.bodies, body{end: end})
	}
	return l.writer.commit(b, &l.stats)
}

func (l *Log) prepareDir() error {
	dir := l.cfg.Dir
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		return syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		l.cfg.Logger.Warn("the audit directory is open to other users", "dir", dir, "mode", info.Mode().Perm())
	}
	return nil
}

// lockDir makes this process the only writer of the directory. The lock ends
// with the process.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by another process: %w", dir, err), f.Close())
	}
	return f, nil
}

// resume finds the end of the chain and opens the last file for appending, or
// creates the first one.
func (l *Log) resume() ([]Event, error) {
	w := &l.writer
	segments, err := listSegments(l.cfg.Dir)
	if err != nil {
		return nil, err
	}
	l.stats.head.Store(&link{})
	if len(segments) == 0 {
		return nil, w.create(l.now())
	}
	w.seg = segments[len(segments)-1]
	var end fileEnd
	for i := len(segments) - 1; i >= 0 && w.chain.seq == 0; i-- {
		found, err := findEnd(segments[i].path)
		if err != nil {
			return nil, fmt.Errorf("reading the last audit files: %w", err)
		}
		if i == len(segments)-1 {
			end = found
		}
		w.chain = found.last
	}
	w.size = end.good
	l.stats.head.Store(&link{seq: w.chain.seq, hash: w.chain.hash})
	var notes []Event
	if end.size > end.good {
		note, err := keepTorn(w.seg, end)
		if err != nil {
			return nil, fmt.Errorf("keeping the torn end of %s: %w", w.seg.path, err)
		}
		l.cfg.Logger.Warn("cut a torn end off the audit log", "file", w.seg.path, "bytes", end.size-end.good)
		notes = append(notes, note)
	}
	return notes, w.repair()
}

// fileEnd says where the records of a file end.
type fileEnd struct {
	last link  // the last record; zero if there is none
	good int64 // its end
	size int64 // the end of the file
}

// findEnd looks for the last whole record, which need not continue the one
// before: what is wrong in the middle stays as it is, for Verify to show.
func findEnd(path string) (fileEnd, error) {
	f, err := os.Open(path)
	if err != nil {
		return fileEnd{}, err
	}
	defer f.Close()
	var end fileEnd
	lines := newLineReader(f, 0)
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errLong) {
			return fileEnd{}, err
		}
		if self, _, err := openLine(line); err == nil {
			end.last, end.good = self, lines.offset
		}
	}
	info, err := f.Stat()
	end.size = max(lines.offset, end.good)
	if err == nil {
		end.size = info.Size()
	}
	return end, err
}

// keepTorn copies what follows the last record to a file of its own, before it
// is cut away, and returns the record that tells of it.
func keepTorn(seg segment, end fileEnd) (Event, error) {
	name := fmt.Sprintf("%s-%d%s", seg.path, end.good, tornSuffix)
	in, err := os.Open(seg.path)
	if err != nil {
		return Event{}, err
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Event{}, err
	}
	sum := sha256.New()
	tail := io.NewSectionReader(in, end.good, end.size-end.good)
	_, err = io.Copy(io.MultiWriter(out, sum), tail)
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return Event{}, err
	}
	return Event{
		Kind:   Admin,
		Action: "audit.torn",
		Target: filepath.Base(seg.path),
		Detail: fmt.Sprintf("cut %d bytes that were no record from offset %d; kept in %s, sha256 %s",
			end.size-end.good, end.good, filepath.Base(name), hex.EncodeToString(sum.Sum(nil))),
	}, nil
}
