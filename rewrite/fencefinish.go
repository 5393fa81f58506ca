package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// visiblePrefix begins the names of the columns that say whether a row is visible.
const visiblePrefix = "postern_visible_"

// finish puts up the fences that a statement needs, when all of it was judged.
//
// A condition that may tell becomes CASE WHEN visible IS NOT FALSE THEN condition END, where visible is the table's filter: of a
// row that it hides it is false, of one that it lets through true, and of one that an outer join made up NULL. Where no such column
// can be had, the table is fenced whole.
func (r *resolver) finish() error {
	if err := r.addOIDs(); err != nil {
		return err
	}
	reads := r.onlyReads()
	if r.fenceAll || !reads {
		fence(r.guards)
	}
	for _, g := range r.guards {
		g.fenced = g.fenced || !g.weighed
	}
	if reads {
		r.openViews()
	}
	r.chooseVisible()
	for _, p := range r.pendings {
		wrap(p)
	}
	for i := len(r.stars) - 1; i >= 0; i-- {
		r.stars[i].writeOut(r.guards)
	}
	for _, g := range r.guards {
		g.close()
	}
	r.repeatBelow()
	for _, p := range r.spliced {
		if reads {
			p.prune()
		}
	}
	if reads {
		r.flatten()
	}
	return nil
}

// openViews takes the fence off views of more than one table where nothing in the whole statement may tell: then it does not matter behind what a view's joins are
// computed, and a look-up or a join by key finds its rows below them. Not within the query of another view, around which more is written than was judged.
func (r *resolver) openViews() {
	if r.viewDepth > 0 || r.fenceAll || r.leaks > 0 || r.rw.redshift() {
		return
	}
	for _, g := range r.guards {
		if g.view.body == nil || g.view.body.flat || !g.weighed || g.whole > 0 {
			continue
		}
		g.fenced = slices.ContainsFunc(g.view.columns, func(name string) bool {
			return g.at.use.touched[name] && g.view.columnFact(slices.Index(g.view.columns, name), g).fails
		})
	}
}

// onlyReads reports a statement whose conditions are all those of SELECT, which are weighed. Any other keeps the fences of all its tables.
func (r *resolver) onlyReads() bool {
	switch r.root.GetNode().(type) {
	case *pg.Node_SelectStmt, *pg.Node_CopyStmt, *pg.Node_PrepareStmt, *pg.Node_DeclareCursorStmt, *pg.Node_ExplainStmt:
		return len(r.writes) == 0
	}
	return false
}

// chooseVisible gives the tables of wrapped conditions their extra column, or a fence where they can have none.
func (r *resolver) chooseVisible() {
	var wanted []*guard
	for _, p := range r.pendings {
		for _, g := range p.guards {
			if !g.fenced && !slices.Contains(wanted, g) {
				wanted = append(wanted, g)
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	prefix := r.visiblePrefix()
	taken := nameWithin(r.root.ProtoReflect(), prefix)
	for i, g := range wanted {
		if g.fenced = taken || g.plain || g.whole > 0; !g.fenced {
			g.visible = fmt.Sprintf("%s%d", prefix, i+1)
		}
	}
	for _, s := range r.stars {
		if s.shows(wanted) && s.columns() == nil {
			for _, g := range wanted {
				if s.shows([]*guard{g}) {
					g.fenced, g.visible = true, ""
				}
			}
		}
	}
}

// visiblePrefix is that of the person's own text, or of the query of a view so and so deep: none of them sees the other's.
func (r *resolver) visiblePrefix() string {
	if r.viewDepth == 0 {
		return visiblePrefix
	}
	return fmt.Sprintf("postern_below_%d_", r.viewDepth)
}

// nameWithin reports a name in the tree that begins with the prefix.
func nameWithin(m protoreflect.Message, prefix string) bool {
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		found = f.Kind() == protoreflect.StringKind && !f.IsList() && strings.HasPrefix(v.String(), prefix)
		return !found
	})
	return found || anyMessage(m, func(child protoreflect.Message) bool { return nameWithin(child, prefix) })
}

// wrap puts the condition into CASE, behind the filters of its tables.
func wrap(p pending) {
	var tests []*pg.Node
	for _, g := range p.guards {
		if g.visible == "" {
			continue
		}
		tests = append(tests, &pg.Node{Node: &pg.Node_BooleanTest{BooleanTest: &pg.BooleanTest{
			Arg: refNode(g.visible), Booltesttype: pg.BoolTestType_IS_NOT_FALSE, Location: -1}}})
	}
	if len(tests) == 0 {
		return
	}
	test := tests[0]
	if len(tests) > 1 {
		test = &pg.Node{Node: &pg.Node_BoolExpr{BoolExpr: &pg.BoolExpr{Boolop: pg.BoolExprType_AND_EXPR, Args: tests, Location: -1}}}
	}
	when := &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: test, Result: &pg.Node{Node: p.condition.Node}, Location: -1}}}
	p.condition.Node = &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{Args: []*pg.Node{when}, Location: -1}}
	switch {
	case len(p.implied) == 0:
	case p.within != nil:
		p.within.Args = append(p.within.Args, p.implied...)
	default:
		args := append([]*pg.Node{{Node: p.condition.Node}}, p.implied...)
		p.condition.Node = &pg.Node_BoolExpr{BoolExpr: &pg.BoolExpr{Boolop: pg.BoolExprType_AND_EXPR, Args: args, Location: -1}}
	}
}

