package rewrite

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// tableoid is the one system column that is given back. All rows of a table without children have the same, which is known. Where
// there are children the View has one more column, which only the client's tableoid names. A child that the person cannot name is not
// there for them: its rows are those of the nearest table above that they can name, as if it had no such child.

// oidPrefix begins the names of the columns that say which table a row is in.
const oidPrefix = "postern_tableoid_"

// tableOID answers for tableoid. False means that the name is something else.
func (r *resolver) tableOID(n *pg.Node, s *scope) (bool, error) {
	ref := n.GetColumnRef()
	names, ok := stringList(ref.GetFields())
	if !ok || len(names) == 0 || names[len(names)-1] != "tableoid" || s == nil {
		return false, nil
	}
	it := systemItem(s)
	if len(names) > 1 {
		var err error
		if it, err = r.qualifier(names[:len(names)-1], ref, s); err != nil {
			return true, err
		}
	}
	at := placeOf(it)
	if at == nil || it.target || at.view.catalog || it.count("tableoid") > 0 {
		return false, nil
	}
	table := at.view.decision.Table
	if table.Kind == catalog.KindView {
		return false, nil
	}
	r.fenceAll = true
	if len(table.Children) > 0 || table.HasChildren || table.Kind == catalog.KindPartitionedTable {
		return true, r.childOID(n, it, at)
	}
	if _, found := s.lookup(it.alias); found > 0 {
		return false, nil
	}
	whole := &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(it.alias)}, Location: -1}}}
	if err := r.expr(whole, s); err != nil {
		return true, err
	}
	n.Node = caseWhen(distinctFromNull(whole), oidNode(table.OID), nil).Node
	return true, nil
}

// systemItem is the one table of the level whose columns can be named bare.
func systemItem(s *scope) *item {
	var out *item
	for _, it := range s.items {
		if !it.byColumn || placeOf(it) == nil {
			continue
		}
		if out != nil {
			return nil
		}
		out = it
	}
	return out
}

// placeOf is the one View whose columns the item has; nil for a sub-select, a join, and what is not governed.
func placeOf(it *item) *place {
	if it == nil || !it.byAlias || len(it.columns) == 0 {
		return nil
	}
	var at *place
	for _, c := range it.columns {
		if len(c.origins) != 1 || c.origins[0].at == nil || at != nil && at != c.origins[0].at {
			return nil
		}
		at = c.origins[0].at
	}
	return at
}

// childOID names the extra column, and gives the View one if it has none yet.
func (r *resolver) childOID(n *pg.Node, it *item, at *place) error {
	switch {
	case r.viewDepth > 0 || len(r.writes) > 0 || r.rw.redshift():
		return pgerror.NotSupported("system column tableoid of a table with partitions or children is not supported through Postern here")
	case at.oid == "" && len(r.oids) == 0 && nameWithin(r.root.ProtoReflect(), oidPrefix):
		return pgerror.NotSupported("names that begin with %s are not supported through Postern beside tableoid", oidPrefix)
	case at.oid == "":
		number, err := r.rowTable(at)
		if err != nil {
			return err
		}
		r.oids = append(r.oids, at)
		at.oid, at.number = oidPrefix+strconv.Itoa(len(r.oids)), number
	}
	n.GetColumnRef().Fields = []*pg.Node{pg.MakeStrNode(it.alias), pg.MakeStrNode(at.oid)}
	return nil
}

