package admin

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

// TestRateLimit: a token that asks too often is told when to come back (429, Retry-After) and others are not concerned; failed attempts of an address are
// bounded, on record once, and keep nobody out who has a token.
func TestRateLimit(t *testing.T) {
	_, state, log := api(t)
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Int64
	now.Store(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	base := serve(t, Config{
		Checks: []Check{{Name: "always", Probe: func(context.Context) error { return nil }}}, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		API: &API{Current: func() (State, error) { return state, nil }, Rewriter: rewriter, Audit: log, Dialect: sqlgen.Postgres(),
			FirstToken: control.TokenDigest(first), Now: func() time.Time { return time.Unix(now.Load(), 0) },
			Limits: Limits{Token: Rate{5, 1}, Failed: Rate{3, 0.1}}},
	})
	ask := func(token string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/decisions", strings.NewReader(`{"user":"ann","connection":"tpch","tables":[{"schema":"public","table":"customer"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	expect := func(token string, want ...int) (after string) {
		t.Helper()
		for i, w := range want {
			status := 0
			if status, after = ask(token); status != w || (after != "") != (w == 429) {
				t.Errorf("request %d: %d, Retry-After %q, want %d", i+1, status, after, w)
			}
		}
		return after
	}
	expect(governor, 200, 200, 200, 200, 200, 429)
	if after := expect(governor, 429, 429); after != "2" && after != "1" {
		t.Errorf("Retry-After %s", after)
	}
	expect(first, 200)
	now.Add(2)
	expect(governor, 200, 429)

	before := len(log.events)
	expect("wrong", 401, 401, 401, 429)
	expect("another", 429, 429, 429)
	if got := len(log.events) - before; got != 4 {
		t.Errorf("%d records of seven failed attempts, want 4", got)
	}
	expect(first, 200)
	after, err := strconv.Atoi(expect("wrong", 429))
	if err != nil || after < 9 || after > 11 {
		t.Errorf("Retry-After %d, %v", after, err)
	}
	now.Add(int64(after))
	expect("wrong", 401, 429)
}

// TestLimiterIsBounded: as many keys as one likes take no more memory than maxBuckets.
func TestLimiterIsBounded(t *testing.T) {
	l, err := newLimiter[int](Rate{}, Rate{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxBuckets {
		l.take(i, time.Unix(int64(i), 0))
	}
	if got := l.buckets.Len(); got != maxBuckets {
		t.Errorf("%d buckets", got)
	}
	for _, bad := range []Limits{{Token: Rate{Burst: -1}}, {Failed: Rate{PerSecond: -1}}} {
		if bad.validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
