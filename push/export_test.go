package push

import "context"

// Before has tests look at, and stop, each statement that changes anything.
func (c *Config) Before(f func(sql string) error) { c.before = f }

// Committed tells tests of each transaction.
func (c *Config) Committed(f func()) { c.committed = f }

// Quick is a run that takes for granted that nobody else has changed anything.
func (s *Syncer) Quick(ctx context.Context, in Input) (*Report, error) {
	return s.keep(ctx, in, manner{quick: true})
}

// Desire is the package's Desire with what the Syncer has worked out before.
func (s *Syncer) Desire(in Input) (*Desired, error) {
	in.Settings = s.config.Settings
	return s.desire(in, true)
}

// Rewrites reports a statement that is not run.
func Rewrites(sql string) bool { return rewrites(sql) }
