package rewrite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// A table in a sandbox holds what its owner saw when it was made. It must never show more than that, to nobody else, and to its owner no
// more than they may still see. So it carries where its rows come from in columns of its own, which hold nothing:
//
//	postern_s0_<source>_<view>   one for each source that was read (s1 if a plain view read it), with the View through which that was
//	postern_all_<owner, all>     one over its owner and all of those
//
// It can be read by its owner alone, and only while each of those sources would be read through the same View as then. What is
// written to it later may come from those sources only. Each statement that reads or writes it names the last column, so that
// the warehouse refuses a table that was made anew since, from other sources.

const (
	sourceMark = ownPrefix + "s"
	wholeMark  = ownPrefix + "all_"
)

// sandboxed is what a View of a sandbox's table knows of it.
type sandboxed struct {
	// marks are those of its sources, sorted.
	marks []string
	whole string
}

// digest is the first bytes of a hash, in hex.
func digest(bytes int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:bytes])
}

func sourceDigest(t *catalog.Table) string { return digest(8, t.Schema, t.Name) }

// mark says that rows were read through this View.
func (v *view) mark(through bool) string {
	how := "0_"
	if through {
		how = "1_"
	}
	return sourceMark + how + sourceDigest(v.decision.Table) + "_" + digest(16, v.printed)
}

func wholeMarkOf(box policy.Sandbox, marks []string) string {
	return wholeMark + digest(16, append([]string{box.Schema, box.Owner}, marks...)...)
}

// madeTable is a table that was made here and that no crawl has found yet.
type madeTable struct {
	table *catalog.Table
	until time.Time
}

// madeFor is how long a table that was made here is known without the crawl, which comes each minute.
const madeFor = 2 * time.Minute

// mostMade bounds the tables that are known so.
const mostMade = 10_000

// made are the tables of sandboxes that were made through this Rewriter of late.
type made struct {
	mu     sync.Mutex
	tables map[madeKey]madeTable
	// changes counts what was made and dropped, by owner.
	changes map[string]uint64
}

type madeKey struct{ connection, schema, name string }

func (m *made) add(key madeKey, owner string, t *catalog.Table, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes[owner]++
	for k, old := range m.tables {
		if len(m.tables) >= mostMade || !now.Before(old.until) {
			delete(m.tables, k)
		}
	}
	m.tables[key] = madeTable{t, now.Add(madeFor)}
}

func (m *made) drop(key madeKey, owner string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes[owner]++
	delete(m.tables, key)
}

func (m *made) find(key madeKey, now time.Time) (madeTable, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tables[key]
	return t, ok && now.Before(t.until)
}

// changed counts what the person made and dropped, for the key of the cache of statements.
func (m *made) changed(owner string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changes[owner]
}

// sandboxTable is the View of a table in the person's sandbox; nil where there is none that they may read.
func (r *resolver) sandboxTable(box policy.Sandbox, name string) (*view, error) {
	if box.Owner != r.req.Principal.User() || r.viewDepth > 0 {
		return nil, nil
	}
	if v, ok := r.sandboxViews[tableName{box.Schema, name}]; ok {
		return v, nil
	}
	snapshot := r.req.Program.Snapshot()
	t, ok := snapshot.Table(box.Schema, name)
	if fresh, found := r.rw.views.made.find(madeKey{snapshot.Connection(), box.Schema, name}, r.rw.views.now()); found {
		t, ok = fresh.table, true
		r.until = earlier(r.until, fresh.until)
	}
	if !ok {
		return nil, nil
	}
	v, until, err := r.rw.views.sandboxView(r.req, box, t)
	r.until = earlier(r.until, until)
	if v == nil || err != nil {
		return nil, err
	}
	if r.sandboxViews == nil {
		r.sandboxViews = map[tableName]*view{}
	}
	r.sandboxViews[tableName{box.Schema, name}] = v
	return v, nil
}

