package rewrite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

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
	// whole says that each row of what is below is a row of the view, so that nothing hides rows that is not fenced itself.
	whole bool
	// hides and fails are of a Redshift alone, which has no fence: whether a row lies anywhere below that the person may not see, and which of
	// the columns are computed by what can give an error.
	hides bool
	fails []bool
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
	names, err := r.query(stmts[0].Stmt, nil)
	if err != nil {
		return nil, err
	}
	if len(names) != len(t.Columns) {
		return nil, pgerror.NotSupported("the definition has %d columns instead of %d", len(names), len(t.Columns))
	}
	query := stmts[0].Stmt.GetSelectStmt()
	unplace(stmts[0].Stmt)
	return &body{query: query, uses: r.uses, relations: max(1, r.relations), whole: showsEveryRow(query)}, nil
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

// expand puts the view's query where its printed View names it, and fences what the query hides.
func (v *view) expand(b *body) {
	rv := v.tree.FromClause[0].GetRangeVar()
	alias := &pg.Alias{Aliasname: rv.GetAlias().GetAliasname()}
	for _, c := range v.decision.Table.Columns {
		alias.Colnames = append(alias.Colnames, pg.MakeStrNode(c.Name))
	}
	v.tree.FromClause[0] = &pg.Node{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: b.query}}, Alias: alias,
	}}}
	v.body, v.relations = b, b.relations
	if v.total || b.whole || v.decision.Filtered() {
		return
	}
	opaque(v.tree)
	v.tree.LimitOffset = &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Ival{Ival: &pg.Integer{}}}}}
	v.tree.LimitOption = pg.LimitOption_LIMIT_OPTION_COUNT
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
