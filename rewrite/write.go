package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// A statement that writes must name the table itself: no View can stand in its place. So the View's parts are put where they are needed.
// The table is called postern_t. A condition of the person's runs on visible rows only, behind the row filter; what it reads of a masked
// column is the mask, as everywhere else (SET a = b, RETURNING, ON CONFLICT DO UPDATE, arms of MERGE). What is written must pass the row
// filter: RETURNING looks at each new row, defaults and triggers included, and one that does not pass ends the statement.

// targetAlias is the name of the table that is written, as sqlgen has it.
const targetAlias = "postern_t"

// ownPrefix begins the names that only Postern gives.
const ownPrefix = "postern_"

// target is the table that a statement writes.
type target struct {
	view *view
	use  *use
	item *item
	// reads are what the columns are read as.
	reads map[string]*pg.Node
	// filter keeps the visible rows; nil keeps all.
	filter *pg.Node
	// relation is its name for messages.
	relation string
}

// target resolves the table that is written and takes its name out of the client's hands. It is refused like a table that is read where the
// person may not see it, and with 42501 where they may only read it.
func (r *resolver) target(rv *pg.RangeVar, wanted ...policy.Privilege) (*target, error) {
	name, alias := rv.Relname, rv.Relname
	v, err := r.table(rv)
	if err != nil {
		return nil, err
	}
	if v.catalog {
		return nil, r.at(pgerror.InsufficientPrivilege("permission denied for table %s", name), rv.Location)
	}
	for _, p := range wanted {
		if !slices.Contains(v.decision.Privileges, p) {
			return nil, r.at(pgerror.InsufficientPrivilege("permission denied for table %s", name), rv.Location)
		}
	}
	table := v.decision.Table
	if table.Kind != catalog.KindTable && table.Kind != catalog.KindPartitionedTable {
		return nil, r.at(pgerror.NotSupported("writing to %q is not supported through Postern: it is not a table", name), rv.Location)
	}
	if err := r.supported(v, rv); err != nil {
		return nil, err
	}
	if counts(v) {
		return nil, r.at(pgerror.NotSupported("writing to %q is not supported through Postern: a mask on it counts rows", name), rv.Location)
	}
	if r.relations++; r.relations > r.rw.config.MaxRelations {
		return nil, pgerror.LimitExceeded("statement names too many relations: at most %d", r.rw.config.MaxRelations)
	}
	// The conditions of a statement that writes are weighed by no fence, so whatever it reads stands behind a whole one. Redshift has none.
	r.fenceAll = r.fenceAll || !r.rw.redshift()
	r.useOf(v).written = true
	r.writes = append(r.writes, name)
	t := &target{view: v, use: r.useOf(v), reads: map[string]*pg.Node{}, filter: v.tree.WhereClause, relation: name}
	t.item = &item{alias: alias, schema: table.Schema, byAlias: true, byColumn: true, target: true}
	if rv.Alias != nil {
		if len(rv.Alias.Colnames) > 0 {
			return nil, r.at(pgerror.NotSupported("column aliases on the table that is written are not supported through Postern"), rv.Location)
		}
		t.item.alias, t.item.schema = rv.Alias.Aliasname, ""
	}
	for i, column1 := range v.columns {
		t.reads[column1] = v.tree.TargetList[i].GetResTarget().Val
		t.item.columns = append(t.item.columns, column{name: column1, as: t.reads[column1], origins: []origin{{use: t.use, name: column1, alias: t.item.alias}}})
	}
	rv.Catalogname, rv.Schemaname, rv.Relname, rv.Alias = "", table.Schema, table.Name, &pg.Alias{Aliasname: targetAlias}
	if r.rw.redshift() {
		t.underOwnName(rv)
	}
	return t, nil
}

// ownNamesOnce is ownNames for the first that is asked for: from then on Postern's own names stand in the tree. Whoever asks first has all of the
// statement in hand.
func (r *resolver) ownNamesOnce(m protoreflect.Message) error {
	if r.named {
		return nil
	}
	r.named = true
	return r.ownNames(m)
}

// ownNames refuses names that could be taken for Postern's own, which stand beside the client's in a statement that writes.
func (r *resolver) ownNames(m protoreflect.Message) error {
	var names []string
	switch v := m.Interface().(type) {
	case *pg.Alias:
		names = []string{v.Aliasname}
	case *pg.RangeVar:
		names = []string{v.Relname}
	case *pg.CommonTableExpr:
		names = []string{v.Ctename}
	case *pg.FuncCall:
		names, _ = stringList(v.Funcname)
	}
	for _, name := range names {
		if strings.HasPrefix(name, ownPrefix) {
			return pgerror.NotSupported("the name %q is not supported through Postern in a statement that writes: names that begin with %s are its own", name, ownPrefix)
		}
	}
	var err error
	anyMessage(m, func(child protoreflect.Message) bool {
		err = r.ownNames(child)
		return err != nil
	})
	return err
}

