package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/rewrite/redshift"
)

// guard is one reference to a filtered table in a statement. It starts without a fence; what the statement does with its columns
// decides at the end what it needs. See finish.
type guard struct {
	view *view
	// tree is the View as it stands in the statement: fenced, until finish takes the fence off.
	tree *pg.SelectStmt
	// visible is the name of the extra column that says whether the filter lets a row through; "" while nothing asks for it.
	visible string
	// weighed is set when the conditions of its own level were.
	weighed bool
	// fenced asks for OFFSET 0 and opaque columns: the whole table behind one fence.
	fenced bool
	// opaque has the columns that must leave without their statistics.
	opaque map[string]bool
	// plain forbids an extra column: a whole row would show it, or an alias of a join hide it.
	plain bool
	// at is where the View stands.
	at *place
	// carriers are the sub-selects around the table, from the inside, through which the extra column can be handed on; height is how
	// many of them must.
	carriers []*pg.SelectStmt
	height   int
	// whole counts uses of the whole row; stars of select lists, which can be written out, are subtracted again.
	whole int
}

// fact is what a column of FROM tells about what its values are made of. The zero value says that nothing is known; then the whole
// statement is fenced if a condition that may tell touches the column.
type fact struct {
	known bool
	// typ is the type as format_type prints it, without modifiers; "" if it is not known for certain.
	typ string
	// collation is that of the column, as its number; 0 where the column has none or it was not read.
	collation uint32
	// folds is set where the collation takes different texts for equal.
	folds bool
	// fails is set where the values are computed by something that is not leakproof.
	fails bool
	// fixed is set for a constant that stands in the place of a column: it has no statistics.
	fixed bool
	// parts are the columns of filtered tables that the value is computed from.
	parts []part
}

// part is one column of a filtered table within a fact.
type part struct {
	guard *guard
	name  string
	// seal is the sub-select between the table and where the column is seen; nil where the table itself stands in FROM.
	seal *seal
	// height is how many carriers of the guard lie between.
	height int
}

// seal is a sub-select that can be closed: the planner then moves no condition into it.
type seal struct {
	stmt *pg.SelectStmt
	// with is set for a query of WITH RECURSIVE, in which OFFSET is not allowed everywhere.
	with *pg.CommonTableExpr
}

// close ends the sub-select in OFFSET 0.
func (s *seal) close() {
	if s.with != nil {
		s.with.Ctematerialized = pg.CTEMaterialize_CTEMaterializeAlways
		return
	}
	closeSelect(s.stmt)
}

func closeSelect(stmt *pg.SelectStmt) {
	if stmt.LimitOffset != nil {
		return
	}
	stmt.LimitOffset = pg.MakeAConstIntNode(0, -1)
	if stmt.LimitOption == pg.LimitOption_LIMIT_OPTION_DEFAULT {
		stmt.LimitOption = pg.LimitOption_LIMIT_OPTION_COUNT
	}
}

// conceal makes the column leave its table without its statistics.
func (p part) conceal() {
	if p.guard.opaque == nil {
		p.guard.opaque = map[string]bool{}
	}
	p.guard.opaque[p.name] = true
}

// guards lists the tables behind the item that stand in its FROM themselves, each once.
func (it *item) guards() []*guard {
	var out []*guard
	for _, c := range it.columns {
		for _, p := range c.fact.parts {
			if p.seal == nil && !slices.Contains(out, p.guard) {
				out = append(out, p.guard)
			}
		}
	}
	return out
}

// useWhole notes that the item's whole row, or a star, is used.
func (it *item) useWhole(times int) {
	for _, g := range it.guards() {
		g.whole += times
	}
	var places []*place
	for _, c := range it.columns {
		for _, o := range c.origins {
			if o.at != nil && !slices.Contains(places, o.at) {
				places = append(places, o.at)
				o.at.whole += times
			}
		}
	}
}

// forbidExtra notes that the items' names are hidden by an alias.
func forbidExtra(items []*item) {
	for _, it := range items {
		for _, g := range it.guards() {
			g.plain = true
		}
	}
}

// behind gives facts as they are seen from outside of a sub-select. carry says which of its tables may hand their extra column on.
func behind(facts []fact, s *seal, carry func(part) bool) []fact {
	out := make([]fact, len(facts))
	for i, f := range facts {
		out[i] = f
		out[i].parts = make([]part, len(f.parts))
		for j, p := range f.parts {
			if carry(p) {
				p.height++
			} else {
				p.seal = s
			}
			out[i].parts[j] = p
		}
	}
	return out
}

func never(part) bool { return false }

