package rewrite

import (
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite/redshift"
	"github.com/posternsql/postern/sqlgen"
)

// view is one decision, printed and parsed: what a reference to its table becomes. It is shared and never changed.
type view struct {
	decision policy.Decision
	columns  []string
	tree     *pg.SelectStmt
	// plain is the tree without its fence, for statements that need none; nil where the fence must stand in any case.
	plain *pg.SelectStmt
	// catalog marks a built-in View: not a governed table, so not reported.
	catalog bool
	// body is the query of a plain view; refused says why it cannot be read.
	body    *body
	refused *viewRefusal
	// total says that its masks give no error for any row, as those for a Redshift are made.
	total bool
	// relations is how many governed tables it stands for.
	relations int
	// printed is the text that the decision was printed as.
	printed string
	// sandbox is set for a table in a sandbox.
	sandbox *sandboxed
}

// reach says how a table is come by: in the person's own text, or by views so and so deep.
type reach struct {
	through bool
	depth   int
}

// viewKey holds the program itself, so that two programs can never be taken for one another.
type viewKey struct {
	program   *policy.Program
	principal string
	table     *catalog.Table
	through   bool
}

// factEntries bounds how many people's facts are kept: each has the numbers of all tables that the person may see.
const factEntries = 256

// views makes and keeps Views per program, person and table.
type views struct {
	cache *lru.Cache[viewKey, *view]
	// known is what a person may see of everything; its keys have no table.
	known *lru.Cache[viewKey, *facts]
	made  made
	now   func() time.Time
	// builtin has the catalog relations that may be read, by name.
	builtin map[string]*catalog.Table
	// decide and print are policy.Program.Decide and sqlgen.Dialect.View; mutation tests put others in their place.
	decide func(*policy.Program, identity.Principal, []policy.Want) []policy.Decision
	print  func(*policy.Decision) (sqlgen.View, error)
	// parse reads what print printed; redshift says that it is in Redshift's SQL.
	parse    func(sql string, columns []string) (*pg.SelectStmt, error)
	redshift bool
	// body is Rewriter.bodyOf.
	body func(*Request, *catalog.Table, int) (*resolver, *body, *viewRefusal, error)
}

func newViews(c Config) (*views, error) {
	cache, err := lru.New[viewKey, *view](c.ViewEntries)
	if err != nil {
		return nil, fmt.Errorf("making the cache of views: %w", err)
	}
	known, err := lru.New[viewKey, *facts](factEntries)
	if err != nil {
		return nil, fmt.Errorf("making the cache of what people may see: %w", err)
	}
	return &views{
		cache: cache, known: known, made: made{tables: map[madeKey]madeTable{}, changes: map[string]uint64{}}, now: c.Now, builtin: builtinTables(),
		decide: func(p *policy.Program, who identity.Principal, wants []policy.Want) []policy.Decision {
			return p.Decide(policy.BindPrincipal(who).At(c.Now()), wants)
		},
		print: c.Dialect.View, parse: viewParser(c.Dialect), redshift: c.Dialect.IsRedshift(),
	}, nil
}

// get returns the View of a table for the request's person. It may say that the table is denied.
func (vs *views) get(req *Request, t *catalog.Table, how reach) (*view, error) {
	key := viewKey{req.Program, req.Principal.Key(), t, how.through}
	v, ok := vs.cache.Get(key)
	if !ok || v.expired(vs.now) {
		var err error
		if v, err = vs.make(req, t, how); err != nil {
			return nil, err
		}
		vs.cache.Add(key, v)
	}
	return v, nil
}

func (v *view) expired(now func() time.Time) bool {
	until := v.decision.ValidUntil
	return !until.IsZero() && !now().Before(until)
}

