package push

import (
	"cmp"
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
	// Glance is the time between two glances at what the system role may do, while something waits for a database administrator; 15 seconds when it is 0.
	Glance time.Duration

	// looked is when all was last looked at, and due since when that is wanted again; zero is never.
	looked, due time.Time
	// rest keeps from looking for a moment after a change: others may follow.
	rest time.Time
	// waiting says that the last plan has statements for a database administrator.
	waiting bool
	// woken says that something changed while a look was under way.
	woken bool
}

// The waits after a run that failed. One that found another Syncer at work looks again soon.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

const (
	// lookSoon is how long after the last change all is looked at, where that is due.
	lookSoon = 2 * time.Second
	// defaultGlance is the time between two glances.
	defaultGlance = 15 * time.Second
	// lookPatience bounds how long a look that is due waits for, and gives way to, changes.
	lookPatience = 30 * time.Second
)

// Run syncs at once, after each change, at each interval, and when something ends by the passing of time, until the context ends; then it returns nil.
func (l *Loop) Run(ctx context.Context) error {
	retry := firstRetry
	for ctx.Err() == nil {
		wait := l.Interval
		if in, ok := l.Current(); ok {
			report, err := l.once(ctx, in)
			if errors.Is(err, errYielded) {
				// What changed comes first, and the look after it.
				l.woken = false
				if in, ok = l.Current(); !ok {
					continue
				}
				report, err = l.keep(ctx, in, manner{quick: true})
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
				wait = l.untilLook()
				if !report.ValidUntil.IsZero() {
					wait = min(wait, max(report.ValidUntil.Sub(l.Syncer.config.Now()), 0)+time.Millisecond)
				}
			}
		}
		if !l.woken {
			l.pause(ctx, wait)
		}
		l.woken = false
	}
	return nil
}

// pause waits for a change, or until it is time. Where something waits for a database administrator it looks now and then whether the system role has other rights
// by now: that is one session and a few questions, whatever the size of the database.
func (l *Loop) pause(ctx context.Context, wait time.Duration) {
	for end := time.Now().Add(wait); ; {
		left, glance := time.Until(end), cmp.Or(l.Glance, defaultGlance)
		last := !l.waiting || left <= glance
		if !last {
			left = glance
		}
		if l.changes(ctx, left) || last {
			return
		}
		if l.Syncer.otherRights(ctx) {
			l.due = time.Now()
			return
		}
	}
}

// changes waits, and reports that it was ended by a change or with the context.
func (l *Loop) changes(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-l.Changed:
	case <-timer.C:
		return false
	}
	return true
}

// untilLook is how long it is until all is to be looked at.
func (l *Loop) untilLook() time.Duration {
	next := l.looked.Add(l.Interval)
	if !l.due.IsZero() && l.due.Before(next) {
		next = l.due
	}
	rest := l.rest
	if patience := next.Add(lookPatience); rest.After(patience) {
		rest = patience
	}
	return max(time.Until(next), time.Until(rest), 0)
}

// once does what changed: that is all there is to do, unless it is time to look what others did. A look gives way to what changes meanwhile, for a while.
func (l *Loop) once(ctx context.Context, in Input) (*Report, error) {
	if l.untilLook() > 0 {
		return l.keep(ctx, in, manner{quick: true})
	}
	if l.due.IsZero() {
		l.due = time.Now()
	}
	// A look for drift trusts nothing that was worked out before.
	how := manner{remember: time.Since(l.looked) < l.Interval}
	if time.Since(l.due) < lookPatience {
		how.yield = l.changed
	}
	return l.keep(ctx, in, how)
}

// changed reports that something has changed since the run began.
func (l *Loop) changed() bool {
	select {
	case <-l.Changed:
		l.woken = true
	default:
	}
	return l.woken
}

// keep runs once, and notes whether all was looked at.
func (l *Loop) keep(ctx context.Context, in Input, how manner) (*Report, error) {
	if how.quick {
		l.rest = time.Now().Add(lookSoon)
	}
	report, err := l.Syncer.keep(ctx, in, how)
	if err == nil && report.Plan != nil {
		l.waiting = len(report.Plan.ByDBA) > 0
	}
	switch {
	case err != nil:
	case report.whole:
		l.looked, l.due = time.Now(), time.Time{}
	case report.Look && l.due.IsZero():
		l.due = time.Now().Add(lookSoon)
	}
	return report, err
}