// outputs are the columns of a sub-select in FROM that was judged, as what stands around it sees them.
func (r *resolver) outputs(stmt *pg.SelectStmt, names []string) []column {
	out := computed(names)
	facts := r.levels[stmt]
	if len(facts) != len(names) {
		return out
	}
	carry := never
	if carries(stmt, r.rw.redshift()) {
		carry = func(p part) bool {
			return p.seal == nil && slices.Contains(r.own[stmt], p.guard) && p.guard.carried(stmt, p.height)
		}
	}
	for i, f := range behind(facts, &seal{stmt: stmt}, carry) {
		out[i].fact = f
	}
	return out
}

// carried notes that the sub-select stands around the table.
func (g *guard) carried(stmt *pg.SelectStmt, height int) bool {
	if len(g.carriers) == height {
		g.carriers = append(g.carriers, stmt)
	}
	return g.carriers[height] == stmt
}

// carries reports a sub-select to which a column can be added: one that neither groups, counts, sorts out nor cuts off.
func carries(stmt *pg.SelectStmt, ofRedshift bool) bool {
	if stmt.Op != pg.SetOperation_SETOP_NONE || len(stmt.ValuesLists) > 0 || len(stmt.GroupClause) > 0 || stmt.HavingClause != nil ||
		len(stmt.DistinctClause) > 0 || stmt.LimitCount != nil || stmt.LimitOffset != nil || len(stmt.WindowClause) > 0 {
		return false
	}
	return !slices.ContainsFunc(slices.Concat(stmt.TargetList, stmt.SortClause), func(n *pg.Node) bool { return aggregates(n.ProtoReflect(), ofRedshift) })
}

// aggregates reports an aggregate or a window function, at any depth.
func aggregates(m protoreflect.Message, ofRedshift bool) bool {
	if f, ok := m.Interface().(*pg.FuncCall); ok {
		name, _ := builtin(f.Funcname)
		known, found := catalog.LookupFunction(name, argumentCount(f))
		if ofRedshift {
			var listed redshift.Function
			listed, found = redshift.Lookup(name, argumentCount(f))
			known.Kinds = map[bool]string{true: "a"}[listed.Aggregate]
		}
		if !found || f.Over != nil || strings.Contains(known.Kinds, "a") {
			return true
		}
	}
	out := false
	eachMessage(m, func(child protoreflect.Message) { out = out || aggregates(child, ofRedshift) })
	return out
}

// withOutputs are the columns of a WITH query. Within itself, a recursive one is a table of its own.
func (r *resolver) withOutputs(c *cte) []column {
	e := c.expr
	if e == nil {
		return computed(c.columns)
	}
	stmt := e.Ctequery.GetSelectStmt()
	s := &seal{stmt: stmt}
	if c.recursive {
		s = &seal{with: e}
	}
	extra := e.SearchClause != nil || e.CycleClause != nil
	facts, judged := r.levels[stmt]
	if !judged && c.recursive && stmt.GetLarg() != nil {
		facts = r.levels[stmt.Larg]
	}
	out := computed(c.columns)
	for i := range out {
		switch {
		case i >= len(facts):
			out[i].fact.known = extra && len(facts) > 0
		case judged:
			out[i].fact = behind(facts[i:i+1], s, never)[0]
		default:
			out[i].fact = fact{known: true, typ: facts[i].typ, collation: facts[i].collation}
		}
	}
	return out
}

// guard notes a reference to a filtered table; nil where it has no filter, or one that needs its fence whatever the statement does.
func (r *resolver) guard(v *view, tree *pg.SelectStmt) *guard {
	if v.plain == nil {
		return nil
	}
	g := &guard{view: v, tree: tree, plain: v.total && !v.guardable(tree) || !v.total && v.body != nil}
	g.fenced = !v.total && v.body != nil && !v.body.flat && !r.rw.unfenced
	r.guards = append(r.guards, g)
	return g
}

// columnFact is the fact of the i-th column of a View.
func (v *view) columnFact(i int, g *guard) fact {
	if i >= len(v.decision.Columns) {
		return fact{known: true} // a built-in View, which has a fence of its own
	}
	c := v.decision.Columns[i]
	f := fact{known: true, typ: baseType(c.Column.Type), collation: c.Column.Collation, folds: c.Column.Nondeterministic}
	if strings.HasPrefix(f.typ, "reg") {
		f.typ = ""
	}
	f.fails = c.Mask != nil && !quietMask(c.Mask) && !v.total || v.computesUnsafely(i)
	f.fixed = c.Mask != nil && quietMask(c.Mask) || v.body != nil && v.body.isFixed(v, i)
	if g != nil {
		f.parts = []part{{guard: g, name: v.columns[i]}}
	}
	return f
}

