package control

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/warehouse"
)

// TestCatalogWatch: where a catalog is watched, a change is found long before the interval is over.
func TestCatalogWatch(t *testing.T) {
	w := newObjectWorld(t)
	w.edit("connection.yaml", "kind: Connection\n", "kind: Connection\nobjectSync: {interval: 86400, watch: true}\n")
	w.publish(w.p)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- (&CatalogWatch{Publisher: w.p, Log: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond}).Run(ctx)
	}()
	for _, ddl := range []string{"ALTER TABLE lineitem RENAME TO moved", "ALTER TABLE moved RENAME TO lineitem", "ALTER TABLE orders RENAME COLUMN o_clerk TO c"} {
		before := w.p.Current()
		// A session tells the server's counters what it did when it ends.
		conn := w.conn()
		if _, err := conn.Exec(ctx, ddl).ReadAll(); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(ctx); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for w.p.Current() == before {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("%s: not found", ddl)
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Logf("%s: in force after %v", ddl, time.Since(began).Round(time.Millisecond))
	}
	w.isOpen("open", "nation", "customer")
	w.isOpen("denied", "orders", "lineitem")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestReplacedTables: what becomes of a source when another table has its name is as its Source, or else its Connection, says.
func TestReplacedTables(t *testing.T) {
	const reload = "DROP TABLE lineitem; CREATE TABLE lineitem (l_orderkey bigint, l_quantity numeric, l_comment text, more text)"
	const swap = "BEGIN; CREATE TABLE built (LIKE lineitem); ALTER TABLE lineitem RENAME TO before; ALTER TABLE built RENAME TO lineitem; COMMIT"
	for _, c := range []struct{ connection, source, reload, swap string }{
		{"", "", "open", "denied"}, {"recreated", "", "open", "denied"}, {"held", "", "denied", "denied"}, {"accepted", "", "open", "open"},
		{"accepted", "held", "denied", "denied"}, {"held", "accepted", "open", "open"},
	} {
		for ddl, want := range map[string]string{reload: c.reload, swap: c.swap} {
			w := newObjectWorld(t)
			if c.connection != "" {
				w.edit("connection.yaml", "kind: Connection\n", "kind: Connection\nobjectSync: {replaced: "+c.connection+"}\n")
			}
			if c.source != "" {
				w.edit("sources.yaml", "name: tpch.public.lineitem\n", "name: tpch.public.lineitem\nreplaced: "+c.source+"\n")
			}
			w.publish(w.p)
			w.exec(ddl)
			w.sync()
			w.isOpen(want, "lineitem")
			if got := w.open("public", "lineitem"); strings.Contains(got, "more") {
				t.Errorf("a column that nobody has reviewed is seen: %s", got)
			}
		}
	}
}

// TestAccept: who has looked takes what has the name for the source's, and nothing else is taken for it.
func TestAccept(t *testing.T) {
	w := newObjectWorld(t)
	by := audit.Event{Login: "gov"}
	if err := w.p.Accept(t.Context(), by, "tpch.public.lineitem"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("what is as it was: %v", err)
	}
	if err := w.p.Accept(t.Context(), by, "tpch.public.part"); !errors.Is(err, ErrNoSource) {
		t.Errorf("what is not registered: %v", err)
	}
	w.exec("ALTER TABLE lineitem RENAME TO before")
	w.sync()
	if err := w.p.Accept(t.Context(), by, "tpch.public.lineitem"); err == nil || !strings.Contains(err.Error(), "the warehouse has no such table") {
		t.Errorf("what is not there: %v", err)
	}
	w.exec("CREATE TABLE lineitem (l_comment text, l_orderkey bigint, more text)")
	w.sync()
	w.isOpen("denied", "lineitem")
	// Another source's policies can be changed meanwhile, and a mistake of theirs is one.
	w.edit("users.yaml", "name: cyd", "name: cyd\ndisabled: true")
	w.publish(w.p)
	w.edit("sources.yaml", "o_clerk:", "o_clark:")
	w.refused(w.p, `the table has no column "o_clark"`)
	w.edit("sources.yaml", "o_clark:", "o_clerk:")
	w.memory.told()
	if err := w.p.Accept(t.Context(), by, "tpch.public.lineitem"); err != nil {
		t.Fatal(err)
	}
	w.wants("Source tpch.public.lineitem released: somebody has accepted it")
	if got := w.open("public", "lineitem"); got != "l_comment* l_orderkey" && got != "l_comment l_orderkey" {
		t.Errorf("lineitem shows %s", got)
	}
	last := w.memory.events[len(w.memory.events)-2:]
	if last[0].Action != "objects.accept" || last[0].Login != "gov" || last[0].Target != "tpch.public.lineitem" || last[1].Action != "objects.sync" {
		t.Errorf("on record: %+v", last)
	}
	w.restart()
	w.sync()
	w.wants()
	w.isOpen("open", "lineitem")

	// A column that others' rules read: it is of the table that has it.
	w.exec("ALTER TABLE region RENAME COLUMN r_name TO x; ALTER TABLE region RENAME COLUMN r_comment TO r_name; ALTER TABLE region RENAME COLUMN x TO r_comment")
	w.sync()
	w.isOpen("denied", "customer", "orders")
	if err := w.p.Accept(t.Context(), by, "tpch.public.customer"); err != nil {
		t.Fatal(err)
	}
	w.isOpen("denied", "customer", "orders")
	if err := w.p.Accept(t.Context(), by, "tpch.public.region"); err != nil {
		t.Fatal(err)
	}
	w.isOpen("open", "customer", "orders", "lineitem")
}

// TestSeveralPublishers: whoever looks first tells, and what is older than what another one knows releases nothing and tells nothing.
func TestSeveralPublishers(t *testing.T) {
	w := newObjectWorld(t)
	other := w.another()
	w.publish(other)
	w.memory.told()
	w.exec("ALTER TABLE lineitem RENAME TO before; CREATE TABLE lineitem AS SELECT * FROM before")
	var wait sync.WaitGroup
	for _, p := range []*Publisher{w.p, other, w.p, other} {
		wait.Go(func() {
			if _, err := p.Sync(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	want := []string{"Object tpch.public.before renamed: was public.lineitem", "Object tpch.public.lineitem new: table of 16 columns",
		"Source tpch.public.lineitem held: the table is public.before now, and another one has its name"}
	w.wants(want...)
	first := w.p
	for _, w.p = range []*Publisher{first, other} {
		w.isOpen("denied", "lineitem")
	}

	// The other one goes by a crawl that is older than what is known.
	w.exec("DROP TABLE lineitem; ALTER TABLE before RENAME TO lineitem")
	w.p = first
	w.sync()
	w.isOpen("open", "lineitem")
	w.memory.told()
	for what, publish := range map[string]func() error{
		"quickly": func() error {
			_, err := other.PublishAs(t.Context(), Publication{Set: w.set(), Quick: true})
			if err == nil || !strings.Contains(err.Error(), "the last look at the warehouse is older than the source") {
				t.Errorf("published: %v", err)
			}
			return nil
		},
		"with the warehouse down": func() error {
			crawl := other.config.crawl
			other.config.crawl = func(context.Context, warehouse.Config, []string) (crawled, error) {
				return crawled{}, errors.New("down")
			}
			defer func() { other.config.crawl = crawl }()
			_, err := other.PublishAs(t.Context(), Publication{Set: w.set()})
			return err
		},
	} {
		if err := publish(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		w.wants()
		w.p = other
		w.isOpen("denied", "lineitem") // it has not looked yet, and knows that it should
		if other.KnownMark() == first.KnownMark() {
			t.Errorf("%s: it does not know that it has to look", what)
		}
	}
	w.sync()
	w.wants()
	w.isOpen("open", "lineitem")

	// The same the other way round: what is held stays so.
	w.p = first
	w.exec("ALTER TABLE lineitem RENAME TO before; CREATE TABLE lineitem AS SELECT * FROM before")
	w.sync()
	w.memory.told()
	if _, err := other.PublishAs(t.Context(), Publication{Set: w.set(), Quick: true}); err != nil {
		t.Fatal(err)
	}
	w.wants()
	w.p = other
	w.isOpen("denied", "lineitem")
}
