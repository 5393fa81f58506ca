package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/posternsql/postern/control/resource"
)

const (
	// pollInterval: a file is read at the second look at which it is the same, so a revocation by file acts within half a second.
	pollInterval = 200 * time.Millisecond
	// syncTick is how often it is looked which connections are due.
	syncTick = 250 * time.Millisecond
	// retryInterval is how long a set that could not be published waits: its mistakes may lie in a warehouse that was down.
	retryInterval = 10 * time.Second
)

// Watcher publishes resource files, and publishes them again when they change. Its methods may be called by several
// goroutines.
type Watcher struct {
	Publisher *Publisher
	// Publish stands in for reading the Paths and publishing what they hold, where there is more to publish.
	Publish func(ctx context.Context) (*Generation, error)
	// Paths are files and folders, as resource.Load takes them.
	Paths []string
	Log   *slog.Logger
	// Poll is how often the files are looked at; 200 ms when it is 0.
	Poll time.Duration
	// Refresh is how often the warehouses are crawled for tables and columns that changed; what each Connection says when it is 0.
	Refresh time.Duration

	mu sync.Mutex
	// published is the fingerprint of what is in force; any is false before the first publication.
	published string
	any       bool
	// failures has what went wrong at the last look at each warehouse.
	failures map[string]string
}

// Reload reads the files and publishes them. On an error nothing has changed.
func (w *Watcher) Reload(ctx context.Context) (*Generation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// Taken before reading: a file that changes while it is read looks changed at the next look.
	now := fingerprint(w.Paths)
	g, err := w.publish(ctx)
	if err == nil {
		w.published, w.any = now, true
	}
	return g, err
}

func (w *Watcher) publish(ctx context.Context) (*Generation, error) {
	if w.Publish != nil {
		return w.Publish(ctx)
	}
	docs, err := resource.LoadDocuments(w.Paths)
	if err != nil {
		return nil, err
	}
	set, err := resource.Assemble(docs)
	if err != nil {
		return nil, w.Publisher.alsoMistaken(ctx, docs, err)
	}
	return w.Publisher.Publish(ctx, set)
}

func (w *Watcher) isPublished(print string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.any && print == w.published
}

// Run looks at the files and the warehouses until the context ends, and then returns nil. It publishes what changed;
// mistakes are logged and leave in force what was. A set that could not be published is tried again every ten seconds.
func (w *Watcher) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	var state watchState
	wait.Go(func() { every(ctx, cmp.Or(w.Poll, pollInterval), func() { w.round(ctx, &state) }) })
	// Apart, because a crawl may take long.
	wait.Go(func() { w.syncs(ctx) })
	wait.Wait()
	return nil
}

// syncs looks at each warehouse whenever it is due. One that does not answer keeps only itself waiting.
func (w *Watcher) syncs(ctx context.Context) {
	due := map[string]time.Time{}
	running := map[string]bool{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	defer wait.Wait()
	every(ctx, min(syncTick, cmp.Or(w.Refresh, syncTick)), func() {
		for _, c := range w.Publisher.Current().Set().Connections {
			interval := cmp.Or(w.Refresh, c.ObjectSync.Every())
			mu.Lock()
			at, known := due[c.Name]
			// Another interval counts from now on, and a connection that is new was crawled when it was published.
			if next := time.Now().Add(interval); !known || at.After(next) {
				due[c.Name], at = next, next
			}
			ready := !running[c.Name] && !time.Now().Before(at)
			if ready {
				running[c.Name] = true
			}
			mu.Unlock()
			if !ready {
				continue
			}
			wait.Go(func() {
				w.sync(ctx, c.Name)
				mu.Lock()
				defer mu.Unlock()
				due[c.Name] = time.Now().Add(interval)
				running[c.Name] = false
			})
		}
	})
}

// sync looks at one warehouse. What goes wrong is logged once.
func (w *Watcher) sync(ctx context.Context, connection string) {
	out, err := w.Publisher.Sync(ctx, connection)
	for _, c := range out.Connections {
		err = errors.Join(err, c.Err)
	}
	now := ""
	if err != nil {
		now = err.Error()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failures == nil {
		w.failures = map[string]string{}
	}
	if err != nil && ctx.Err() == nil && now != w.failures[connection] {
		w.Log.Error("object sync: what was in force stays in force", "connection", connection, "error", firstLines(err))
	}
	w.failures[connection] = now
}

// every calls f at each interval until the context ends.
func every(ctx context.Context, interval time.Duration, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// watchState is what Run remembers between two looks.
type watchState struct {
	// seen and failed are the fingerprints of the last look and of the last set that was refused.
	seen, failed string
	retry        time.Time
	// message of the last refusal, which is logged once.
	message string
}

func (w *Watcher) round(ctx context.Context, s *watchState) {
	now := fingerprint(w.Paths)
	if w.isPublished(now) {
		return
	}
	// A file that is being written looks different at each look: it is read when it has come to rest.
	if now != s.seen {
		s.seen = now
		return
	}
	if now == s.failed && time.Now().Before(s.retry) {
		return
	}
	_, err := w.Reload(ctx)
	if err == nil {
		*s = watchState{seen: now}
		return
	}
	if ctx.Err() != nil {
		return
	}
	s.failed, s.retry = now, time.Now().Add(retryInterval)
	if message := err.Error(); message != s.message {
		s.message = message
		w.Log.Error("publishing: refused; what was in force stays in force", "error", firstLines(err))
	}
}

// firstLines keeps a log record readable.
func firstLines(err error) string {
	var mistakes resource.Mistakes
	if errors.As(err, &mistakes) && len(mistakes) > 20 {
		return fmt.Sprintf("%s\nand %d more", mistakes[:20].Error(), len(mistakes)-20)
	}
	return err.Error()
}

// fingerprint tells two states of the files apart by name, size and time.
func fingerprint(paths []string) string {
	files, err := resource.Files(paths)
	var b strings.Builder
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		fmt.Fprintln(&b, f, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
