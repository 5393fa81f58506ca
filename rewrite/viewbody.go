package rewrite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// A plain view runs its query with its owner's rights, around all policies. So it is never read itself: its stored query stands in its
// place, with a View for each table in it. Who may see the view needs no subscription to those tables, but what data policies say
// of them holds, guardrails too, and all of them must be registered. Policies on the view come on top.
//
// The query is the administrator's text, not the person's. It is judged all the same: a function that reads a table would read it
// around the policies.

// maxViewDepth bounds views upon views. PostgreSQL lets two views name each other.
const maxViewDepth = 32

// body is the query of a plain view, judged and guarded for one person. It is shared and never changed.
type body struct {
	query *pg.SelectStmt
	// uses are the tables that it reads, views below it included.
	uses []*use
	// relations counts them as often as they are named.
	relations int
	// whole says that each row of what is below is a row of the view, so that it hides none itself.
	whole bool
	// hides says whether a row lies anywhere below that the person may not see, and fails which of the columns are computed by what may tell of one.
	hides bool
	fails []bool
	// fixed says which of the columns are constants.
	fixed []bool
	// flat is set for a selection from one relation, whose conditions all stay on the scan of one table: what stands around it needs no fence but for
	// its own conditions.
	flat bool
}

// viewRefusal says why a view cannot be read. The reason is for administrators: it speaks of the definition.
type viewRefusal struct {
	told   *pgerror.Error
	reason string
}

// bodyOf judges the stored query of a view. What is wrong with the view, and not with us, is in the refusal.
func (rw *Rewriter) bodyOf(req *Request, t *catalog.Table, depth int) (*resolver, *body, *viewRefusal, error) {
	inner := *req
	inner.SQL, inner.SearchPath, inner.ParamTypes = t.Definition, nil, nil
	r := rw.newResolver(&inner, pathState{})
	r.viewDepth = depth + 1
	b, err := r.judgeBody(t)
	if err == nil {
		return r, b, nil, nil
	}
	var client *pgerror.Error
	if !errors.As(err, &client) {
		return nil, nil, nil, fmt.Errorf("reading the query of the view %s: %w", t.QualifiedName(), err)
	}
	refusal := &viewRefusal{told: viewUnreadable(t), reason: client.Message}
	if client.Code == pgerror.CodeInsufficientPrivilege {
		refusal.told = pgerror.InsufficientPrivilege("permission denied for view %s", t.Name)
	}
	return r, nil, refusal, nil
}

func viewUnreadable(t *catalog.Table) *pgerror.Error {
	e := pgerror.NotSupported("view %q cannot be read through Postern", t.Name)
	e.Hint = "Its definition reads what is not registered, or uses what is not on Postern's allow-list. Administrators find the reason among " +
		"the warnings of the last publication."
	return e
}

func (r *resolver) judgeBody(t *catalog.Table) (*body, error) {
	switch {
	case r.viewDepth > maxViewDepth:
		return nil, pgerror.TooComplex("views are nested too deeply")
	case t.Definition == "":
		return nil, pgerror.NotSupported("the definition is not known")
	}
	for _, c := range t.Columns {
		if strings.HasPrefix(c.Type, "reg") {
			return nil, pgerror.NotSupported("column %s is of the type %s", c.Name, c.Type)
		}
	}
	if r.rw.redshift() {
		return r.judgeRedshiftBody(t)
	}
	stmts, err := parse(t.Definition, &r.rw.config)
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 || stmts[0].Stmt.GetSelectStmt() == nil {
		return nil, pgerror.NotSupported("the definition is not one query")
	}
	r.root = stmts[0].Stmt
	names, err := r.query(r.root, nil)
	if err != nil {
		return nil, err
	}
	if len(names) != len(t.Columns) {
		return nil, pgerror.NotSupported("the definition has %d columns instead of %d", len(names), len(t.Columns))
	}
	out := r.bodyOfNames(r.root.GetSelectStmt(), names)
	// Its own conditions are contained like a person's. Nothing that may tell comes in from around it: see expand.
	if err := r.finish(); err != nil {
		return nil, err
	}
	unplace(r.root)
	return out, nil
}

