package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// writer owns the file that is being written and the end of the chain. Only
// the leader uses it.
type writer struct {
	dir     string
	maxFile int64
	open    openFunc
	now     func() time.Time

	f     file // nil after an error
	seg   segment
	size  int64 // bytes of seg that are safe
	chain link  // the last record that is safe
	out   []byte
}

// commit writes the batch with one write and one sync. Until it returns nil,
// size and chain stay as they were: what may be in the file beyond size is cut
// away by repair.
func (w *writer) commit(b *batch, stats *counters) error {
	chain := w.chain
	w.out = w.out[:0]
	start := 0
	for _, body := range b.bodies {
		w.out, chain = chain.seal(w.out, b.data[start:body.end])
		start = body.end
	}
	if err := w.rotate(int64(len(w.out))); err != nil {
		return err
	}
	if err := w.append(w.out); err != nil {
		return err
	}
	w.size += int64(len(w.out))
	w.chain = chain
	stats.records.Add(uint64(len(b.bodies)))
	stats.bytes.Add(uint64(len(w.out)))
	stats.syncs.Add(1)
	stats.head.Store(&chain)
	if cap(w.out) > maxKeptBuffer {
		w.out = nil
	}
	return nil
}

// append writes and syncs. After an error the file is not used again: a second
// fsync may say that all is well without having written anything.
func (w *writer) append(data []byte) error {
	n, err := w.f.Write(data)
	if err == nil && n < len(data) {
		err = errors.New("short write")
	}
	if err == nil {
		err = w.f.Sync()
	}
	if err != nil {
		w.abandon()
		return fmt.Errorf("writing audit file: %w", err)
	}
	return nil
}

func (w *writer) abandon() {
	if w.f != nil {
		// The error that led here is the one that is told.
		_ = w.f.Close()
		w.f = nil
	}
}

// rotate begins a new file if the one at hand has no room for more bytes or is
// of another day. A batch larger than a file gets a file of its own.
func (w *writer) rotate(more int64) error {
	now := w.now().UTC()
	sameDay := now.Truncate(24 * time.Hour).Equal(w.seg.created.Truncate(24 * time.Hour))
	if w.f == nil {
		return errors.New("writing audit file: it is not open")
	}
	if w.size == 0 || w.size+more <= w.maxFile && sameDay {
		return nil
	}
	err := w.f.Close()
	w.f = nil
	if err != nil {
		return fmt.Errorf("closing audit file: %w", err)
	}
	return w.create(now)
}

// create begins the next file.
func (w *writer) create(now time.Time) error {
	seg := newSegment(w.dir, w.seg.number+1, now)
	f, err := w.open(seg.path, true)
	if err != nil {
		return fmt.Errorf("creating audit file: %w", err)
	}
	w.f, w.seg, w.size = f, seg, 0
	if err := syncDir(w.dir); err != nil {
		w.abandon()
		return fmt.Errorf("creating audit file: %w", err)
	}
	return nil
}

// repair makes the file at hand usable again: what is not known to be safe is
// cut away and the rest is synced. Where somebody removed the file or a part of
// it, a new one is begun; the chain goes on, so Verify shows what is missing.
func (w *writer) repair() error {
	w.abandon()
	info, err := os.Lstat(w.seg.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() < w.size {
		return w.create(w.now())
	}
	if err != nil {
		return fmt.Errorf("opening audit file: %w", err)
	}
	f, err := w.open(w.seg.path, false)
	if err != nil {
		return fmt.Errorf("opening audit file: %w", err)
	}
	w.f = f
	err = f.Truncate(w.size)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = syncDir(w.dir)
	}
	if err != nil {
		w.abandon()
		return fmt.Errorf("repairing audit file: %w", err)
	}
	return nil
}
