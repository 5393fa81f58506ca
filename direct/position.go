package direct

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/posternsql/postern/warehouse/serverlog"
)

// PositionFile keeps a position in a file of its own.
type PositionFile struct{ Path string }

// Load is the zero Position where there is no file yet.
func (f PositionFile) Load() (at serverlog.Position, err error) {
	text, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return at, nil
	}
	if err != nil {
		return at, fmt.Errorf("reading how far the server's log was read: %w", err)
	}
	if err := json.Unmarshal(text, &at); err != nil {
		return at, fmt.Errorf("reading how far the server's log was read: %s: %w", f.Path, err)
	}
	return at, nil
}

// Save replaces the file at once: a crash leaves the old position or the new one.
func (f PositionFile) Save(at serverlog.Position) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.Path), filepath.Base(f.Path)+".*")
	if err != nil {
		return fmt.Errorf("keeping how far the server's log was read: %w", err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.Path)
	}
	if err != nil {
		return fmt.Errorf("keeping how far the server's log was read: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}