// bodyOfNames is what is known of a view's query when it was judged.
func (r *resolver) bodyOfNames(query *pg.SelectStmt, names []string) *body {
	out := &body{query: query, uses: r.uses, relations: max(1, r.relations), whole: showsEveryRow(query), flat: r.flat(query),
		hides: slices.ContainsFunc(r.guards, func(g *guard) bool { return g.view.hides() })}
	facts := r.levels[query]
	for i := range names {
		out.fails = append(out.fails, i >= len(facts) || !facts[i].known || facts[i].fails)
		out.fixed = append(out.fixed, i < len(facts) && facts[i].fixed)
	}
	return out
}

// showsEveryRow recognises `SELECT … FROM one relation`.
func showsEveryRow(s *pg.SelectStmt) bool {
	if len(s.FromClause) != 1 || s.FromClause[0].GetRangeSubselect() == nil || s.Op != pg.SetOperation_SETOP_NONE {
		return false
	}
	return s.WhereClause == nil && len(s.GroupClause) == 0 && s.HavingClause == nil && len(s.DistinctClause) == 0 &&
		len(s.WindowClause) == 0 && s.WithClause == nil && s.LimitCount == nil && s.LimitOffset == nil && len(s.ValuesLists) == 0
}

// baseOfView finds a relation that a view's query names. It is named with its schema, unless it is of pg_catalog.
func (r *resolver) baseOfView(rv *pg.RangeVar) (*view, error) {
	if r.rw.redshift() && rv.Catalogname != "" {
		return nil, pgerror.NotSupported("it reads %s.%s.%s of another database, or of a datashare", rv.Catalogname, rv.Schemaname, rv.Relname)
	}
	if rv.Schemaname == "" || rv.Schemaname == builtinSchema || rv.Schemaname == informationSchema || rv.Catalogname != "" {
		return nil, pgerror.NotSupported("it reads the catalogues")
	}
	name := rv.Schemaname + "." + rv.Relname
	t, ok := r.req.Program.Snapshot().Table(rv.Schemaname, rv.Relname)
	if !ok || !t.Registered {
		return nil, pgerror.NotSupported("it reads %s, which is not registered", name)
	}
	v, err := r.rw.views.get(r.req, t, reach{through: true, depth: r.viewDepth})
	if err != nil {
		return nil, err
	}
	r.until = earlier(r.until, v.decision.ValidUntil)
	switch {
	case !v.decision.Allowed:
		return nil, pgerror.InsufficientPrivilege("a guardrail denies %s", name)
	case v.refused != nil:
		reason := v.refused.reason
		if !strings.HasPrefix(reason, "it reads ") {
			reason = "it reads " + name + ": " + reason
		}
		return nil, &pgerror.Error{Code: v.refused.told.Code, Message: reason}
	}
	return v, nil
}

// flat recognises a selection from one table, or from a view that is one: no join, which could be computed behind what the person's text computes, and
// nothing that the planner makes a join of.
func (r *resolver) flat(s *pg.SelectStmt) bool {
	if r.fenceAll || len(r.spliced) != 1 || len(s.FromClause) != 1 || s.FromClause[0].GetRangeSubselect() == nil || s.WithClause != nil || subqueries(s.WhereClause.ProtoReflect()) {
		return false
	}
	below := r.spliced[0].view
	return carries(s, r.rw.redshift()) && (below.body == nil || below.body.flat)
}

// subqueries reports a sub-select in an expression.
func subqueries(m protoreflect.Message) bool {
	_, ok := m.Interface().(*pg.SubLink)
	return ok || anyMessage(m, subqueries)
}

// expand puts the view's query where its printed View names it, and fences what the query and what lies below it hide. plain is the View as it is printed,
// without its fence: it stands where the query is flat and no condition of the person's may tell. Any other keeps the fence, below which what cannot tell is
// repeated.
func (v *view) expand(r *resolver, b *body, plain *pg.SelectStmt) {
	v.body, v.relations = b, b.relations
	query := b.query
	if !v.total && b.hides && v.filterFails(r) {
		// The View's own filter is a condition, too.
		query = proto.Clone(query).(*pg.SelectStmt)
		closeSelect(query)
	}
	v.putQuery(v.tree, query)
	if v.total || !v.hides() {
		return
	}
	if plain != nil {
		v.plain = plain
		v.putQuery(plain, query)
	}
	plainly := map[string]bool{}
	for i, c := range v.decision.Columns {
		// What a constant is folded into loses its modifier.
		plainly[c.Column.Name] = !b.isFixed(v, i)
	}
	opaqueColumns(v.tree, plainly)
	closeSelect(v.tree)
}

