package direct

import (
	"crypto/rand"
	"encoding/hex"
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
	if err == nil {
		err = replace(f.Path, text)
	}
	if err != nil {
		return fmt.Errorf("keeping how far the server's log was read: %w", err)
	}
	return nil
}

func replace(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

// ServerName is what the server calls itself whose record is kept beside the file: the host's name and a number that is drawn once.
func ServerName(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		return string(text), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the server's name: %w", err)
	}
	number := make([]byte, 8)
	if _, err := rand.Read(number); err != nil {
		return "", fmt.Errorf("drawing the server's name: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "server"
	}
	name := host + "-" + hex.EncodeToString(number)
	if err := replace(path, []byte(name)); err != nil {
		return "", fmt.Errorf("keeping the server's name: %w", err)
	}
	return name, nil
}
