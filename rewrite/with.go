package rewrite

import (
	"fmt"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
)

// with judges a WITH clause; its queries become visible in outer. Without RECURSIVE each sees the ones before it; with RECURSIVE
// all see all, and each is judged when it is first needed.
func (r *resolver) with(w *pg.WithClause, outer *scope) error {
	if w == nil {
		return nil
	}
	if outer.parent == nil && r.viewDepth == 0 && writesWithin(w.ProtoReflect()) {
		if err := r.ownNamesOnce(r.root.ProtoReflect()); err != nil {
			return err
		}
	}
	outer.ctes = make(map[string]*cte, len(w.Ctes))
	var all []*cte
	for _, n := range w.Ctes {
		c, err := r.newCTE(n, outer, outer.ctes)
		if err != nil {
			return err
		}
		c.recursive = w.Recursive
		all = append(all, c)
		if w.Recursive {
			outer.ctes[c.name] = c
			continue
		}
		if err := r.know(c, -1); err != nil {
			return err
		}
		outer.ctes[c.name] = c
	}
	for _, c := range all {
		if err := r.know(c, -1); err != nil {
			return err
		}
	}
	return nil
}

func writesWithin(m protoreflect.Message) bool {
	switch m.Interface().(type) {
	case *pg.InsertStmt, *pg.UpdateStmt, *pg.DeleteStmt, *pg.MergeStmt:
		return true
	}
	return anyMessage(m, writesWithin)
}

func (r *resolver) newCTE(n *pg.Node, outer *scope, before map[string]*cte) (*cte, error) {
	e := n.GetCommonTableExpr()
	if e == nil {
		return nil, r.unknown(n)
	}
	if before[e.Ctename] != nil {
		return nil, r.at(&pgerror.Error{Code: "42712", Message: fmt.Sprintf("WITH query name %q specified more than once", e.Ctename)},
			e.Location)
	}
	aliases, ok := stringList(e.Aliascolnames)
	if !ok {
		return nil, r.unknown(n)
	}
	c := &cte{name: e.Ctename, expr: e}
	stmt := e.Ctequery.GetSelectStmt()
	if stmt == nil {
		c.judge = func() error { return r.writeInWith(c, aliases, outer) }
		return c, nil
	}
	c.judge = func() error {
		learn := func(names []string) {
			c.columns = renamed(names, aliases)
			c.known = true
		}
		names, err := r.selectStmt(stmt, outer, learn)
		if err != nil {
			return err
		}
		learn(names)
		return r.searchAndCycle(e, c)
	}
	return c, nil
}

// know judges a WITH query unless that was done. A query that is being judged is known once its first arm is.
func (r *resolver) know(c *cte, location int32) error {
	if judge := c.judge; judge != nil {
		c.judge = nil
		return judge()
	}
	if !c.known {
		return r.at(&pgerror.Error{Code: "42P19",
			Message: fmt.Sprintf("recursive reference to query %q must not appear within its non-recursive term", c.name)}, location)
	}
	return nil
}

// searchAndCycle adds the columns that SEARCH and CYCLE compute.
func (r *resolver) searchAndCycle(e *pg.CommonTableExpr, c *cte) error {
	if e.SearchClause != nil {
		c.columns = append(c.columns, e.SearchClause.SearchSeqColumn)
	}
	if e.CycleClause != nil {
		if err := r.exprs(nil, e.CycleClause.CycleMarkValue, e.CycleClause.CycleMarkDefault); err != nil {
			return err
		}
		c.columns = append(c.columns, e.CycleClause.CycleMarkColumn, e.CycleClause.CyclePathColumn)
	}
	return nil
}

// renamed gives the first names of a list those of a column alias list.
func renamed(names, aliases []string) []string {
	out := append([]string(nil), names...)
	for i, alias := range aliases {
		if i < len(out) {
			out[i] = alias
		}
	}
	return out
}

func valuesName(i int) string { return "column" + strconv.Itoa(i+1) }

// writeInWith judges INSERT, UPDATE and DELETE in the WITH of the outermost query. They run once and to their end, whether or not anybody reads
// what they return (manual, 7.8.4), and so do their checks.
func (r *resolver) writeInWith(c *cte, aliases []string, outer *scope) error {
	query := c.expr.Ctequery
	if outer.parent != nil || r.viewDepth > 0 {
		return r.at(pgerror.NotSupported("WITH clause containing a data-modifying statement must be at the top level"), c.expr.Location)
	}
	if err := r.writesInWith(); err != nil {
		return r.at(err, c.expr.Location)
	}
	var in Statement
	var err error
	asked := 0
	switch v := query.GetNode().(type) {
	case *pg.Node_InsertStmt:
		asked, err = len(v.InsertStmt.ReturningList), r.insert(v.InsertStmt, outer, &in)
	case *pg.Node_UpdateStmt:
		asked, err = len(v.UpdateStmt.ReturningList), r.update(v.UpdateStmt, outer, &in)
	case *pg.Node_DeleteStmt:
		asked, err = len(v.DeleteStmt.ReturningList), r.delete(v.DeleteStmt, outer, &in)
	default:
		return r.at(pgerror.NotSupported("%s in WITH is not supported through Postern", nodeName(query)), c.expr.Location)
	}
	if err != nil {
		return err
	}
	if c.silent = asked == 0; !c.silent {
		c.columns = renamed(r.returned, aliases)
	}
	c.known = true
	return nil
}

// writesInWith refuses statements around which a query that writes has not been thought through.
func (r *resolver) writesInWith() error {
	switch r.root.GetNode().(type) {
	case *pg.Node_SelectStmt, *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt, *pg.Node_PrepareStmt:
		return nil
	}
	return pgerror.NotSupported("statement %s of a query that writes is not supported through Postern", statementName(r.root))
}
