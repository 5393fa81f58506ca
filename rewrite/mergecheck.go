package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy/expr"
)

// MERGE has no RETURNING before PostgreSQL 17 by which a new row could be looked at. So the row filter is asked of the row that will be: an
// arm's condition is followed by the filter with the arm's values in the place of its columns, which fails where the filter would hide the row. That is
// the row itself only where the values are the same when they are computed twice, and nothing else changes the row: no default, no generated column,
// no trigger that runs before. Anything else is refused.

// mergeCheck follows an arm's condition with the check of its new row. set are the columns that the arm gives a value, by name; what it does not set is what
// the row had, for UPDATE, and not known for INSERT.
func (r *resolver) mergeCheck(t *target, arm *pg.MergeWhenClause, s *scope) error {
	read := t.filterColumns()
	values := map[string]*pg.Node{}
	for i, n := range arm.TargetList {
		set := n.GetResTarget()
		value := set.GetVal()
		if arm.CommandType == pg.CmdType_CMD_INSERT && i < len(arm.Values) {
			value = arm.Values[i]
		}
		if !slices.Contains(read, set.GetName()) {
			continue
		}
		if value == nil || value.GetMultiAssignRef() != nil || value.GetSetToDefault() != nil || len(set.GetIndirection()) > 0 ||
			r.unsafe(value, s).volatile || r.undecided(value.ProtoReflect()) || reads(value.ProtoReflect()) {
			return r.at(unchecked(t, set.GetName()), set.GetLocation())
		}
		values[set.GetName()] = value
	}
	if arm.CommandType == pg.CmdType_CMD_UPDATE && len(values) == 0 && !slices.ContainsFunc(read, t.generated) {
		return r.keptByTriggers(t)
	}
	for _, name := range read {
		if _, given := values[name]; t.generated(name) || !given && arm.CommandType == pg.CmdType_CMD_INSERT {
			return unchecked(t, name)
		}
	}
	if arm.Override == pg.OverridingKind_OVERRIDING_USER_VALUE {
		return pgerror.NotSupported("OVERRIDING USER VALUE in MERGE is not supported through Postern on table %q: its rows are filtered", t.relation)
	}
	if err := r.keptByTriggers(t); err != nil {
		return err
	}
	check := t.filterNode()
	if err := t.put(check.ProtoReflect(), values, false); err != nil {
		return err
	}
	passes := caseWhen(check, boolConstant(true), violation())
	if arm.Condition != nil {
		passes = caseWhen(arm.Condition, passes, boolConstant(false))
	}
	arm.Condition = passes
	return nil
}

// unchecked names a column only where the person sees that it is there.
func unchecked(t *target, name string) *pgerror.Error {
	if _, ok := t.view.decision.Column(name); !ok {
		return pgerror.NotSupported("this MERGE is not supported through Postern on table %q: its rows are filtered. Use INSERT or UPDATE", t.relation)
	}
	return pgerror.NotSupported("MERGE is not supported through Postern without a plain value for column %q of table %q: its rows are filtered by it. "+
		"Use INSERT or UPDATE", name, t.relation)
}

// filterColumns are those of the table that its row filter reads.
func (t *target) filterColumns() (out []string) {
	expr.Walk(t.view.decision.Filter, func(e expr.Expr) {
		if c, ok := e.(expr.Column); ok && c.Relation == "" && !slices.Contains(out, c.Name) {
			out = append(out, c.Name)
		}
	})
	return out
}

// generated reports a column that the warehouse computes, or of which nothing is known.
func (t *target) generated(name string) bool {
	c, ok := t.view.decision.Table.Column(name)
	return !ok || c.Generated
}

// reads reports a sub-select, which may give another row of several when it runs again.
func reads(m protoreflect.Message) bool {
	if _, ok := m.Interface().(*pg.SubLink); ok {
		return true
	}
	return anyMessage(m, reads)
}

// undecided reports a parameter whose type another place could decide.
func (r *resolver) undecided(m protoreflect.Message) bool {
	if p, ok := m.Interface().(*pg.ParamRef); ok {
		return r.declared(p.Number) == 0 && r.parameterPlaces(p.Number) != 1
	}
	return anyMessage(m, r.undecided)
}

// keptByTriggers refuses a table on which, or below which, a trigger could change a row behind its check.
func (r *resolver) keptByTriggers(t *target) error {
	var byOID map[uint32]*catalog.Table
	seen := map[uint32]bool{}
	for queue := []*catalog.Table{t.view.decision.Table}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == nil || at.RowTriggers || at.Kind != catalog.KindTable && at.Kind != catalog.KindPartitionedTable {
			return pgerror.NotSupported("this MERGE is not supported through Postern on table %q: its rows are filtered, and a trigger, or a partition elsewhere, could change them behind "+
				"the check. Use INSERT, UPDATE or INSERT … ON CONFLICT", t.relation)
		}
		if len(at.Children) > 0 && byOID == nil {
			byOID = r.tablesByOID()
		}
		for _, oid := range at.Children {
			if !seen[oid] {
				seen[oid] = true
				queue = append(queue, byOID[oid])
			}
		}
	}
	return nil
}

// put puts the values, as their columns will hold them, where the filter names the columns.
func (t *target) put(m protoreflect.Message, values map[string]*pg.Node, below bool) error {
	if n, ok := m.Interface().(*pg.Node); ok {
		names, _ := stringList(n.GetColumnRef().GetFields())
		if len(names) == 2 && names[0] == targetAlias {
			if below {
				// Inside of a sub-select the names of the value could mean something else.
				return unchecked(t, names[1])
			}
			value, given := values[names[1]]
			if !given {
				return nil
			}
			c, ok := t.view.decision.Table.Column(names[1])
			if !ok {
				return unchecked(t, names[1])
			}
			cast, err := pg.Parse("SELECT NULL::" + c.Type)
			if err != nil {
				return fmt.Errorf("reading the type of column %s: %w", c.Name, err)
			}
			unplace(cast.Stmts[0].Stmt)
			out := cast.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val
			out.GetTypeCast().Arg = proto.Clone(value).(*pg.Node)
			n.Node = out.Node
			return nil
		}
	}
	if link, ok := m.Interface().(*pg.SubLink); ok {
		if err := t.put(link.GetTestexpr().ProtoReflect(), values, below); err != nil {
			return err
		}
		return t.put(link.GetSubselect().ProtoReflect(), values, true)
	}
	var err error
	anyMessage(m, func(child protoreflect.Message) bool {
		err = t.put(child, values, below)
		return err != nil
	})
	return err
}
