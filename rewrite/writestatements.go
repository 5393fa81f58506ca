package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// insert judges INSERT. What it reads it reads as every query does. parent is the scope around a statement that stands in WITH.
func (r *resolver) insert(stmt *pg.InsertStmt, parent *scope, st *Statement) error {
	if err := r.ownNamesOnce(stmt.ProtoReflect()); err != nil {
		return err
	}
	wanted := []policy.Privilege{policy.PrivilegeInsert}
	if stmt.OnConflictClause != nil && stmt.OnConflictClause.Action == pg.OnConflictAction_ONCONFLICT_UPDATE {
		wanted = append(wanted, policy.PrivilegeUpdate)
	}
	t, err := r.target(stmt.Relation, wanted...)
	if err != nil {
		return err
	}
	outer := child(parent)
	if err := r.with(stmt.WithClause, outer); err != nil {
		return err
	}
	count, err := r.source(stmt.SelectStmt, outer)
	if err != nil {
		return err
	}
	if err := r.insertColumns(t, stmt, count); err != nil {
		return err
	}
	if err := r.onConflict(t, stmt.OnConflictClause, outer); err != nil {
		return err
	}
	stmt.ReturningList, st.Quiet, err = r.returning(t, stmt.ReturningList, child(outer, t.item), true)
	st.Written = t.relation
	return err
}

// source judges what is inserted and returns the number of its columns, -1 for DEFAULT VALUES.
func (r *resolver) source(n *pg.Node, outer *scope) (int, error) {
	stmt := n.GetSelectStmt()
	if stmt == nil {
		return -1, nil
	}
	if len(stmt.ValuesLists) == 0 || stmt.WithClause != nil || len(stmt.SortClause) > 0 || stmt.LimitCount != nil || stmt.LimitOffset != nil {
		names, err := r.query(n, outer)
		return len(names), err
	}
	for _, row := range stmt.ValuesLists {
		for _, value := range row.GetList().GetItems() {
			if value.GetSetToDefault() != nil {
				continue
			}
			if err := r.expr(value, child(outer)); err != nil {
				return 0, err
			}
		}
	}
	return len(stmt.ValuesLists[0].GetList().GetItems()), nil
}

// insertColumns names the columns where the client does not: the visible ones in order, as many as there are values.
func (r *resolver) insertColumns(t *target, stmt *pg.InsertStmt, count int) error {
	if len(stmt.Cols) == 0 && count >= 0 {
		if count > len(t.view.columns) {
			return pgerror.Syntax("INSERT has more expressions than target columns", 0)
		}
		for _, name := range t.view.columns[:count] {
			stmt.Cols = append(stmt.Cols, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: name, Location: -1}}})
		}
	}
	for _, n := range stmt.Cols {
		column := n.GetResTarget()
		if column == nil || len(column.Indirection) > 0 {
			return pgerror.NotSupported("inserting into a part of a column is not supported through Postern")
		}
		if err := r.writable(t, column.Name, column.Location); err != nil {
			return err
		}
	}
	return nil
}

// onConflict judges ON CONFLICT. The existing row is read and written like that of an UPDATE: behind the row filter.
func (r *resolver) onConflict(t *target, c *pg.OnConflictClause, outer *scope) error {
	if c == nil {
		return nil
	}
	if infer := c.Infer; infer != nil {
		if infer.WhereClause != nil {
			return pgerror.NotSupported("ON CONFLICT with a condition on the index is not supported through Postern")
		}
		for _, n := range infer.IndexElems {
			e := n.GetIndexElem()
			if e == nil || e.Name == "" || len(e.Opclass) > 0 || len(e.Collation) > 0 {
				return pgerror.NotSupported("ON CONFLICT is supported through Postern with columns or the name of a constraint")
			}
			if err := r.writable(t, e.Name, infer.Location); err != nil {
				return err
			}
		}
	}
	if c.Action != pg.OnConflictAction_ONCONFLICT_UPDATE {
		return nil
	}
	excluded := &item{alias: "excluded", byAlias: true, byColumn: true}
	for _, column1 := range t.view.decision.Columns {
		if column1.Mask == nil {
			excluded.columns = append(excluded.columns, column{name: column1.Column.Name})
		}
	}
	level := child(outer, t.item, excluded)
	if err := r.assignments(t, c.TargetList, level); err != nil {
		return err
	}
	var err error
	c.WhereClause, err = r.targetWhere(t, c.WhereClause, level)
	return err
}