// writable refuses columns that are not there for the person, or that they see masked.
func (r *resolver) writable(t *target, name string, location int32) error {
	c, ok := t.view.decision.Column(name)
	if !ok {
		return r.at(&pgerror.Error{Code: pgerror.CodeUndefinedColumn,
			Message: fmt.Sprintf("column %q of relation %q does not exist", name, t.relation)}, location)
	}
	if c.Mask != nil && !c.Column.WriteMasked {
		e := pgerror.InsufficientPrivilege("permission denied for column %q of relation %q", name, t.relation)
		return r.at(e.WithDetail("The column is masked."), location)
	}
	t.use.touch(name)
	return nil
}

// keepsMasks refuses to set a column on which the mask of another one rests: with another value in it the mask might leave the row alone, or be drawn
// anew. What a generated column is made of is not known, so where a mask rests on one nothing can be set.
func (r *resolver) keepsMasks(t *target, name string, location int32) error {
	for _, c := range t.view.decision.Columns {
		if c.Mask == nil {
			continue
		}
		rests := false
		expr.Walk(c.Mask, func(e expr.Expr) {
			if of, ok := e.(expr.Column); ok && of.Relation == "" && of.Name != c.Column.Name {
				read, known := t.view.decision.Table.Column(of.Name)
				rests = rests || of.Name == name || !known || read.Generated
			}
		})
		if rests {
			e := pgerror.InsufficientPrivilege("permission denied for column %q of relation %q", name, t.relation)
			return r.at(e.WithDetail("The mask of another column rests on it."), location)
		}
	}
	return nil
}

// assignments judges the SET list of UPDATE, ON CONFLICT and MERGE.
func (r *resolver) assignments(t *target, list []*pg.Node, s *scope) error {
	for _, n := range list {
		set := n.GetResTarget()
		if set == nil {
			return r.unknown(n)
		}
		if err := r.writable(t, set.Name, set.Location); err != nil {
			return err
		}
		if err := r.keepsMasks(t, set.Name, set.Location); err != nil {
			return err
		}
		if err := r.subscripts(t, set, s); err != nil {
			return err
		}
		value := set.Val
		if many := value.GetMultiAssignRef(); many != nil {
			value = many.Source
		}
		if err := r.assigned(value, s); err != nil {
			return err
		}
	}
	return nil
}

// assigned judges a value that may be DEFAULT, or a row of such.
func (r *resolver) assigned(n *pg.Node, s *scope) error {
	if n.GetSetToDefault() != nil {
		return nil
	}
	if row := n.GetRowExpr(); row != nil {
		for _, arg := range row.Args {
			if err := r.assigned(arg, s); err != nil {
				return err
			}
		}
		return nil
	}
	return r.expr(n, s)
}

// subscripts judges SET a[1] = …, which keeps the rest of the old value.
func (r *resolver) subscripts(t *target, set *pg.ResTarget, s *scope) error {
	if len(set.Indirection) == 0 {
		return nil
	}
	if c, _ := t.view.decision.Column(set.Name); c.Mask != nil {
		return r.at(pgerror.InsufficientPrivilege("permission denied for column %q of relation %q", set.Name, t.relation), set.Location)
	}
	for _, step := range set.Indirection {
		indices := step.GetAIndices()
		if indices == nil {
			return r.at(pgerror.NotSupported("assigning to a field is not supported through Postern"), set.Location)
		}
		if err := r.exprs(s, indices.Lidx, indices.Uidx); err != nil {
			return err
		}
	}
	return nil
}

// guarded is the condition for target rows: the row filter, the person's conditions that cannot fail, then all others behind the filter. The
// conditions are judged already, but for those in plain.
func (t *target) guarded(plain []*pg.Node, rest *pg.Node) *pg.Node {
	if t.filter == nil {
		return conjunction(append(plain, conjunctsOf(rest)...))
	}
	all := append([]*pg.Node{t.filterNode()}, plain...)
	if rest != nil {
		all = append(all, caseWhen(t.filterNode(), rest, nil))
	}
	return conjunction(all)
}

func (t *target) filterNode() *pg.Node { return proto.Clone(t.filter).(*pg.Node) }

// where judges the person's condition and guards it.
func (r *resolver) targetWhere(t *target, where *pg.Node, s *scope) (*pg.Node, error) {
	var plain, rest []*pg.Node
	for _, n := range conjunctsOf(where) {
		raw := t.filter != nil && r.neverFails(t, n, s)
		if err := r.expr(n, s); err != nil {
			return nil, err
		}
		if raw {
			plain = append(plain, transparent(n))
		} else {
			rest = append(rest, n)
		}
	}
	return t.guarded(plain, conjunction(rest)), nil
}