// sandboxView makes the View of a table in a sandbox; nil where Postern has not made it, or its owner may not read any more what it was made of.
// until is when the first of the decisions that it rests on ends.
func (vs *views) sandboxView(req *Request, box policy.Sandbox, t *catalog.Table) (_ *view, until time.Time, err error) {
	if t.Kind != catalog.KindTable || t.HasChildren {
		return nil, time.Time{}, nil
	}
	shown := *t
	shown.Columns, shown.PrimaryKey = nil, nil
	box1 := sandboxed{}
	for _, c := range t.Columns {
		switch {
		case strings.HasPrefix(c.Name, sourceMark):
			box1.marks = append(box1.marks, c.Name)
		case strings.HasPrefix(c.Name, wholeMark) && box1.whole == "":
			box1.whole = c.Name
		case strings.HasPrefix(c.Name, ownPrefix), strings.HasPrefix(c.Type, "reg"):
			return nil, time.Time{}, nil
		default:
			shown.Columns = append(shown.Columns, c)
		}
	}
	slices.Sort(box1.marks)
	if box1.whole == "" || box1.whole != wholeMarkOf(box, box1.marks) {
		return nil, time.Time{}, nil
	}
	for _, mark := range box1.marks {
		holds, ends, err := vs.holds(req, mark)
		until = earlier(until, ends)
		if err != nil || !holds {
			return nil, until, err
		}
	}
	v := &view{decision: sandboxDecision(box, &shown), relations: 1, sandbox: &box1}
	for _, c := range shown.Columns {
		v.columns = append(v.columns, c.Name)
	}
	printed, err := vs.print(&v.decision)
	if err != nil {
		return nil, until, fmt.Errorf("printing the view of %s: %w", t.QualifiedName(), err)
	}
	if v.tree, err = parseView(printed.SQL, v.columns); err != nil {
		return nil, until, fmt.Errorf("reading the view of %s: %w", t.QualifiedName(), err)
	}
	v.tree.WhereClause = nullTest(columnNode(aliasIn(v.tree), box1.whole))
	unplace(&pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: v.tree}})
	v.decision.ValidUntil = until
	return v, until, nil
}

// sandboxDecision lets the owner do everything.
func sandboxDecision(box policy.Sandbox, t *catalog.Table) policy.Decision {
	d := policy.Decision{Table: t, Allowed: true, Privileges: policy.Privileges(),
		Because: []policy.Reason{{Policy: "sandbox " + box.Name, Effect: policy.EffectAllow, Detail: "the person's own"}}}
	for _, c := range t.Columns {
		d.Columns = append(d.Columns, policy.ColumnDecision{Column: c})
	}
	return d
}

// holds reports whether the source of a mark would be read through the same View now.
func (vs *views) holds(req *Request, mark string) (bool, time.Time, error) {
	rest := strings.TrimPrefix(mark, sourceMark)
	parts := strings.Split(rest, "_")
	if len(parts) != 3 {
		return false, time.Time{}, nil
	}
	through := parts[0] == "1"
	for _, t := range req.Program.Snapshot().Tables() {
		if !t.Registered || sourceDigest(t) != parts[1] {
			continue
		}
		v, err := vs.get(req, t, reach{through: through})
		if err != nil {
			return false, time.Time{}, err
		}
		return v.decision.Allowed && !v.decision.Stale && v.refused == nil && v.mark(through) == mark, v.decision.ValidUntil, nil
	}
	return false, time.Time{}, nil
}

// errCatalogueKept refuses to keep what the catalogues show.
var errCatalogueKept = errors.New("it reads the catalogues")

// marks are those of all that the statement reads, sorted.
func (r *resolver) marks() ([]string, error) {
	var out []string
	var gather func(uses []*use, through bool) error
	gather = func(uses []*use, through bool) error {
		for _, u := range uses {
			switch {
			case u.view.catalog:
				return errCatalogueKept
			case u.view.sandbox != nil:
				out = append(out, u.view.sandbox.marks...)
				continue
			}
			out = append(out, u.view.mark(through))
			if u.view.body != nil {
				if err := gather(u.view.body.uses, true); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := gather(r.uses, false)
	slices.Sort(out)
	return slices.Compact(out), err
}

// keepsSources refuses to write to a sandbox's table what comes from elsewhere than the table says.
func (r *resolver) keepsSources() error {
	for _, u := range r.uses {
		if u.view.sandbox == nil || !u.written {
			continue
		}
		marks, err := r.marks()
		if errors.Is(err, errCatalogueKept) {
			return pgerror.NotSupported("writing what the catalogues show to a table in a sandbox is not supported through Postern")
		}
		for _, mark := range marks {
			if !slices.Contains(u.view.sandbox.marks, mark) {
				return pgerror.InsufficientPrivilege("permission denied for table %s", u.view.decision.Table.Name).WithDetail(
					"A table in a sandbox takes rows only from the sources of which it was made: make another one.")
			}
		}
	}
	return nil
}

// nullTest is `n IS NULL`.
func nullTest(n *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_NullTest{NullTest: &pg.NullTest{Arg: n, Nulltesttype: pg.NullTestType_IS_NULL, Location: -1}}}
}
