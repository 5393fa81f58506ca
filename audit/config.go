package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Defaults of Config.
const (
	DefaultMaxFileBytes    = 64 << 20
	DefaultMaxSQLBytes     = 64 << 10
	DefaultMaxPendingBytes = 16 << 20
	DefaultFlushEvery      = 100 * time.Millisecond
	DefaultRecoverEvery    = time.Second
)

// MaxRecordBytes bounds one record as it is written. An event that would be
// larger is refused, not cut: its statement must not run.
const MaxRecordBytes = 4 << 20

// Config says where and how a Log is kept. Zero numbers mean the defaults.
type Config struct {
	// Dir is the directory of the files. It is created (mode 0700) when it is
	// not there. One process at a time may write to it.
	Dir string
	// MaxFileBytes is the size beyond which a new file is begun. A new file is
	// also begun on a new day (UTC).
	MaxFileBytes int64
	// MaxSQLBytes bounds Event.SQL and Event.Rewritten.
	MaxSQLBytes int
	// MaxPendingBytes bounds what RecordLater keeps in memory. Beyond it
	// RecordLater writes and waits or, while the log is failed, returns an
	// error.
	MaxPendingBytes int
	// FlushEvery is how long an event of RecordLater may wait for being
	// written.
	FlushEvery time.Duration
	// RecoverEvery is how often Run tries to bring a failed log back.
	RecoverEvery time.Duration
	// Logger tells of failures and recoveries, never of events. Nil is silent.
	Logger *slog.Logger
}

// Validate reports all mistakes at once. It does not look at the disk.
func (c Config) Validate() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("audit: "+format, args...))
		}
	}
	refuse(c.Dir == "", "dir is missing")
	refuse(c.MaxFileBytes < 0, "max file bytes %d is negative", c.MaxFileBytes)
	refuse(c.MaxSQLBytes < 0 || c.MaxSQLBytes > MaxRecordBytes/16,
		"max SQL bytes %d is not between 0 and %d", c.MaxSQLBytes, MaxRecordBytes/16)
	refuse(c.MaxPendingBytes < 0, "max pending bytes %d is negative", c.MaxPendingBytes)
	refuse(c.FlushEvery < 0, "flush interval %s is negative", c.FlushEvery)
	refuse(c.RecoverEvery < 0, "recover interval %s is negative", c.RecoverEvery)
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if c.MaxFileBytes == 0 {
		c.MaxFileBytes = DefaultMaxFileBytes
	}
	if c.MaxSQLBytes == 0 {
		c.MaxSQLBytes = DefaultMaxSQLBytes
	}
	if c.MaxPendingBytes == 0 {
		c.MaxPendingBytes = DefaultMaxPendingBytes
	}
	if c.FlushEvery == 0 {
		c.FlushEvery = DefaultFlushEvery
	}
	if c.RecoverEvery == 0 {
		c.RecoverEvery = DefaultRecoverEvery
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
