package push_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

// TestStandby: at a streaming standby nothing is done, and it is said why; when it was promoted the next run makes it as it should be.
func TestStandby(t *testing.T) {
	start := func(make func() (*pgcluster.Cluster, error)) *pgcluster.Cluster {
		c, err := make()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
		return c
	}
	primary := start(func() (*pgcluster.Cluster, error) {
		return pgcluster.Start(t.Context(), pgcluster.Config{Settings: pgcluster.Replicated()})
	})
	w := newShopIn(t, func(t testing.TB) string {
		name := pgtest.Name("test")
		if err := primary.CreateDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := primary.DropDatabase(context.Background(), name); err != nil {
				t.Error(err)
			}
		})
		return primary.DSN(name)
	})
	w.cluster = primary
	w.sync()
	standby := start(func() (*pgcluster.Cluster, error) { return primary.Standby(t.Context()) })
	position := w.value(w.admin, "SELECT pg_current_wal_lsn()")
	w.cluster = standby
	admin, err := pgconn.Connect(t.Context(), standby.DSN(w.database))
	if err != nil {
		t.Fatal(err)
	}
	w.dialed = append(w.dialed, admin)
	for deadline := time.Now().Add(30 * time.Second); w.value(admin, "SELECT pg_last_wal_replay_lsn() >= '"+position+"'::pg_lsn") != "t"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the standby does not follow")
		}
	}
	people := w.log()
	before, revision := w.probe(people), w.value(admin, "SELECT revision FROM postern_system.sync")
	w.set(another())
	in, records := w.input(), len(w.events)
	refused := 0
	for _, run := range []func(*push.Syncer) error{
		func(s *push.Syncer) error { _, err := s.Sync(t.Context(), in); return err },
		func(s *push.Syncer) error { _, err := s.Quick(t.Context(), in); return err },
		func(s *push.Syncer) error { _, err := s.Plan(t.Context(), in); return err },
		func(s *push.Syncer) error { _, err := s.Remove(t.Context(), in); return err },
	} {
		if err := run(w.syncer()); !errors.Is(err, push.ErrReadOnly) || !strings.Contains(err.Error(), "standby") {
			t.Errorf("at a standby: %v", err)
			continue
		}
		refused++
	}
	if !w.probe(people).equal(before) || w.value(admin, "SELECT revision FROM postern_system.sync") != revision || len(w.events) != records {
		t.Error("something was done at a standby")
	}
	if err := standby.Promote(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	w.finish()
	after := w.probe(people)
	if after.equal(before) {
		t.Error("nothing changed after the promotion")
	}
	if plan, err := w.syncer().Plan(t.Context(), w.input()); err != nil || !plan.Empty() {
		t.Errorf("after the promotion there is still to do: %v\n%s", err, plan)
	}
	if got := w.value(w.admin, "SELECT revision FROM postern_system.sync"); got != revision {
		t.Errorf("the old primary was changed: %s, then %s", revision, got)
	}
	w.cluster = primary
	t.Logf("%d runs were refused at the standby; after its promotion the next one completed", refused)
}
