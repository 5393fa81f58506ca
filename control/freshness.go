package control

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posternsql/postern/pgerror"
)

// Freshness says until when what is in force may be acted on without hearing from those on whom it rests, such as a state that several servers
// share. The zero value rests on nothing and is always fresh. It is safe for concurrent use; Err takes no lock.
type Freshness struct {
	changing sync.Mutex
	bounds   atomic.Pointer[map[string]time.Time]
}

// Until bounds what is in force by one cause: from that instant on nothing is answered, until the bound is moved on. A zero time takes the
// cause away. Instants carry the monotonic clock (time.Now), so that a clock that is set moves nothing.
func (f *Freshness) Until(cause string, at time.Time) {
	f.changing.Lock()
	defer f.changing.Unlock()
	next := map[string]time.Time{}
	if old := f.bounds.Load(); old != nil {
		next = maps.Clone(*old)
	}
	next[cause] = at
	if at.IsZero() {
		delete(next, cause)
	}
	f.bounds.Store(&next)
}

// Stale lists the causes whose bound has passed, sorted.
func (f *Freshness) Stale(now time.Time) (causes []string) {
	bounds := f.bounds.Load()
	if bounds == nil {
		return nil
	}
	for cause, at := range *bounds {
		if !now.Before(at) {
			causes = append(causes, cause)
		}
	}
	slices.Sort(causes)
	return causes
}

// Err is of type *pgerror.Error (57P03) if a bound has passed. Which one is no client's business.
func (f *Freshness) Err(now time.Time) error {
	if len(f.Stale(now)) == 0 {
		return nil
	}
	return pgerror.Unavailable("the policies cannot be confirmed to be in force; try again later")
}