// neverFails recognises the equality of a raw column of the target with constants, which may run beside the filter: it tells nothing
// of hidden rows, and an index serves it.
func (r *resolver) neverFails(t *target, n *pg.Node, s *scope) bool {
	ref, value := equality(n)
	if ref == nil {
		return false
	}
	c, own := ownColumn(ref, s, r.req.Database)
	if !own || c.as == nil || len(c.origins) != 1 {
		return false
	}
	decision, ok := t.view.decision.Column(c.origins[0].name)
	if !ok || decision.Mask != nil || decision.Column.Nondeterministic {
		return false
	}
	fits, settled := r.comparable(decision.Column.Type, n.GetAExpr().Kind, value)
	return fits && settled
}

// transparent takes the wrapping off a column that hides it from the planner, so that an index can serve it.
func transparent(n *pg.Node) *pg.Node {
	e := n.GetAExpr()
	for _, side := range []*pg.Node{e.Lexpr, e.Rexpr} {
		if c := side.GetCoalesceExpr(); c != nil && len(c.Args) == 2 && c.Args[0].GetColumnRef() != nil && proto.Equal(c.Args[0], c.Args[1]) {
			side.Node = c.Args[0].Node
		}
	}
	return n
}

// returning judges RETURNING and adds the check of the new row. quiet says that there was none: then the rows are not the client's.
func (r *resolver) returning(t *target, list []*pg.Node, s *scope, check bool) (_ []*pg.Node, quiet bool, err error) {
	list, err = r.expandStars(list, s)
	if err != nil {
		return nil, false, err
	}
	if r.returned, err = r.targets(list, s); err != nil {
		return nil, false, err
	}
	if !check || t.filter == nil {
		return list, false, nil
	}
	passes := caseWhen(t.filterNode(), boolConstant(true), violation())
	if len(list) == 0 {
		return []*pg.Node{pg.MakeResTargetNodeWithNameAndVal("postern_check", passes, -1)}, true, nil
	}
	first := list[0].GetResTarget()
	if first.Name == "" {
		first.Name = outputName(first.Val, r.firstColumn)
	}
	// Both ends are the same, so that the value keeps its type and modifier.
	first.Val = caseWhen(passes, first.Val, proto.Clone(first.Val).(*pg.Node))
	return list, false, nil
}

// expandStars names the columns of the target where RETURNING has a star.
func (r *resolver) expandStars(list []*pg.Node, s *scope) ([]*pg.Node, error) {
	var out []*pg.Node
	for _, n := range list {
		fields := n.GetResTarget().GetVal().GetColumnRef().GetFields()
		if len(fields) == 0 || fields[len(fields)-1].GetAStar() == nil {
			out = append(out, n)
			continue
		}
		items := s.items
		if len(fields) > 1 {
			it, err := r.qualifier(namesOf(fields[:len(fields)-1]), n.GetResTarget().GetVal().GetColumnRef(), s)
			if err != nil {
				return nil, err
			}
			items = []*item{it}
		}
		for _, it := range items {
			switch {
			case it.target:
				for _, c := range it.columns {
					out = append(out, pg.MakeResTargetNodeWithNameAndVal(c.name, columnNode(it.alias, c.name), -1))
				}
			case it.byAlias && (it.byColumn || len(fields) > 1):
				star := &pg.Node{Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}
				out = append(out, pg.MakeResTargetNodeWithVal(pg.MakeColumnRefNode([]*pg.Node{pg.MakeStrNode(it.alias), star}, -1), -1))
			case it.byColumn:
				return nil, pgerror.NotSupported("RETURNING * over a join is not supported through Postern: name the columns")
			}
		}
	}
	return out, nil
}

func namesOf(fields []*pg.Node) []string {
	names, _ := stringList(fields)
	return names
}

// RowCheck is the text in the error by which a new row that the filter would hide ends a statement: `invalid input syntax for type
// boolean`, 22P02. The proxy says 42501 instead.
const RowCheck = "postern: new row"

// violation is an expression that fails when it is computed, and not before: concat is not immutable.
func violation() *pg.Node {
	call := &pg.FuncCall{Funcname: []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode("concat")},
		Args: []*pg.Node{pg.MakeAConstStrNode(RowCheck, -1)}, Funcformat: pg.CoercionForm_COERCE_EXPLICIT_CALL, Location: -1}
	return typeCast(&pg.Node{Node: &pg.Node_FuncCall{FuncCall: call}}, "bool", false)
}

// caseWhen is CASE WHEN cond THEN result [ELSE otherwise] END.
func caseWhen(cond, result, otherwise *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{
		Args:      []*pg.Node{{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: cond, Result: result, Location: -1}}}},
		Defresult: otherwise, Location: -1,
	}}}
}

// replaceTarget puts what a column of the written table is read as in the place of its name.
func (r *resolver) replaceTarget(n *pg.Node) {
	if c := r.resolved; c.as != nil {
		n.Node = proto.Clone(c.as).(*pg.Node).Node
	}
}

// wholeTarget refuses the whole row of the written table.
func (r *resolver) wholeTarget(it *item, location int32) error {
	if !it.target {
		return nil
	}
	return r.at(pgerror.NotSupported("the whole row of the table that is written is not supported through Postern: name its columns"), location)
}
