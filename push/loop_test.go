package push_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/push"
)

// TestLoop: what changes is in the database soon after the loop is woken, and what somebody else changes is undone at the next look.
func TestLoop(t *testing.T) {
	w := newShop(t)
	var current atomic.Pointer[push.Input]
	in := w.input()
	current.Store(&in)
	changed, ran := make(chan struct{}, 1), make(chan error, 100)
	loop := &push.Loop{
		Syncer: w.syncer(), Changed: changed, Interval: 2 * time.Second, Current: func() (push.Input, bool) { return *current.Load(), true },
		Told: func(_ *push.Report, err error) { ran <- err },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- loop.Run(ctx) }()
	await := func() {
		t.Helper()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}
	await()
	ann := w.as(w.accounts["ann"])
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	in = w.input()
	current.Store(&in)
	start := time.Now()
	changed <- struct{}{}
	await()
	if got := w.value(ann, "SELECT c_custkey FROM customer"); got != "2" {
		t.Errorf("ann sees %s", got)
	}
	t.Logf("a change of a person took %v", time.Since(start).Round(time.Millisecond))
	w.exec(w.admin, "GRANT SELECT ON governed_public.customer TO "+w.service)
	for deadline := time.Now().Add(20 * time.Second); w.value(w.admin, "SELECT has_table_privilege('"+w.service+"', 'governed_public.customer', 'SELECT')") == "t"; {
		if time.Now().After(deadline) {
			t.Fatal("what somebody granted is still there")
		}
		await()
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
