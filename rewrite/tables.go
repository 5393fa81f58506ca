package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// use is one governed table in one statement, and what of it the client's text touches.
type use struct {
	view    *view
	all     bool
	touched map[string]bool
	// shown is set while a bare column of the outermost select list is judged. What is touched then is only shown; compared has
	// the columns that are touched in any other way.
	shown    *bool
	compared map[string]bool
	// lookedUp are the columns whose raw value is compared, see rawequality.go.
	lookedUp map[string]bool
	// written marks the table that the statement writes.
	written bool
}

func (u *use) touch(name string) {
	if !*u.shown {
		if u.compared == nil {
			u.compared = map[string]bool{}
		}
		u.compared[name] = true
	}
	if u.touched == nil {
		u.touched = map[string]bool{}
	}
	u.touched[name] = true
}

// requested lists the touched columns in column order; nil means all.
func (u *use) requested() []string {
	if u.all {
		return nil
	}
	out := []string{}
	for _, name := range u.view.columns {
		if u.touched[name] {
			out = append(out, name)
		}
	}
	return out
}

// raw lists the columns that are looked up, in column order.
func (u *use) raw() (out []string) {
	for _, name := range u.view.columns {
		if u.lookedUp[name] {
			out = append(out, name)
		}
	}
	return out
}

// otherDatabase refuses a name of another database, in PostgreSQL's words: it has no such references either, and there is nothing left to build.
func otherDatabase(name string) *pgerror.Error {
	return pgerror.NotSupported("cross-database references are not implemented: %q", name)
}

// table resolves a name in FROM that is not a WITH query. A table that is hidden is as if absent: an unqualified name skips it
// and goes on along the path, and where nothing is found the answer is one text for hidden and absent.
func (r *resolver) table(rv *pg.RangeVar) (*view, error) {
	name := rv.Relname
	for _, part := range []string{rv.Schemaname, rv.Catalogname} {
		if part != "" {
			name = part + "." + name
		}
	}
	if rv.Catalogname != "" && rv.Catalogname != r.req.Database && !(r.rw.redshift() && r.viewDepth > 0) {
		refused := otherDatabase(name)
		if r.rw.redshift() {
			refused.Hint = "What another database or a datashare holds has no policies here: a datashare is governed where it is a database of its own connection."
		}
		return nil, r.at(refused, rv.Location)
	}
	v, err := r.find(rv)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, r.at(pgerror.UndefinedTable(name, r.sourceToAskFor(rv.Schemaname, rv.Relname)...), rv.Location)
	}
	return v, r.supported(v, rv)
}

// sourceToAskFor is the source that the client's own words name: what is there plays no part in it. Of a path it takes the first schema, but for the
// user's own, which stands first by default and is hardly ever there. Inside of a view the words are not the client's.
func (r *resolver) sourceToAskFor(schema, name string) []string {
	if schema == "" && r.path.known && len(r.path.schemas) > 0 {
		schema = r.path.schemas[0]
		if schema == r.req.Principal.User() && len(r.path.schemas) > 1 {
			schema = r.path.schemas[1]
		}
	}
	if schema == "" || r.viewDepth > 0 {
		return nil
	}
	return []string{r.req.Database, schema, name}
}

// find returns nil where there is nothing that the person may see.
func (r *resolver) find(rv *pg.RangeVar) (*view, error) {
	if r.viewDepth > 0 {
		return r.baseOfView(rv)
	}
	if r.rw.redshift() {
		if v, err := r.systemView(rv); v != nil || err != nil {
			return v, err
		}
	}
	switch {
	case r.rw.redshift() && rv.Schemaname == "":
	case rv.Schemaname == builtinSchema, rv.Schemaname == "information_schema",
		rv.Schemaname == "" && strings.HasPrefix(rv.Relname, "pg_"):
		// PostgreSQL searches pg_catalog before the path. A table of the user's whose name begins so must be qualified.
		return r.builtinTable(rv)
	case rv.Schemaname != "":
		return r.visible(rv.Schemaname, rv.Relname)
	}
	if !r.path.known {
		return nil, r.at(pgerror.NotSupported("an unqualified table name behind a change of transaction and search_path in one "+
			"string is not supported through Postern: send the statements one by one"), rv.Location)
	}
	for _, schema := range r.path.schemas {
		if v, err := r.visible(schema, rv.Relname); v != nil || err != nil {
			return v, err
		}
	}
	return nil, nil
}

// visible returns the view of a table, nil if there is none that the person may see.
func (r *resolver) visible(schema, name string) (*view, error) {
	if box, ok := r.req.Program.Sandbox(schema); ok {
		if r.rw.redshift() {
			return nil, pgerror.NotSupported("a sandbox is not supported through Postern on Redshift")
		}
		return r.sandboxTable(box, name)
	}
	t, ok := r.req.Program.Snapshot().Table(schema, name)
	if !ok || !t.Registered {
		return nil, nil
	}
	v, err := r.rw.views.get(r.req, t, reach{})
	if err != nil {
		return nil, err
	}
	r.until = earlier(r.until, v.decision.ValidUntil)
	if v.decision.Stale {
		return nil, pgerror.Unavailable("what is known of this user is too old to decide by; try again later")
	}
	if !v.decision.Allowed {
		return nil, nil
	}
	return v, nil
}

// supported refuses what is visible but cannot be read soundly.
func (r *resolver) supported(v *view, rv *pg.RangeVar) error {
	if v.refused != nil {
		told := *v.refused.told
		return r.at(&told, rv.Location)
	}
	switch v.decision.Table.Kind {
	case catalog.KindTable, catalog.KindPartitionedTable, catalog.KindMaterializedView, catalog.KindForeignTable:
		return nil
	case catalog.KindView:
		if v.body == nil && !v.catalog {
			return r.at(viewUnreadable(v.decision.Table), rv.Location)
		}
		return nil
	}
	return r.at(pgerror.NotSupported("relation %q is of a kind that is not supported through Postern", rv.Relname), rv.Location)
}

// use finds or begins the record of a table in this statement.
func (r *resolver) useOf(v *view) *use {
	i := slices.IndexFunc(r.uses, func(u *use) bool { return u.view == v })
	if i >= 0 {
		return r.uses[i]
	}
	u := &use{view: v, shown: &r.shown}
	r.uses = append(r.uses, u)
	return u
}