// update judges UPDATE.
func (r *resolver) update(stmt *pg.UpdateStmt, parent *scope, st *Statement) error {
	if err := r.ownNamesOnce(stmt.ProtoReflect()); err != nil {
		return err
	}
	t, err := r.target(stmt.Relation, policy.PrivilegeUpdate)
	if err != nil {
		return err
	}
	level, err := r.writeScope(t, parent, stmt.WithClause, stmt.FromClause)
	if err != nil {
		return err
	}
	if err := r.assignments(t, stmt.TargetList, level); err != nil {
		return err
	}
	if stmt.WhereClause, err = r.targetWhere(t, stmt.WhereClause, level); err != nil {
		return err
	}
	stmt.ReturningList, st.Quiet, err = r.returning(t, stmt.ReturningList, level, true)
	st.Written = t.relation
	return err
}

// delete judges DELETE. The deleted rows were visible, so nothing is checked.
func (r *resolver) delete(stmt *pg.DeleteStmt, parent *scope, st *Statement) error {
	if err := r.ownNamesOnce(stmt.ProtoReflect()); err != nil {
		return err
	}
	t, err := r.target(stmt.Relation, policy.PrivilegeDelete)
	if err != nil {
		return err
	}
	level, err := r.writeScope(t, parent, stmt.WithClause, stmt.UsingClause)
	if err != nil {
		return err
	}
	if stmt.WhereClause, err = r.targetWhere(t, stmt.WhereClause, level); err != nil {
		return err
	}
	stmt.ReturningList, _, err = r.returning(t, stmt.ReturningList, level, false)
	st.Written = t.relation
	return err
}

// writeScope judges WITH and FROM or USING, which do not see the target, and returns the scope in which both are seen.
func (r *resolver) writeScope(t *target, parent *scope, with *pg.WithClause, from []*pg.Node) (*scope, error) {
	outer := child(parent)
	if err := r.with(with, outer); err != nil {
		return nil, err
	}
	level, err := r.from(from, outer)
	if err != nil {
		return nil, err
	}
	level.items = append([]*item{t.item}, level.items...)
	return level, r.distinctAliases(level.items)
}

// mergeInto judges MERGE. What its arms write is checked by their conditions, see mergeCheck.
func (r *resolver) mergeInto(stmt *pg.MergeStmt, st *Statement) error {
	if err := r.ownNamesOnce(stmt.ProtoReflect()); err != nil {
		return err
	}
	if len(stmt.ReturningList) > 0 {
		return pgerror.NotSupported("RETURNING in MERGE is not supported through Postern")
	}
	t, err := r.target(stmt.Relation, mergePrivileges(stmt)...)
	if err != nil {
		return err
	}
	outer := child(nil)
	if err := r.with(stmt.WithClause, outer); err != nil {
		return err
	}
	source, err := r.from([]*pg.Node{stmt.SourceRelation}, outer)
	if err != nil {
		return err
	}
	both := child(outer, append([]*item{t.item}, source.items...)...)
	if err := r.distinctAliases(both.items); err != nil {
		return err
	}
	if stmt.JoinCondition, err = r.targetWhere(t, stmt.JoinCondition, both); err != nil {
		return err
	}
	for _, n := range stmt.MergeWhenClauses {
		if err := r.mergeArm(t, n, both, source); err != nil {
			return err
		}
	}
	st.Written = t.relation
	return nil
}

func mergePrivileges(stmt *pg.MergeStmt) []policy.Privilege {
	out := []policy.Privilege{policy.PrivilegeMerge}
	for _, n := range stmt.MergeWhenClauses {
		switch n.GetMergeWhenClause().GetCommandType() {
		case pg.CmdType_CMD_INSERT:
			out = append(out, policy.PrivilegeInsert)
		case pg.CmdType_CMD_UPDATE:
			out = append(out, policy.PrivilegeUpdate)
		case pg.CmdType_CMD_DELETE:
			out = append(out, policy.PrivilegeDelete)
		default:
		}
	}
	return out
}

