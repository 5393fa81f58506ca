package control

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/policy"
)

// objectMemory keeps what the store would, so that a publisher can be ended and another begun, and two share one state.
type objectMemory struct {
	mu      sync.Mutex
	known   *Known
	changes []ObjectChange
	notices []Notice
	events  []audit.Event
}

func (m *objectMemory) KnownMark(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known.Mark, nil
}

func (m *objectMemory) Known(context.Context) (*Known, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known, nil
}

func (m *objectMemory) SaveObjects(ctx context.Context, s ObjectsSave) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Base != m.known.Mark {
		return 0, ErrMoved
	}
	if err := s.Before(ctx); err != nil {
		return 0, err
	}
	m.known = m.known.next(s, s.Base+1)
	m.changes, m.notices = append(m.changes, s.Changes...), append(m.notices, s.Notices...)
	return m.known.Mark, nil
}

func (m *objectMemory) ObjectChanges(context.Context, ObjectQuery) ([]ObjectChange, error) {
	return m.changes, nil
}

func (m *objectMemory) record(_ context.Context, events ...audit.Event) error {
	m.events = append(m.events, events...)
	return nil
}

// told are the changes since the last time, in words.
func (m *objectMemory) told() (out []string) {
	for _, c := range m.changes {
		out = append(out, c.String())
	}
	m.changes = nil
	return out
}

// memoryReviews keeps reviews.
type memoryReviews struct{ reviews Reviews }

func (m *memoryReviews) Load(context.Context) (Reviews, error)   { return m.reviews, nil }
func (m *memoryReviews) Save(_ context.Context, r Reviews) error { m.reviews = r; return nil }

// objectWorld is a world whose publisher can be started again.
type objectWorld struct {
	*world
	memory  *objectMemory
	reviews *memoryReviews
	p       *Publisher
}

func newObjectWorld(t *testing.T) *objectWorld {
	t.Helper()
	w := &objectWorld{
		world: newWorld(t), reviews: &memoryReviews{},
		memory: &objectMemory{known: &Known{Warehouses: map[string]KnownWarehouse{}, Sources: map[string]KnownSource{}}},
	}
	w.restart()
	if told := w.memory.told(); len(told) > 0 {
		t.Errorf("what was there at first is told: %q", told)
	}
	return w
}

// another is a publisher on the same state that has published nothing.
func (w *objectWorld) another() *Publisher {
	w.t.Helper()
	p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler), Reviews: w.reviews, Objects: w.memory, Record: w.memory.record})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *objectWorld) restart() {
	w.t.Helper()
	w.p = w.another()
	w.publish(w.p)
}

