package rewrite

import (
	_ "embed" // catalog.sql
	"errors"
	"fmt"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// informationSchema is the standard's catalogue (SQL:2016 part 11).
const informationSchema = "information_schema"

// catalogSQL says what is shown of pg_catalog and information_schema; its first lines say how it is read. All other relations of
// the two are refused; their names are public, so the refusal may say so.
//
//go:embed catalog.sql
var catalogSQL string

// builtinTexts reads catalog.sql once: a View's text by the relation's name, with its schema if that is information_schema.
var builtinTexts = sync.OnceValue(func() map[string]string {
	texts := map[string]string{}
	name := ""
	for line := range strings.Lines(catalogSQL) {
		if title, ok := strings.CutPrefix(line, "-- relation "); ok {
			name = strings.TrimSpace(title)
		} else if !strings.HasPrefix(line, "--") && name != "" {
			texts[name] += line
		}
	}
	return texts
})

// builtinTables makes the pseudo-tables under which built-in Views are kept.
func builtinTables() map[string]*catalog.Table {
	out := map[string]*catalog.Table{}
	for full := range builtinTexts() {
		t := &catalog.Table{Schema: builtinSchema, Name: full, Kind: catalog.KindTable, Registered: true}
		if name, ok := strings.CutPrefix(full, informationSchema+"."); ok {
			t.Schema, t.Name = informationSchema, name
		}
		out[full] = t
	}
	return out
}

// quoteLiteral quotes text for any server, whatever its standard_conforming_strings.
func quoteLiteral(text string) string {
	quoted := strings.ReplaceAll(text, "'", "''")
	if !strings.Contains(quoted, `\`) {
		return "'" + quoted + "'"
	}
	return "E'" + strings.ReplaceAll(quoted, `\`, `\\`) + "'"
}

// builtinTable answers for relations of pg_catalog and information_schema.
func (r *resolver) builtinTable(rv *pg.RangeVar) (*view, error) {
	name := rv.Relname
	if rv.Schemaname == informationSchema {
		name = informationSchema + "." + name
	}
	t, ok := r.rw.views.builtin[name]
	if !ok {
		return nil, r.at(pgerror.NotSupported("catalog relation %q is not supported through Postern", rv.Relname), rv.Location)
	}
	if name == "pg_cursors" || name == "pg_prepared_statements" {
		return r.namesView(name, t)
	}
	v, err := r.rw.views.builtinView(r.req, name, t)
	if err == nil {
		r.until = earlier(r.until, v.decision.ValidUntil)
	}
	return v, err
}

func (vs *views) builtinView(req *Request, name string, t *catalog.Table) (*view, error) {
	key := viewKey{req.Program, req.Principal.Key() + "\x00" + req.Database, t, false}
	if v, ok := vs.cache.Get(key); ok && !v.expired(vs.now) {
		return v, nil
	}
	known, err := vs.facts(req)
	if err != nil {
		return nil, err
	}
	v := &view{catalog: true, relations: 1, decision: policy.Decision{Table: t, Allowed: true, ValidUntil: known.until}}
	if v.tree, v.columns, err = parseBuiltin(known.macros.Replace(builtinTexts()[name])); err != nil {
		return nil, fmt.Errorf("reading the view of %s: %w", name, err)
	}
	vs.cache.Add(key, v)
	return v, nil
}

// parseBuiltin parses the text of a built-in View and fences it: the person's conditions run neither on rows that are hidden, nor
// on statistics about them.
func parseBuiltin(text string) (*pg.SelectStmt, []string, error) {
	tree, err := pg.Parse(text + " OFFSET 0")
	if err != nil {
		return nil, nil, fmt.Errorf("parsing: %w", err)
	}
	if len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
		return nil, nil, errors.New("it is not one SELECT")
	}
	s := tree.Stmts[0].Stmt.GetSelectStmt()
	var columns []string
	for _, n := range s.TargetList {
		target := n.GetResTarget()
		if target.Name == "" {
			target.Name, _ = lastString(target.GetVal().GetColumnRef().GetFields())
		}
		if target.Name == "" {
			return nil, nil, fmt.Errorf("column %d has no name", len(columns)+1)
		}
		columns = append(columns, target.Name)
		if cast := target.Val.GetTypeCast(); cast.GetArg().GetColumnRef() != nil {
			// The planner looks through a cast that changes nothing.
			target.Val = &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{
				Args: []*pg.Node{target.Val, {Node: &pg.Node_TypeCast{TypeCast: cast}}}, Location: -1,
			}}}
		}
	}
	opaqueColumns(s, opaqueBuiltin(columns))
	unplace(tree.Stmts[0].Stmt)
	return s, columns, nil
}

// opaqueBuiltin are the columns of a built-in View whose statistics the planner must not find. Not a few "char", boolean and integer columns that tools select by:
// their values are the same few in every database, and only comparisons are estimated by statistics of theirs, which are leakproof and cannot fail. Without
// their statistics the planner takes a thousand tables for a handful, and reads the other catalogues once for each of them.
func opaqueBuiltin(columns []string) map[string]bool {
	out := map[string]bool{}
	for _, name := range columns {
		switch name {
		case "relkind", "relispartition", "contype", "typtype", "attisdropped", "objsubid":
		default:
			out[name] = true
		}
	}
	return out
}
