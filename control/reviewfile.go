package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxReviewFile bounds what is read back: 5,000 sources of 40 columns take about 6 MiB.
const maxReviewFile = 64 << 20

// ReviewFile keeps Reviews in a JSON file, replaced atomically. Whoever removes the file has every present column of every
// source reviewed again, so it belongs to the server's account alone (mode 0600).
type ReviewFile struct{ Path string }

type reviewFileContent struct {
	Version int     `json:"version"`
	Sources Reviews `json:"sources"`
}

// Load implements ReviewStore. A file that is not there is an empty record; one that cannot be read is an error.
func (f ReviewFile) Load(context.Context) (Reviews, error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Reviews{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxReviewFile+1))
	if err != nil {
		return nil, err
	}
	var content reviewFileContent
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", f.Path, err)
	}
	if content.Version != 1 || content.Sources == nil {
		return nil, fmt.Errorf("%s has version %d, want 1", f.Path, content.Version)
	}
	return content.Sources, nil
}

// Save implements ReviewStore.
func (f ReviewFile) Save(_ context.Context, r Reviews) error {
	text, err := json.Marshal(reviewFileContent{Version: 1, Sources: r})
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.Path), filepath.Base(f.Path)+".new-")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.Path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return syncFolder(filepath.Dir(f.Path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// MovedReviews keeps reviews in one place and takes over what another has, once. What is taken over stays where it was.
type MovedReviews struct{ To, From ReviewStore }

// Load implements ReviewStore.
func (m MovedReviews) Load(ctx context.Context) (Reviews, error) {
	reviews, err := m.To.Load(ctx)
	if err != nil || reviews != nil {
		return reviews, err
	}
	return m.From.Load(ctx)
}

// Save implements ReviewStore.
func (m MovedReviews) Save(ctx context.Context, r Reviews) error { return m.To.Save(ctx, r) }