// mergeArm judges one WHEN. Its conditions see both sides where a row matched, else the source only.
func (r *resolver) mergeArm(t *target, n *pg.Node, both, source *scope) error {
	arm := n.GetMergeWhenClause()
	if arm == nil {
		return r.unknown(n)
	}
	level := both
	switch arm.MatchKind {
	case pg.MergeMatchKind_MERGE_WHEN_MATCHED:
	case pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_TARGET:
		level = source
	default:
		// NOT MATCHED BY SOURCE would be every hidden row, too.
		return pgerror.NotSupported("this WHEN of MERGE is not supported through Postern")
	}
	if err := r.expr(arm.Condition, level); err != nil {
		return err
	}
	switch arm.CommandType {
	case pg.CmdType_CMD_NOTHING, pg.CmdType_CMD_DELETE:
		return nil
	case pg.CmdType_CMD_UPDATE:
		if err := r.assignments(t, arm.TargetList, level); err != nil {
			return err
		}
	case pg.CmdType_CMD_INSERT:
		if err := r.mergeInsert(t, arm, level); err != nil {
			return err
		}
	default:
		return r.unknown(n)
	}
	if t.filter == nil {
		return nil
	}
	return r.mergeCheck(t, arm, level)
}

func (r *resolver) mergeInsert(t *target, arm *pg.MergeWhenClause, level *scope) error {
	if len(arm.TargetList) == 0 && len(arm.Values) > 0 {
		if len(arm.Values) > len(t.view.columns) {
			return pgerror.Syntax("INSERT has more expressions than target columns", 0)
		}
		for _, name := range t.view.columns[:len(arm.Values)] {
			arm.TargetList = append(arm.TargetList, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: name, Location: -1}}})
		}
	}
	for _, n := range arm.TargetList {
		if len(n.GetResTarget().GetIndirection()) > 0 {
			return pgerror.NotSupported("inserting into a part of a column is not supported through Postern")
		}
		if err := r.writable(t, n.GetResTarget().GetName(), n.GetResTarget().GetLocation()); err != nil {
			return err
		}
	}
	for _, value := range arm.Values {
		if err := r.assigned(value, level); err != nil {
			return err
		}
	}
	return nil
}

// truncate judges TRUNCATE, which takes every row: of a table whose rows are filtered it is refused.
func (r *resolver) truncate(stmt *pg.TruncateStmt, st *Statement) error {
	if stmt.Behavior == pg.DropBehavior_DROP_CASCADE || stmt.RestartSeqs {
		return pgerror.NotSupported("TRUNCATE with CASCADE or RESTART IDENTITY is not supported through Postern")
	}
	for _, n := range stmt.Relations {
		rv := n.GetRangeVar()
		if rv == nil {
			return r.unknown(n)
		}
		location := rv.Location
		t, err := r.target(rv, policy.PrivilegeTruncate)
		if err != nil {
			return err
		}
		if t.filter != nil && t.view.sandbox == nil {
			return r.at(pgerror.InsufficientPrivilege("permission denied for table %s", t.relation).WithDetail("Its rows are filtered; use DELETE."), location)
		}
		rv.Alias, st.Written = nil, t.relation
		t.use.all = true
	}
	return nil
}

// copyIn judges COPY table FROM STDIN, which nothing can check: of a table whose rows are filtered it is refused.
func (r *resolver) copyIn(c *pg.CopyStmt, st *Statement) error {
	switch {
	case c.IsProgram:
		return pgerror.NotSupported("statement COPY FROM PROGRAM is not supported through Postern")
	case c.Filename != "":
		return pgerror.NotSupported("statement COPY FROM a file is not supported through Postern: use FROM STDIN")
	case c.WhereClause != nil:
		return pgerror.NotSupported("WHERE in COPY FROM is not supported through Postern")
	case c.Relation == nil:
		return pgerror.NotSupported("this form of COPY is not supported through Postern")
	}
	for _, n := range c.Options {
		if err := r.copyOption(n.GetDefElem()); err != nil {
			return err
		}
	}
	location := c.Relation.Location
	t, err := r.target(c.Relation, policy.PrivilegeInsert)
	if err != nil {
		return err
	}
	if t.filter != nil && t.view.sandbox == nil {
		return r.at(pgerror.InsufficientPrivilege("permission denied for table %s", t.relation).WithDetail("Its rows are filtered; use INSERT."), location)
	}
	c.Relation.Alias = nil
	names, ok := stringList(c.Attlist)
	if !ok {
		return pgerror.NotSupported("this column list is not supported through Postern")
	}
	if len(names) == 0 {
		names = t.view.columns
		for _, name := range names {
			c.Attlist = append(c.Attlist, pg.MakeStrNode(name))
		}
	}
	for _, name := range names {
		if err := r.writable(t, name, -1); err != nil {
			return err
		}
	}
	st.Kind, st.Written = KindCopyIn, t.relation
	return nil
}