func refNode(names ...string) *pg.Node {
	ref := &pg.ColumnRef{Location: -1}
	for _, name := range names {
		ref.Fields = append(ref.Fields, pg.MakeStrNode(name))
	}
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}
}

// shows reports that the star would show the extra column of one of the tables.
func (s starred) shows(guards []*guard) bool {
	for _, it := range s.items {
		for _, c := range it.columns {
			for _, p := range c.fact.parts {
				if p.seal == nil && p.height <= p.guard.height && p.guard.visible != "" && slices.Contains(guards, p.guard) {
					return true
				}
			}
		}
	}
	return false
}

// columns names what the star stands for; nil where a column has no name of its own.
func (s starred) columns() []*pg.Node {
	var out []*pg.Node
	own := child(nil, s.level.items...)
	for _, it := range s.items {
		for _, c := range it.columns {
			switch _, found := own.lookup(c.name); {
			case it.byAlias && it.alias != "" && it.count(c.name) == 1:
				// By the alias first: the bare name of a column of USING means the merged one, which an outer join fills from the other side.
				out = append(out, refNode(it.alias, c.name))
			case found == 1:
				out = append(out, refNode(c.name))
			default:
				name := s.side(c)
				if name == nil {
					return nil
				}
				out = append(out, name)
			}
		}
	}
	return out
}

// side names a column of a join by the alias of its side, where only one side can be meant.
func (s starred) side(c column) *pg.Node {
	var out *pg.Node
	for _, it := range s.level.items {
		if !it.byAlias || it.byColumn || it.alias == "" || it.count(c.name) != 1 {
			continue
		}
		other, _ := it.column(c.name)
		if !sameOrigins(other, c) {
			continue
		}
		if out != nil {
			return nil
		}
		out = refNode(it.alias, c.name)
	}
	return out
}

// sameOrigins reports two columns that come from the same place; false where that is not known.
func sameOrigins(a, b column) bool {
	return len(a.fact.parts) > 0 && slices.Equal(a.fact.parts, b.fact.parts)
}

// writeOut replaces the star by its columns where it would show one too many.
func (s starred) writeOut(guards []*guard) {
	if !s.shows(guards) && !s.showsOID() {
		return
	}
	at := slices.Index(s.stmt.TargetList, s.target)
	var targets []*pg.Node
	for _, n := range s.columns() {
		targets = append(targets, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n, Location: -1}}})
	}
	s.stmt.TargetList = slices.Replace(s.stmt.TargetList, at, at+1, targets...)
}

// close leaves one table with what it needs.
func (g *guard) close() {
	if g.fenced {
		return
	}
	plain := &pg.SelectStmt{TargetList: make([]*pg.Node, len(g.view.plain.TargetList))}
	for i, n := range g.view.plain.TargetList {
		plain.TargetList[i] = proto.Clone(n).(*pg.Node)
	}
	if len(g.opaque) > 0 {
		opaqueColumns(plain, g.opaque)
	}
	if g.visible != "" {
		for _, stmt := range g.carriers[:g.height] {
			stmt.TargetList = append(stmt.TargetList, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: refNode(g.visible), Location: -1}}})
		}
		test := &pg.Node{Node: &pg.Node_BooleanTest{BooleanTest: &pg.BooleanTest{
			Arg: proto.Clone(g.view.plain.WhereClause).(*pg.Node), Booltesttype: pg.BoolTestType_IS_TRUE, Location: -1}}}
		plain.TargetList = append(plain.TargetList,
			&pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: g.visible, Val: test, Location: -1}}})
	}
	// What was put beside the filter, or between the columns, stays.
	g.tree.TargetList = append(plain.TargetList, g.tree.TargetList[len(g.view.plain.TargetList):]...)
	keepCondition(g.tree.WhereClause)
	g.tree.LimitOffset, g.tree.LimitOption = nil, pg.LimitOption_LIMIT_OPTION_DEFAULT
}

// prune leaves out of a View the columns that the statement does not name, so that neither text nor planning pays for them.
func (p *place) prune() {
	tree, width := p.tree(), len(p.view.columns)
	if p.view.catalog || len(p.node.GetRangeSubselect().Alias.GetColnames()) > 0 || len(tree.TargetList) < width || p.looked || p.counted {
		return
	}
	var kept []*pg.Node
	for i, n := range tree.TargetList {
		if i >= width || p.use.touched[p.view.columns[i]] {
			kept = append(kept, n)
		}
	}
	if len(kept) == 0 && width > 0 {
		kept = tree.TargetList[:1]
	}
	tree.TargetList = kept
}