// quietMask reports a mask that calls nothing.
func quietMask(m expr.Expr) bool {
	switch v := m.(type) { //nolint:gochecksumtype // every other form calls something, or may
	case expr.Literal, expr.NullOf:
		return true
	case expr.Cast:
		_, literal := v.Arg.(expr.Literal)
		return literal
	}
	return false
}

// inFunction marks the columns of a function in FROM. It is called with rows that were read, and no condition moves into it.
func inFunction(it *item) *item {
	for i := range it.columns {
		it.columns[i].fact = fact{known: true}
	}
	return it
}

// mergeFacts is the fact of a column that stands for several.
func mergeFacts(facts ...fact) fact {
	out := facts[0]
	out.parts = slices.Clone(out.parts)
	for _, f := range facts[1:] {
		out.known = out.known && f.known
		out.fixed = false
		out.fails = out.fails || f.fails || f.typ != out.typ
		if f.typ != out.typ {
			out.typ = ""
		}
		if f.collation != out.collation {
			out.fails = true
		}
		out.parts = append(out.parts, f.parts...)
	}
	return out
}

// fences is what a statement's judging notes for them.
type fences struct {
	guards   []*guard
	pendings []pending
	stars    []starred
	// own has the tables whose columns each query's FROM shows.
	own map[*pg.SelectStmt][]*guard
	// spliced are the places of all Views.
	spliced []*place
	// copies are conditions that may be repeated below a fence.
	copies []copied
	flattening
	// oids are the places that tableoid was asked of.
	oids []*place
	// levels has the facts of the output columns of each query that was judged.
	levels map[*pg.SelectStmt][]fact
	// leaks counts what is not leakproof; quiet are the sub-selects in which there was nothing.
	leaks int
	quiet map[*pg.SubLink]bool
	// scalars are the sub-selects in expressions of which the planner makes no join.
	scalars map[*pg.SelectStmt]bool
	// fenceAll fences every table of the statement.
	fenceAll bool
	// root is the statement. ownParameters says that its parameters are those of the request; else they are not known.
	root          *pg.Node
	ownParameters bool
	// parameters counts the places of each, before any View stands in the tree.
	parameters map[int32]int
}

func newFences() fences {
	return fences{levels: map[*pg.SelectStmt][]fact{}, own: map[*pg.SelectStmt][]*guard{}, quiet: map[*pg.SubLink]bool{},
		scalars: map[*pg.SelectStmt]bool{}}
}

// withoutFence is a View without OFFSET 0; nil where its filter would not stay a condition on the scan of its table, or where
// something in it counts rows.
func withoutFence(tree *pg.SelectStmt) *pg.SelectStmt {
	if tree.WhereClause != nil && !steady(tree.WhereClause.ProtoReflect()) || countsRows(tree.ProtoReflect()) {
		return nil
	}
	out := proto.Clone(tree).(*pg.SelectStmt)
	out.LimitOffset, out.LimitOption = nil, pg.LimitOption_LIMIT_OPTION_DEFAULT
	keepCondition(out.WhereClause)
	unplace(&pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: out}})
	return out
}

// countsRows reports a window function in a View.
func countsRows(m protoreflect.Message) bool {
	f, ok := m.Interface().(*pg.FuncCall)
	out := ok && f.Over != nil
	eachMessage(m, func(child protoreflect.Message) { out = out || countsRows(child) })
	return out
}

// steady reports that a filter calls nothing but built-in functions of the row it is at.
func steady(m protoreflect.Message) bool {
	if f, ok := m.Interface().(*pg.FuncCall); ok {
		name, _ := builtin(f.Funcname)
		known, found := catalog.LookupFunction(name, argumentCount(f))
		if !found || f.Over != nil || strings.Trim(known.Kinds, "f") != "" || strings.Contains(known.Volatility, "v") {
			return false
		}
	}
	out := true
	eachMessage(m, func(child protoreflect.Message) { out = out && steady(child) })
	return out
}

// keepCondition puts IS TRUE behind the sub-selects of a filter that the planner would turn into a join.
func keepCondition(n *pg.Node) {
	if and := n.GetBoolExpr(); and != nil && and.Boolop == pg.BoolExprType_AND_EXPR {
		for _, arg := range and.Args {
			keepCondition(arg)
		}
		return
	}
	inner := n
	for inner.GetBoolExpr() != nil && inner.GetBoolExpr().Boolop == pg.BoolExprType_NOT_EXPR {
		inner = inner.GetBoolExpr().Args[0]
	}
	if inner.GetSubLink() != nil {
		n.Node = &pg.Node_BooleanTest{BooleanTest: &pg.BooleanTest{
			Arg: &pg.Node{Node: n.Node}, Booltesttype: pg.BoolTestType_IS_TRUE, Location: -1}}
	}
}