// rowTable is the expression, over the table of the View, for the oid of the table that a row is in as far as the person can name it.
func (r *resolver) rowTable(at *place) (func(table string) *pg.Node, error) {
	root := at.view.decision.Table
	known, err := r.facts()
	if err != nil {
		return nil, err
	}
	byOID := r.tablesByOID()
	named := func(t *catalog.Table) bool {
		return t != nil && known.tables[tableName{t.Schema, t.Name}] == t
	}
	type below struct{ oid, shown uint32 }
	var shown []below
	var keys []*catalog.Table
	seen := map[uint32]bool{root.OID: true}
	for queue := []below{{root.OID, root.OID}}; len(queue) > 0; queue = queue[1:] {
		t := byOID[queue[0].oid]
		if t == nil {
			continue
		}
		keys = append(keys, t)
		for _, oid := range t.Children {
			if seen[oid] {
				continue
			}
			seen[oid] = true
			b := below{oid, queue[0].shown}
			if named(byOID[oid]) {
				b.shown = oid
			}
			if b.shown != root.OID {
				shown = append(shown, b)
			}
			queue = append(queue, b)
		}
	}
	if len(shown) > 0 && slices.ContainsFunc(keys, func(t *catalog.Table) bool { return !showsKey(at.view, t) }) {
		return nil, pgerror.NotSupported("system column tableoid is not supported through Postern on %q: what divides the table into partitions is masked or hidden", root.Name)
	}
	return func(table string) *pg.Node {
		var arms []*pg.Node
		for _, b := range shown {
			arms = append(arms, &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: oidNode(b.oid), Result: oidNode(b.shown), Location: -1}}})
		}
		if len(arms) == 0 {
			return oidNode(root.OID)
		}
		return &pg.Node{Node: &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{
			Arg: refNode(table, "tableoid"), Args: arms, Defresult: oidNode(root.OID), Location: -1}}}
	}, nil
}

// tablesByOID finds the tables below a table, of which the oids are known.
func (r *resolver) tablesByOID() map[uint32]*catalog.Table {
	out := map[uint32]*catalog.Table{}
	for _, t := range r.req.Program.Snapshot().Tables() {
		out[t.OID] = t
	}
	return out
}

// showsKey reports that the person sees all by which a table of the tree is partitioned, as it is.
func showsKey(v *view, t *catalog.Table) bool {
	for _, number := range t.PartitionKey {
		i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Number == number })
		if i < 0 {
			// An expression, of which the columns are not known.
			if len(v.decision.Columns) < len(v.decision.Table.Columns) {
				return false
			}
			for _, c := range v.decision.Columns {
				if c.Mask != nil {
					return false
				}
			}
			continue
		}
		if c, ok := v.decision.Column(t.Columns[i].Name); !ok || c.Mask != nil {
			return false
		}
	}
	return true
}

func oidNode(oid uint32) *pg.Node {
	return typeCast(pg.MakeAConstStrNode(strconv.FormatUint(uint64(oid), 10), -1), "oid", false)
}

// addOIDs puts the extra columns into their Views, when all of the statement was judged.
func (r *resolver) addOIDs() error {
	for _, at := range r.oids {
		if at.whole > 0 || at.counted {
			return pgerror.NotSupported("system column tableoid of table %q is not supported through Postern beside its whole row or a join's column aliases",
				at.view.decision.Table.Name)
		}
		tree := at.tree()
		if at.looked {
			inner := tree.FromClause[0].GetRangeSubselect().Subquery.GetSelectStmt()
			inner.TargetList = append(inner.TargetList, pg.MakeResTargetNodeWithNameAndVal(at.oid, at.number(aliasIn(inner)), -1))
			tree.TargetList = append(tree.TargetList, pg.MakeResTargetNodeWithVal(columnNode(aroundAlias, at.oid), -1))
			continue
		}
		tree.TargetList = append(tree.TargetList, pg.MakeResTargetNodeWithNameAndVal(at.oid, at.number(aliasIn(tree)), -1))
	}
	for _, s := range r.stars {
		if s.showsOID() && s.columns() == nil {
			return pgerror.NotSupported("system column tableoid is not supported through Postern beside a star with two columns of one name")
		}
	}
	return nil
}

// showsOID reports that the star would show an extra column.
func (s starred) showsOID() bool {
	for _, it := range s.items {
		for _, c := range it.columns {
			for _, o := range c.origins {
				if o.at != nil && o.at.oid != "" {
					return true
				}
			}
		}
	}
	return false
}
