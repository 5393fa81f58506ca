package admin

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Rate is how often something may happen.
type Rate struct {
	// Burst is how often at once, and PerSecond how much of that comes back in a second.
	Burst     int
	PerSecond float64
}

// Limits of the API. The zero value of a Rate is its default.
type Limits struct {
	// Token is for the requests of one token: 200 at once, 50 a second.
	Token Rate
	// Failed is for requests of one address without a valid token: 20 at once, one in three seconds. Tokens cannot be guessed; each failed attempt
	// is put on record, and nobody shall fill the audit log.
	Failed Rate
}

func (l Limits) validate() error {
	for _, r := range []Rate{l.Token, l.Failed} {
		if r.Burst < 0 || r.PerSecond < 0 || math.IsNaN(r.PerSecond) || math.IsInf(r.PerSecond, 0) {
			return fmt.Errorf("limits: %d at once and %v a second is no rate", r.Burst, r.PerSecond)
		}
	}
	return nil
}

// maxBuckets bounds the memory of a limiter. Whose bucket is dropped begins anew with a full one.
const maxBuckets = 10_000

// limiter counts what happens, by key. It is safe for concurrent use.
type limiter[K comparable] struct {
	rate Rate
	mu   sync.Mutex
	// buckets are the keys that were seen of late.
	buckets *lru.Cache[K, *bucket]
}

// bucket is what is left of a rate at an instant.
type bucket struct {
	left float64
	at   time.Time
}

func newLimiter[K comparable](r, standard Rate) (*limiter[K], error) {
	if r == (Rate{}) {
		r = standard
	}
	buckets, err := lru.New[K, *bucket](maxBuckets)
	if err != nil {
		return nil, fmt.Errorf("making a limiter: %w", err)
	}
	return &limiter[K]{rate: r, buckets: buckets}, nil
}

// take takes one, and says how long to wait where there is none. first marks the first time that there was none.
func (l *limiter[K]) take(key K, now time.Time) (ok, first bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets.Get(key)
	if !known {
		b = &bucket{left: float64(l.rate.Burst), at: now}
		l.buckets.Add(key, b)
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left, b.at = min(b.left+passed.Seconds()*l.rate.PerSecond, float64(l.rate.Burst)), now
	}
	if b.left >= 1 {
		b.left--
		return true, false, 0
	}
	// Below zero by the smallest step once it has been said; what comes back is more than that.
	first = b.left >= 0
	if first {
		b.left = math.Min(-1e-9, b.left-1e-9)
	}
	if l.rate.PerSecond == 0 {
		return false, first, time.Hour
	}
	return false, first, time.Duration((1 - b.left) / l.rate.PerSecond * float64(time.Second))
}

// limits of a running API.
type limits struct {
	token  *limiter[[32]byte]
	failed *limiter[string]
}

func newLimits(l Limits) (limits, error) {
	token, err := newLimiter[[32]byte](l.Token, Rate{200, 50})
	failed, err2 := newLimiter[string](l.Failed, Rate{20, 1.0 / 3})
	return limits{token, failed}, errors.Join(err, err2)
}

// tooMany is 429.
func tooMany(wait time.Duration) *failure {
	f := refuse(http.StatusTooManyRequests, "too many requests; try again later")
	f.retryAfter = strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
	return f
}

// addressOf is the client's address without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
