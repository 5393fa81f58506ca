package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// copyOut judges COPY … TO STDOUT. COPY of a table becomes COPY of a query on it.
func (r *resolver) copyOut(c *pg.CopyStmt) error {
	switch {
	case c.IsProgram:
		return pgerror.NotSupported("statement COPY TO PROGRAM is not supported through Postern")
	case c.Filename != "":
		return pgerror.NotSupported("statement COPY TO a file is not supported through Postern: use TO STDOUT")
	case c.WhereClause != nil:
		return pgerror.Syntax("WHERE clause not allowed with COPY TO", 0)
	}
	for _, n := range c.Options {
		if err := r.copyOption(n.GetDefElem()); err != nil {
			return err
		}
	}
	if c.Relation != nil {
		if err := r.copyTable(c); err != nil {
			return err
		}
	}
	if c.Query.GetSelectStmt() == nil {
		return pgerror.NotSupported("COPY of anything but a SELECT is not supported through Postern")
	}
	_, err := r.query(c.Query, nil)
	return err
}

// copyOption admits the options that change the form of the output only.
func (r *resolver) copyOption(o *pg.DefElem) error {
	name := strings.ToLower(o.GetDefname())
	switch name {
	case "header", "format", "delimiter", "null", "quote", "escape":
		switch o.Arg.GetNode().(type) {
		case nil:
			if name == "header" {
				return nil
			}
		case *pg.Node_String_, *pg.Node_Boolean, *pg.Node_Integer, *pg.Node_AConst:
			return nil
		}
	case "force_quote":
		if _, ok := stringList(o.Arg.GetList().GetItems()); ok {
			return nil
		}
	case "encoding":
		switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(o.Arg.GetString_().GetSval())) {
		case "utf8", "unicode":
			return nil
		}
	}
	return r.at(pgerror.NotSupported("COPY option %s is not supported through Postern with this value", name), o.GetLocation())
}

// copyTable turns COPY t (a, b) into COPY (SELECT a, b FROM ONLY t): COPY reads no inheritance children.
func (r *resolver) copyTable(c *pg.CopyStmt) error {
	rv := c.Relation
	v, err := r.table(rv)
	if err != nil {
		return err
	}
	if v.decision.Table.Kind != catalog.KindTable {
		return r.at(pgerror.NotSupported("COPY of %q is supported through Postern as COPY (SELECT …) TO STDOUT", rv.Relname), rv.Location)
	}
	names, ok := stringList(c.Attlist)
	if !ok {
		return pgerror.NotSupported("this column list is not supported through Postern")
	}
	if len(names) == 0 {
		names = v.columns
	}
	var targets []*pg.Node
	for _, name := range names {
		ref := &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(rv.Relname), pg.MakeStrNode(name)}, Location: -1}
		targets = append(targets, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{
			Val: &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}, Location: -1}}})
	}
	rv.Inh = false
	c.Query = &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList: targets, FromClause: []*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: rv}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}}}
	c.Relation, c.Attlist = nil, nil
	return nil
}
