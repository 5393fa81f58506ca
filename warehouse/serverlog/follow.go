package serverlog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

const (
	// chunk is how much of a file is read at a time, and maxEntry bounds one entry.
	chunk    = 1 << 20
	maxEntry = 64 << 20
	// headBytes of a file tell it from another of the same name.
	headBytes = 256
)

// Position is where a reader stopped. The zero value is the beginning of the oldest file that is there.
type Position struct {
	File string `json:"file"`
	// Offset is that of the first byte that was not read.
	Offset int64 `json:"offset"`
	// Head is the SHA-256, in hex, of the first HeadBytes bytes of the file: log files are written again under old names.
	Head      string `json:"head"`
	HeadBytes int64  `json:"headBytes"`
	// Time is that of the last entry that was read.
	Time time.Time `json:"time"`
	// PageTime is, in the middle of a look at a log that is read in pages, the time of the page's last entry, whose number is Offset.
	PageTime time.Time `json:"pageTime,omitzero"`
}

// Gap says that entries may be lost: a file was rotated away, or written again, before it was read to its end.
type Gap struct {
	File string
	// After is the time of the last entry before the gap.
	After time.Time
	Why   string
}

// Batch is what one look at the log found.
type Batch struct {
	Records []Record
	// Next is the position behind them, to be kept when they are safe.
	Next Position
	// Gap comes before the records; nil for none.
	Gap *Gap
	// Done says of a log in which every look reads some of what was read before that there is nothing more for now.
	Done bool
}

// Follower reads on in a server's log. It keeps nothing: the position is the caller's.
type Follower struct {
	Source Source
	// Format is csv or json.
	Format string
	// Zone is that of the log's times (log_timezone); nil is UTC.
	Zone *time.Location
}

// ErrBrokenEntry is in the chain of the error for an entry that cannot be read. Skip goes on behind it.
var ErrBrokenEntry = errors.New("an entry of the server's log cannot be read")

// Next takes what is there behind the position, at most some thousand entries. A Batch without records and with the same position says that
// there is nothing more for now.
func (f *Follower) Next(ctx context.Context, at Position) (Batch, error) {
	files, err := f.Source.List(ctx)
	if err != nil {
		return Batch{}, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Or(a.Modified.Compare(b.Modified), cmp.Compare(a.Name, b.Name)) })
	i := slices.IndexFunc(files, func(file File) bool { return file.Name == at.File })
	gap := (*Gap)(nil)
	switch {
	case at.File == "":
	case i < 0:
		gap = &Gap{at.File, at.Time, "the file is gone"}
	default:
		same, err := f.same(ctx, files[i], at)
		switch {
		case err != nil:
			return Batch{}, err
		case !same:
			gap = &Gap{at.File, at.Time, "the file was written again"}
		default:
			out, err := f.read(ctx, at)
			if err != nil || len(out.Records) > 0 || i == len(files)-1 {
				return out, err
			}
			// Nothing more comes in a file when there is a newer one.
			return f.begin(ctx, files[i+1], at, nil)
		}
	}
	files = slices.DeleteFunc(files, func(file File) bool { return file.Modified.Before(at.Time) })
	if len(files) == 0 {
		return Batch{Next: at}, nil
	}
	return f.begin(ctx, files[0], at, gap)
}

// begin reads a file from its start.
func (f *Follower) begin(ctx context.Context, file File, at Position, gap *Gap) (Batch, error) {
	next := Position{File: file.Name, Time: at.Time}
	out, err := f.read(ctx, next)
	out.Gap = gap
	return out, err
}

// same reports that the file is the one in which the reader stopped.
func (f *Follower) same(ctx context.Context, file File, at Position) (bool, error) {
	if file.Size < at.Offset {
		return false, nil
	}
	head, err := f.Source.Read(ctx, file.Name, 0, at.HeadBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && digest(head) == at.Head, err
}

func digest(head []byte) string {
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:])
}

// read takes complete entries at the position. What is too long for one chunk is asked for in larger ones.
func (f *Follower) read(ctx context.Context, at Position) (Batch, error) {
	for limit := int64(chunk); ; limit *= 4 {
		text, err := f.Source.Read(ctx, at.File, at.Offset, limit)
		if err != nil {
			return Batch{}, err
		}
		records, used, err := f.parse(text)
		if used == 0 && err != nil {
			return Batch{}, fmt.Errorf("%w: %s at byte %d: %w", ErrBrokenEntry, at.File, at.Offset, err)
		}
		if used > 0 || int64(len(text)) < limit {
			return f.batch(ctx, at, records, int64(used))
		}
		if limit >= maxEntry {
			return Batch{}, fmt.Errorf("%w: %s at byte %d: it is longer than %d bytes", ErrBrokenEntry, at.File, at.Offset, maxEntry)
		}
	}
}

func (f *Follower) parse(text []byte) ([]Record, int, error) {
	switch f.Format {
	case "csv":
		return parseCSV(text, f.Zone)
	case "json":
		return parseJSON(text, f.Zone)
	}
	return nil, 0, fmt.Errorf("the format %q of a log is neither csv nor json", f.Format)
}

func (f *Follower) batch(ctx context.Context, at Position, records []Record, used int64) (Batch, error) {
	next := at
	next.Offset += used
	if n := len(records); n > 0 {
		next.Time = records[n-1].Time
	}
	if next.HeadBytes < headBytes && next.Offset > next.HeadBytes || next.Head == "" {
		head, err := f.Source.Read(ctx, at.File, 0, min(next.Offset, headBytes))
		if err != nil {
			return Batch{}, err
		}
		next.Head, next.HeadBytes = digest(head), int64(len(head))
	}
	return Batch{Records: records, Next: next}, nil
}

// Skip is the position behind the entry at which Next failed with ErrBrokenEntry: the next line that begins an entry which can be read. An entry
// that is lost so is told as a Gap.
func (f *Follower) Skip(ctx context.Context, at Position) (Position, *Gap, error) {
	gap := &Gap{at.File, at.Time, "an entry cannot be read"}
	for {
		text, err := f.Source.Read(ctx, at.File, at.Offset, chunk)
		if err != nil {
			return at, nil, err
		}
		for i, c := range text {
			if c != '\n' {
				continue
			}
			if i+1 == len(text) {
				break
			}
			if records, used, _ := f.parse(text[i+1:]); used > 0 && len(records) > 0 {
				at.Offset += int64(i) + 1
				return at, gap, nil
			}
		}
		if int64(len(text)) < chunk {
			at.Offset += int64(len(text))
			return at, gap, nil
		}
		at.Offset += int64(len(text))
	}
}