func (w *objectWorld) sync() Synced {
	w.t.Helper()
	out, err := w.p.Sync(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// open says what ann may do with a table: "denied", or the columns that are visible, and which of them are masked.
func (w *objectWorld) open(schema, table string) string {
	w.t.Helper()
	program, _ := w.p.Current().Program("tpch")
	found, ok := program.Snapshot().Table(schema, table)
	if !ok {
		return "unknown"
	}
	ann, err := w.p.Current().Principal("ann")
	if err != nil {
		w.t.Fatal(err)
	}
	d := program.Decide(policy.BindPrincipal(ann), []policy.Want{{Table: found}})[0]
	if !d.Allowed {
		return "denied"
	}
	var columns []string
	for _, c := range d.Columns {
		mark := ""
		if c.Mask != nil {
			mark = "*"
		}
		columns = append(columns, c.Column.Name+mark)
	}
	return strings.Join(columns, " ")
}

func (w *objectWorld) isOpen(want string, tables ...string) {
	w.t.Helper()
	for _, table := range tables {
		if got := w.open("public", table); got != want && (want != "open" || got == "denied" || got == "unknown") {
			w.t.Errorf("%s is %s, want %s", table, got, want)
		}
	}
}

// wants compares what was told, without order.
func (w *objectWorld) wants(want ...string) {
	w.t.Helper()
	got := w.memory.told()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestObjectSync: each kind of change is found, told once, and closes what is not what its author meant, also when it happened while no server ran.
func TestObjectSync(t *testing.T) {
	type story struct {
		ddl string
		// told are the changes; open and denied are tables afterwards.
		told         []string
		open, denied []string
		// undo brings back what was, and undone is told of it.
		undo   string
		undone []string
	}
	for name, s := range map[string]story{
		"a table more": {
			ddl: "CREATE TABLE extra (a int, b text)", told: []string{"Object tpch.public.extra new: table of 2 columns"}, open: []string{"orders"}, denied: []string{"extra"},
			undo: "DROP TABLE extra", undone: []string{"Object tpch.public.extra dropped"},
		},
		"columns": {
			ddl: "ALTER TABLE customer ADD COLUMN ssn text, DROP COLUMN c_mktsegment, ALTER COLUMN c_comment TYPE text",
			told: []string{"Object tpch.public.customer changed: column c_mktsegment dropped; column c_comment has type text, and had character varying(117); " +
				"column ssn (text) added"},
			open: []string{"customer", "orders"},
		},
		"a table renamed": {
			ddl: "ALTER TABLE customer RENAME TO clients",
			told: []string{"Object tpch.public.clients renamed: was public.customer", "Source tpch.public.customer held: the table is public.clients now",
				"Source tpch.public.orders held: its rules read tpch.public.customer, which is held", "Source tpch.public.lineitem held: its rules read tpch.public.customer, which is held"},
			denied: []string{"customer", "clients", "orders", "lineitem"}, open: []string{"nation"},
			undo: "ALTER TABLE clients RENAME TO customer",
			undone: []string{"Object tpch.public.customer renamed: was public.clients", "Source tpch.public.customer released: it fits again", "Source tpch.public.orders released: it fits again",
				"Source tpch.public.lineitem released: it fits again"},
		},
		"a table in another schema": {
			ddl:  "CREATE SCHEMA archive; ALTER TABLE lineitem SET SCHEMA archive",
			told: []string{"Object tpch.archive.lineitem renamed: was public.lineitem", "Source tpch.public.lineitem held: the table is archive.lineitem now"},
			open: []string{"customer", "orders"}, denied: []string{"lineitem"},
		},
		"a table dropped": {
			ddl:  "DROP TABLE lineitem",
			told: []string{"Object tpch.public.lineitem dropped", "Source tpch.public.lineitem held: the table was dropped"},
			open: []string{"customer", "orders"}, denied: []string{"lineitem"},
		},
		"a table made again": {
			ddl:  "DROP TABLE lineitem; CREATE TABLE lineitem (l_orderkey bigint, l_comment text, l_quantity numeric, more text)",
			told: nil, open: []string{"lineitem"},
		},
		"a table swapped": {
			ddl: "BEGIN; ALTER TABLE customer RENAME TO customer_old; CREATE TABLE customer AS SELECT * FROM customer_old; COMMIT",
			told: []string{"Object tpch.public.customer_old renamed: was public.customer", "Object tpch.public.customer new: table of 8 columns",
				"Source tpch.public.customer held: the table is public.customer_old now, and another one has its name",
				"Source tpch.public.orders held: its rules read tpch.public.customer, which is held", "Source tpch.public.lineitem held: its rules read tpch.public.customer, which is held"},
			denied: []string{"customer", "customer_old", "orders", "lineitem"},
			undo:   "DROP TABLE customer; ALTER TABLE customer_old RENAME TO customer",
			undone: []string{"Object tpch.public.customer renamed: was public.customer_old", "Object tpch.public.customer dropped", "Source tpch.public.customer released: it fits again",
				"Source tpch.public.orders released: it fits again", "Source tpch.public.lineitem released: it fits again"},
		},
		"another table's name": {
			ddl: "DROP TABLE lineitem; ALTER TABLE partsupp RENAME TO lineitem",
			told: []string{"Object tpch.public.lineitem renamed: was public.partsupp", "Object tpch.public.lineitem dropped",
				"Source tpch.public.lineitem held: the table was dropped, and what was public.partsupp has its name"},
			denied: []string{"lineitem"}, open: []string{"orders"},
		},
		"two tables' names": {
			ddl: "ALTER TABLE nation RENAME TO x; ALTER TABLE region RENAME TO nation; ALTER TABLE x RENAME TO region",
			told: []string{"Object tpch.public.region renamed: was public.nation", "Object tpch.public.nation renamed: was public.region",
				"Source tpch.public.nation held: the table is public.region now, and another one has its name", "Source tpch.public.region held: the table is public.nation now, and another one has its name",
				"Source tpch.public.customer held: its rules read tpch.public.region, which is held", "Source tpch.public.orders held: its rules read tpch.public.region, which is held",
				"Source tpch.public.lineitem held: its rules read tpch.public.region, which is held"},
			denied: []string{"nation", "region", "customer", "orders", "lineitem"},
		},
		"a tagged column renamed": {
			ddl: "ALTER TABLE customer RENAME COLUMN c_phone TO c_tel",
			told: []string{"Object tpch.public.customer changed: column c_phone renamed to c_tel",
				"Source tpch.public.customer held: its Source names columns that have changed: c_phone is c_tel now",
				"Source tpch.public.orders held: its rules read tpch.public.customer, which is held", "Source tpch.public.lineitem held: its rules read tpch.public.customer, which is held"},
			denied: []string{"customer"},
		},
		"two columns' names": {
			ddl:  "ALTER TABLE orders RENAME COLUMN o_clerk TO x; ALTER TABLE orders RENAME COLUMN o_orderpriority TO o_clerk; ALTER TABLE orders RENAME COLUMN x TO o_orderpriority",
			told: nil, denied: []string{"orders"}, open: []string{"customer"},
		},
		"a column that a rule reads": {
			ddl: "ALTER TABLE region RENAME COLUMN r_name TO x; ALTER TABLE region RENAME COLUMN r_comment TO r_name; ALTER TABLE region RENAME COLUMN x TO r_comment",
			told: []string{"Object tpch.public.region changed: column r_name renamed to r_comment; column r_comment renamed to r_name",
				"Source tpch.public.customer held: its rules read column r_name of tpch.public.region, which is not the column that it was",
				"Source tpch.public.orders held: its rules read column r_name of tpch.public.region, which is not the column that it was",
				"Source tpch.public.lineitem held: its rules read column r_name of tpch.public.region, which is not the column that it was"},
			denied: []string{"customer", "orders", "lineitem"}, open: []string{"region"},
			undo: "ALTER TABLE region RENAME COLUMN r_name TO x; ALTER TABLE region RENAME COLUMN r_comment TO r_name; ALTER TABLE region RENAME COLUMN x TO r_comment",
		},
		"a column that a rule reads dropped": {
			ddl: "ALTER TABLE region DROP COLUMN r_name",
			told: []string{"Object tpch.public.region changed: column r_name dropped", "Source tpch.public.region held: the policies do not fit what the table has become",
				"Source tpch.public.customer held: its rules read column r_name of tpch.public.region, which is not the column that it was", "Source tpch.public.orders held: its rules read column r_name of tpch.public.region, which is not the column that it was",
				"Source tpch.public.lineitem held: its rules read column r_name of tpch.public.region, which is not the column that it was"},
			denied: []string{"customer", "orders", "lineitem", "region"}, open: []string{"nation"},
		},
	} {
		for _, while := range []string{"while a server runs", "while none runs"} {
			t.Run(name+" "+while, func(t *testing.T) {

				w := newObjectWorld(t)
				w.isOpen("open", "customer", "orders", "lineitem", "nation", "region")
				look := func() { w.sync() }
				if while == "while none runs" {
					look = w.restart
				}
				w.exec(s.ddl)
				look()
				if s.told != nil {
					w.wants(s.told...)
				}
				w.memory.told()
				w.isOpen("open", s.open...)
				w.isOpen("denied", s.denied...)
				// What is held stays so, whoever looks, and is told no more.
				w.restart()
				w.sync()
				w.wants()
				w.isOpen("open", s.open...)
				w.isOpen("denied", s.denied...)
				if s.undo == "" {
					return
				}
				w.exec(s.undo)
				look()
				if s.undone != nil {
					w.wants(s.undone...)
				}
				w.isOpen("open", "customer", "orders", "lineitem", "nation", "region")
			})
		}
	}
}
