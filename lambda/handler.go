package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/posternsql/postern/tokenize"
)

// Config is what a Handler needs.
type Config struct {
	// Store has the access document and the keys.
	Store Store
	// AccessName is the name of the access document in the store.
	AccessName string
	// Fresh is how long an access document is used before it is read again; 5 s when it is 0.
	Fresh time.Duration
	// Stale is how long one that cannot be read again is used; 60 s when it is 0.
	Stale time.Duration
	// KeepKeys is how long a key is kept; 5 min when it is 0.
	KeepKeys time.Duration
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
}

// Validate reports all mistakes at once.
func (c Config) Validate() error {
	var mistakes []error
	if c.Store == nil || c.Now == nil || c.Log == nil {
		mistakes = append(mistakes, errors.New("a store, a clock and a log are needed"))
	}
	if c.AccessName == "" {
		mistakes = append(mistakes, errors.New("the access document has no name"))
	}
	if c.Fresh < 0 || c.Stale < 0 || c.KeepKeys < 0 {
		mistakes = append(mistakes, errors.New("a time is negative"))
	}
	return errors.Join(mistakes...)
}

// Handler computes batches. It may be called by several goroutines.
type Handler struct {
	log       *slog.Logger
	functions map[string]function
	access    accessCache
	keys      keyCache
}

// NewHandler makes a Handler that has read nothing.
func NewHandler(c Config) (*Handler, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuring the functions: %w", err)
	}
	or := func(d, other time.Duration) time.Duration {
		if d == 0 {
			return other
		}
		return d
	}
	fresh := or(c.Fresh, 5*time.Second)
	read := func(ctx context.Context) ([]byte, error) {
		v, err := c.Store.Secret(ctx, c.AccessName)
		return []byte(v.Reveal()), err
	}
	return &Handler{
		log: c.Log, functions: functions(),
		access: accessCache{read: read, now: c.Now, fresh: fresh, stale: max(fresh, or(c.Stale, time.Minute))},
		keys:   keyCache{store: c.Store, now: c.Now, keep: or(c.KeepKeys, 5*time.Minute), domains: map[string]keptDomain{}},
	}, nil
}

// Invoke answers one batch. What is wrong with it stands in the Response: an error of a Lambda would have Redshift try again.
func (h *Handler) Invoke(ctx context.Context, payload []byte) Response {
	began := time.Now()
	r, err := readRequest(payload)
	if err != nil {
		h.log.Warn("refused", "error", err)
		return refusal(err)
	}
	results, err := h.batch(ctx, r)
	log := h.log.With("request", clip(r.ID), "cluster", clip(r.Cluster), "database", clip(r.Database), "user", clip(r.User),
		"function", clip(r.name()), "query", r.QueryID, "records", r.Records)
	if err != nil {
		log.Warn("refused", "error", err)
		return refusal(err)
	}
	log.Info("computed", "milliseconds", time.Since(began).Milliseconds())
	return Response{Success: true, Records: len(results), Results: results}
}

// Refusal is an error that a person may read: it stands in the warehouse's own error.
type Refusal struct{ text string }

// Error implements error.
func (r *Refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// refusal tells no more than what is meant for a person; the log has the rest.
func refusal(err error) Response {
	var told *Refusal
	for _, meant := range []error{errPayload, errAccess, errKey} {
		if errors.Is(err, meant) {
			return Response{Error: meant.Error()}
		}
	}
	if errors.As(err, &told) {
		return Response{Error: told.Error()}
	}
	return Response{Error: "the function failed"}
}

func (h *Handler) batch(ctx context.Context, r *Request) ([]any, error) {
	f, ok := h.functions[r.name()]
	if !ok {
		return nil, refuse("there is no function %q", clip(r.name()))
	}
	access, err := h.access.get(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]any, len(r.Arguments))
	domains := map[string]*tokenize.Domain{}
	for i, args := range r.Arguments {
		if len(args) == 0 {
			continue
		}
		if len(args) != f.arguments {
			return nil, refuse("function %s takes %d arguments", r.name(), f.arguments)
		}
		values, whole := present(args)
		if !whole {
			continue
		}
		d, ok := domains[values[0]]
		if !ok {
			if d, err = h.domain(ctx, access, r, values[0], f.reveal); err != nil {
				return nil, err
			}
			domains[values[0]] = d
		}
		// Not every value can be masked, and not everything is a token: those have no result.
		if v, err := f.call(d, values[1:]); err == nil {
			results[i] = v
		}
	}
	return results, nil
}

// domain judges the person and returns the domain with its key.
func (h *Handler) domain(ctx context.Context, access *Access, r *Request, name string, reveal bool) (*tokenize.Domain, error) {
	if !access.allows(r.Cluster, r.User, name, reveal) {
		return nil, refuse("permission denied for function %s", r.name())
	}
	d, err := h.keys.get(ctx, name, access.Domains[name].Key)
	if err != nil {
		return nil, errors.Join(errKey, err)
	}
	return d, nil
}

// present are the arguments without pointers; whole is false if one is NULL.
func present(args []*string) (values []string, whole bool) {
	values = make([]string, len(args))
	for i, a := range args {
		if a == nil {
			return nil, false
		}
		values[i] = *a
	}
	return values, true
}

// clip bounds what a cluster said for the log.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most]
	}
	return s
}
