package store

import (
	"context"
	"sync"

	"github.com/posternsql/postern/control"
)

// Lazy opens the file at its first use, and tries again at the next where that failed: a server starts with a state that it cannot read, and people
// act in no project until it can. It is safe for concurrent use.
type Lazy struct {
	// Path of the SQLite file.
	Path string

	mu   sync.Mutex
	file *SQLite
}

func (l *Lazy) opened(ctx context.Context) (*SQLite, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		file, err := OpenSQLite(ctx, l.Path)
		if err != nil {
			return nil, err
		}
		l.file = file
	}
	return l.file, nil
}

// Standings implements control.StandingStore.
func (l *Lazy) Standings(ctx context.Context) (map[string]control.Standing, error) {
	file, err := l.opened(ctx)
	if err != nil {
		return nil, err
	}
	return file.Standings(ctx)
}

// SetProject implements control.StandingStore.
func (l *Lazy) SetProject(ctx context.Context, user, project string) error {
	file, err := l.opened(ctx)
	if err != nil {
		return err
	}
	return file.SetProject(ctx, user, project)
}

// Acknowledge implements control.StandingStore.
func (l *Lazy) Acknowledge(ctx context.Context, user string, given map[string]control.Acknowledgement) error {
	file, err := l.opened(ctx)
	if err != nil {
		return err
	}
	return file.Acknowledge(ctx, user, given)
}

// Close closes the file if it was opened.
func (l *Lazy) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return file.Close()
}