// isFixed reports that the i-th column of the View is a constant of the view's query.
func (b *body) isFixed(v *view, i int) bool {
	j := slices.IndexFunc(v.decision.Table.Columns, func(c catalog.Column) bool { return c.Name == v.columns[i] })
	return j >= 0 && j < len(b.fixed) && b.fixed[j]
}

// filterFails weighs the View's own row filter against the columns of its query.
func (v *view) filterFails(r *resolver) bool {
	if v.tree.WhereClause == nil {
		return false
	}
	it := &item{alias: aliasIn(v.tree), byAlias: true}
	for i, c := range v.decision.Table.Columns {
		it.columns = append(it.columns, column{name: c.Name, fact: fact{
			known: true, typ: baseType(c.Type), collation: c.Collation, folds: c.Nondeterministic, fails: i >= len(v.body.fails) || v.body.fails[i]}})
	}
	return r.weigh(v.tree.WhereClause, child(nil, it)).fails
}

// putQuery puts the view's query into a tree that names the view.
func (v *view) putQuery(tree, query *pg.SelectStmt) {
	alias := &pg.Alias{Aliasname: tree.FromClause[0].GetRangeVar().GetAlias().GetAliasname()}
	for _, c := range v.decision.Table.Columns {
		alias.Colnames = append(alias.Colnames, pg.MakeStrNode(c.Name))
	}
	tree.FromClause[0] = &pg.Node{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: query}}, Alias: alias,
	}}}
}

// aliasIn is the name of what a View selects from: a table, or the query of a plain view.
func aliasIn(tree *pg.SelectStmt) string {
	if sub := tree.FromClause[0].GetRangeSubselect(); sub != nil {
		return sub.GetAlias().GetAliasname()
	}
	if sample := tree.FromClause[0].GetRangeTableSample(); sample != nil {
		return sample.Relation.GetRangeVar().GetAlias().GetAliasname()
	}
	return tree.FromClause[0].GetRangeVar().GetAlias().GetAliasname()
}

// hides reports whether rows that the person may not see lie behind the View, so that it needs a fence.
func (v *view) hides() bool {
	return v.decision.Filtered() || v.body != nil && (!v.body.whole || v.body.hides)
}

// throughViews adds the decisions on what was read by views, at any depth.
func throughViews(uses []*use, decisions []policy.Decision, requested, lookedUp [][]string) ([]policy.Decision, [][]string, [][]string) {
	for _, u := range uses {
		if u.view.body == nil {
			continue
		}
		for _, below := range u.view.body.uses {
			known := slices.ContainsFunc(decisions, func(d policy.Decision) bool { return d.Table == below.view.decision.Table })
			if !known && !below.view.catalog {
				decisions = append(decisions, below.view.decision)
				requested = append(requested, below.requested())
				lookedUp = append(lookedUp, nil)
			}
		}
		decisions, requested, lookedUp = throughViews(u.view.body.uses, decisions, requested, lookedUp)
	}
	return decisions, requested, lookedUp
}

// UnreadableViews says of each registered plain view that cannot be read why: its definition reads what is not registered, or uses what is
// not on the allow-list. The reasons are for administrators.
func (rw *Rewriter) UnreadableViews(p *policy.Program) map[*catalog.Table]string {
	out := map[*catalog.Table]string{}
	if p == nil || p.Snapshot() == nil {
		return out
	}
	req := &Request{Program: p, Principal: identity.NewPrincipal(identity.Spec{User: "postern"}), Database: p.Snapshot().Connection()}
	for _, t := range p.Snapshot().Tables() {
		if !t.Registered || t.Kind != catalog.KindView {
			continue
		}
		_, _, refusal, err := rw.bodyOf(req, t, 0)
		switch {
		case err != nil:
			out[t] = err.Error()
		case refusal != nil && refusal.told.Code != pgerror.CodeInsufficientPrivilege:
			out[t] = refusal.reason
		}
	}
	return out
}
