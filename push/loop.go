package push

import (
	"context"
	"errors"
	"time"
)

// Loop keeps a database as the policies say for as long as it runs.
type Loop struct {
	Syncer *Syncer
	// Current is what is in force; false where there is nothing to say of this database.
	Current func() (Input, bool)
	// Changed wakes the loop after each publication and each change of what holds of a person.
	Changed <-chan struct{}
	// Interval is the time between two looks for drift.
	Interval time.Duration
	// Told is called with the report of each run; nil tells nobody.
	Told func(*Report, error)
}

// The waits after a run that failed. One that found another Syncer at work looks again soon.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Run syncs at once, after each change, at each interval, and when something ends by the passing of time, until the context ends; then it returns nil.
func (l *Loop) Run(ctx context.Context) error {
	retry, looked := firstRetry, time.Time{}
	for ctx.Err() == nil {
		wait := l.Interval
		if in, ok := l.Current(); ok {
			// What changed is all there is to do, unless it is time to look what others did.
			full := time.Since(looked) >= l.Interval
			report, err := l.Syncer.keep(ctx, in, !full)
			if full && err == nil {
				looked = time.Now()
			}
			if l.Told != nil && ctx.Err() == nil {
				l.Told(report, err)
			}
			switch {
			case errors.Is(err, ErrBusy):
				wait = min(wait, firstRetry)
			case errors.Is(err, ErrRemoved):
			case err != nil || !report.Done:
				wait = min(wait, retry)
				retry = min(2*retry, lastRetry)
			default:
				retry = firstRetry
				if !report.ValidUntil.IsZero() {
					wait = min(wait, max(report.ValidUntil.Sub(l.Syncer.config.Now()), 0)+time.Millisecond)
				}
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-l.Changed:
			timer.Stop()
		case <-timer.C:
		}
	}
	return nil
}