func (vs *views) make(req *Request, t *catalog.Table, how reach) (*view, error) {
	decisions := vs.decide(req.Program, req.Principal, []policy.Want{{Table: t, Through: how.through}})
	if len(decisions) != 1 || decisions[0].Table != t {
		return nil, errors.New("deciding: the answer is not for the table that was asked for")
	}
	v := &view{decision: decisions[0], relations: 1}
	if !v.decision.Allowed {
		return v, nil
	}
	for _, c := range v.decision.Columns {
		v.columns = append(v.columns, c.Column.Name)
	}
	if vs.redshift && len(v.columns) == 0 {
		const reason = "no column of it is visible, and Redshift has no SELECT without columns"
		v.refused = &viewRefusal{pgerror.NotSupported("relation %q cannot be read: %s", t.Name, reason), reason}
		return v, nil
	}
	printed, err := vs.print(&v.decision)
	if err != nil {
		return nil, fmt.Errorf("printing the view of %s: %w", t.QualifiedName(), err)
	}
	if v.tree, err = vs.parse(printed.SQL, v.columns); err != nil {
		return nil, fmt.Errorf("reading the view of %s: %w", t.QualifiedName(), err)
	}
	v.printed = printed.SQL
	if vs.redshift {
		return v, vs.makeForRedshift(req, v, how)
	}
	identifiersAsText(v.tree, v.decision.Columns)
	unplace(&pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: v.tree}})
	plain := withoutFence(v.tree)
	if t.Kind == catalog.KindView {
		return v, vs.putBody(req, v, plain, how)
	}
	if v.decision.Filtered() {
		if v.tree.WhereClause != nil {
			v.plain = plain
		}
		opaque(v.tree)
	}
	return v, nil
}

// putBody puts the query of a plain view into its View, or says why it cannot be read.
func (vs *views) putBody(req *Request, v *view, plain *pg.SelectStmt, how reach) error {
	r, body, refusal, err := vs.body(req, v.decision.Table, how.depth)
	if err != nil {
		return err
	}
	v.decision.ValidUntil = earlier(v.decision.ValidUntil, r.until)
	if v.refused = refusal; refusal == nil {
		v.expand(r, body, plain)
	}
	return nil
}

// makeForRedshift goes on with a View for a Redshift: plain is the tree itself, where something is hidden behind it.
func (vs *views) makeForRedshift(req *Request, v *view, how reach) error {
	v.total = true
	unplace(&pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: v.tree}})
	if v.decision.Table.Kind == catalog.KindView {
		if err := vs.putBody(req, v, nil, how); err != nil {
			return err
		}
	}
	if v.hides() {
		v.plain = v.tree
	}
	return nil
}

// schemas are those in which the person may see a table, and until when that holds.
func (vs *views) schemas(req *Request) (out map[string]bool, until time.Time, err error) {
	known, err := vs.facts(req)
	if err != nil {
		return nil, time.Time{}, err
	}
	return known.schemas, known.until, nil
}

// parseView parses a View's text and checks its shape: one SELECT that gives exactly these columns.
func parseView(sql string, columns []string) (*pg.SelectStmt, error) {
	tree, err := pg.Parse(sql)
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	if len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
		return nil, errors.New("it is not one SELECT")
	}
	return viewShape(tree.Stmts[0].Stmt.GetSelectStmt(), columns)
}

// viewParser reads the texts of a dialect's Views.
func viewParser(d sqlgen.Dialect) func(string, []string) (*pg.SelectStmt, error) {
	if !d.IsRedshift() {
		return parseView
	}
	return func(sql string, columns []string) (*pg.SelectStmt, error) {
		n, err := redshift.Parse(sql)
		if err != nil {
			return nil, fmt.Errorf("parsing: %w", err)
		}
		if n.GetSelectStmt() == nil {
			return nil, errors.New("it is not one SELECT")
		}
		return redshiftShape(n.GetSelectStmt(), columns, d == sqlgen.RedshiftBuiltin())
	}
}

// viewShape checks that a View is one SELECT from one relation that gives exactly these columns.
func viewShape(s *pg.SelectStmt, columns []string) (*pg.SelectStmt, error) {
	if s.Op != pg.SetOperation_SETOP_NONE || len(s.FromClause) != 1 || s.FromClause[0].GetRangeVar() == nil {
		return nil, errors.New("it does not select from one relation")
	}
	if len(s.TargetList) != len(columns) {
		return nil, fmt.Errorf("it has %d columns instead of %d", len(s.TargetList), len(columns))
	}
	for i, t := range s.TargetList {
		name := t.GetResTarget().GetName()
		if name == "" {
			name = outputName(t.GetResTarget().GetVal(), func(*pg.Node) string { return "" })
		}
		if name != columns[i] {
			return nil, fmt.Errorf("column %d is not named %s", i+1, columns[i])
		}
	}
	return s, nil
}

// splice is what stands in FROM for a reference to the table: a copy of the View under the alias.
func (v *view) splice(alias *pg.Alias, only bool) *pg.Node {
	tree := proto.Clone(v.tree).(*pg.SelectStmt)
	if only && !v.catalog {
		// ONLY means nothing for a plain view.
		if rv := tree.FromClause[0].GetRangeVar(); rv != nil {
			rv.Inh = false
		}
	}
	return &pg.Node{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: tree}}, Alias: alias,
	}}}
}
