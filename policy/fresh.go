package policy

import (
	"time"

	"github.com/posternsql/postern/identity"
)

const (
	// DefaultLatencyTolerance is how old attributes from outside identity sources may be where a source does not say.
	DefaultLatencyTolerance = 600 * time.Second
	// cacheTTL is how long a program remembers a decision that nothing else bounds.
	cacheTTL = 600 * time.Second
)

// fresh reports whether what is known of the person is young enough for the source, and until when. A person of whom all is
// known here is always; one who has something from outside is never, where the time is not known.
func (t *tableProgram) fresh(p identity.Principal, at time.Time) (until time.Time, ok bool) {
	return freshFor(p, t.tolerance(), at)
}

// freshFor is fresh for sources of a tolerance.
func freshFor(p identity.Principal, tolerance time.Duration, at time.Time) (until time.Time, ok bool) {
	as := p.AsOf()
	if as.IsZero() {
		return time.Time{}, true
	}
	until = as.Add(tolerance)
	return until, !at.IsZero() && at.Before(until)
}

// tolerance is how old what outside sources say of a person may be.
func (t *tableProgram) tolerance() time.Duration {
	if t.table.LatencyTolerance <= 0 {
		return DefaultLatencyTolerance
	}
	return t.table.LatencyTolerance
}

// remembered is a decision in the cache.
type remembered struct {
	decision *Decision
	// until bounds its stay, whatever the decision says of itself; zero where the time is not known.
	until time.Time
}

// recall finds a decision that may still be used at the instant.
func (p *Program) recall(key decisionKey, at time.Time) (*Decision, bool) {
	r, ok := p.cache.Get(key)
	if !ok || !r.until.IsZero() && !at.Before(r.until) || !r.decision.holds(at) {
		return nil, false
	}
	return r.decision, true
}

// remember keeps a decision that was made at the instant.
func (p *Program) remember(key decisionKey, d *Decision, at time.Time) {
	r := remembered{decision: d}
	if !at.IsZero() {
		r.until = at.Add(cacheTTL)
	}
	p.cache.Add(key, r)
}
