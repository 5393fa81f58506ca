package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/posternsql/postern/control"
)

// reviewCache keeps what was decoded last: it is read at each publication, and megabytes where there are many sources.
type reviewCache struct {
	mu      sync.Mutex
	digest  [32]byte
	reviews control.Reviews
}

// Load implements control.ReviewStore.
func (s *Store) Load(ctx context.Context) (control.Reviews, error) {
	db, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	var content string
	err = db.QueryRowContext(ctx, "SELECT content FROM review WHERE one = 1").Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		// Nothing was ever stored, which is not the same as a record that is empty.
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading reviewed columns: %w", err)
	}
	digest := sha256.Sum256([]byte(content))
	s.reviews.mu.Lock()
	defer s.reviews.mu.Unlock()
	if s.reviews.reviews != nil && s.reviews.digest == digest {
		return s.reviews.reviews, nil
	}
	reviews := control.Reviews{}
	if err := json.Unmarshal([]byte(content), &reviews); err != nil {
		return nil, fmt.Errorf("reading reviewed columns: %w", err)
	}
	s.reviews.digest, s.reviews.reviews = digest, reviews
	return reviews, nil
}

// Save implements control.ReviewStore.
func (s *Store) Save(ctx context.Context, r control.Reviews) error {
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = s.within(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO review (one, content) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET content = excluded.content", string(content))
		return err
	})
	if err != nil {
		return fmt.Errorf("storing reviewed columns: %w", err)
	}
	return nil
}
