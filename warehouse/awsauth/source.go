package awsauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// Source is the CredentialSource of a Config. It keeps what it got until shortly before it ends. It may be used by several goroutines.
type Source struct {
	config Config
	now    func() time.Time
	log    *slog.Logger
	// turn is held by the one that looks or asks.
	turn chan struct{}
	kept granted
}

var _ warehouse.LoginSource = (*Source)(nil)

// NewSource makes a Source that has asked nothing yet.
func NewSource(c Config, now func() time.Time, log *slog.Logger) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuring AWS: %w", err)
	}
	return &Source{config: c, now: now, log: log, turn: make(chan struct{}, 1)}, nil
}

// Login implements warehouse.LoginSource. While AWS cannot be asked, what has not ended yet goes on.
func (s *Source) Login(ctx context.Context) (warehouse.Login, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return warehouse.Login{}, ctx.Err()
	}
	now := s.now()
	if now.Before(s.kept.ends.Add(-s.early())) {
		return s.kept.login, nil
	}
	got, err := s.config.ask(ctx, now)
	switch {
	case err == nil && got.login.Password.IsZero():
		err = errors.New("AWS answers without credentials")
	case err == nil:
		s.kept = got
		return got.login, nil
	}
	if now.Before(s.kept.ends) {
		s.log.Warn("renewing credentials: those that have not ended yet go on", "error", err)
		return s.kept.login, nil
	}
	return warehouse.Login{}, fmt.Errorf("getting credentials from AWS: %w", err)
}

// early is how long before their end credentials are renewed: a log-in with them takes a while, and clocks differ.
func (s *Source) early() time.Duration {
	switch s.config.Method {
	case MethodSecret:
		return 0
	case MethodRDS, MethodCluster, MethodClusterIAM, MethodServerless, MethodIdentityCenter:
		return 2 * time.Minute
	default:
		return 2 * time.Minute
	}
}

// Credential implements warehouse.CredentialSource.
func (s *Source) Credential(ctx context.Context) (secret.Value, error) {
	l, err := s.Login(ctx)
	return l.Password, err
}

// String names what is asked for, and no secret.
func (s *Source) String() string { return "AWS " + string(s.config.Method) }
