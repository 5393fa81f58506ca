package proxy

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

const (
	// maxCancels bounds the cancel requests that are being forwarded at a time.
	maxCancels    = 16
	cancelTimeout = 5 * time.Second
)

// keys maps what BackendKeyData told clients to their sessions. Process numbers are those of the warehouses, so two
// sessions may have the same; the secret is ours.
type keys struct {
	mu       sync.Mutex
	sessions map[uint32][]*session
}

func (k *keys) add(s *session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sessions[s.pid] = append(k.sessions[s.pid], s)
}

func (k *keys) remove(s *session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rest := slices.DeleteFunc(k.sessions[s.pid], func(other *session) bool { return other == s })
	if k.sessions[s.pid] = rest; len(rest) == 0 {
		delete(k.sessions, s.pid)
	}
}

// find compares every candidate's secret in constant time.
func (k *keys) find(pid uint32, secret []byte) *session {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found *session
	for _, s := range k.sessions[pid] {
		if subtle.ConstantTimeCompare(s.secret, secret) == 1 {
			found = s
		}
	}
	return found
}

// cancelRequest handles a CancelRequest. There is never an answer (PostgreSQL manual, "Canceling Requests in Progress").
func (s *Server) cancelRequest(ctx context.Context, body []byte) {
	outcome := "unknown"
	defer func() { s.cfg.Metrics.cancels.WithLabelValues(outcome).Inc() }()
	if len(body) < 8 || len(body) > maxCancel-8 {
		return
	}
	target := s.keys.find(binary.BigEndian.Uint32(body), body[4:])
	if target == nil {
		return
	}
	select {
	case s.cancels <- struct{}{}:
		defer func() { <-s.cancels }()
	case <-ctx.Done():
		return
	}
	if outcome = "idle"; !target.cancelIfBusy(ctx) {
		return
	}
	outcome = "forwarded"
}

// cancelIfBusy forwards a cancel request while a statement is under way. The session cannot go on to its next statement
// before the warehouse has got it: a cancel never hits what it was not meant for.
func (s *session) cancelIfBusy(ctx context.Context) bool {
	s.busyMu.Lock()
	defer s.busyMu.Unlock()
	if !s.busy {
		return false
	}
	if err := s.cancelUpstream(ctx); err != nil {
		return false
	}
	return true
}

// cancelUpstream asks the warehouse to cancel what this session's backend is doing.
func (s *session) cancelUpstream(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	if err := s.cfg.Cancel(ctx, s.params.database, s.backend); err != nil {
		s.log.Warn("cancel request was not forwarded", "session", s.id, "error", err)
		return err
	}
	return nil
}

// setBusy notes whether the warehouse has something to do for this session. It waits for a cancel request that is on its
// way.
func (s *session) setBusy(busy bool) {
	s.busyMu.Lock()
	s.busy = busy
	s.busyMu.Unlock()
}
