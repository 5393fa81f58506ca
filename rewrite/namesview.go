package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
)

// namesView answers for pg_cursors and pg_prepared_statements. The warehouse knows the guarded texts only: the client's own come from
// the session, so the View is made anew each time.
func (r *resolver) namesView(name string, t *catalog.Table) (*view, error) {
	known, err := r.facts()
	if err != nil {
		return nil, err
	}
	var names Names
	if r.req.Names != nil {
		names = r.req.Names()
	}
	r.fleeting = true
	text := strings.NewReplacer("{cursors}", namedTexts(names.Cursors), "{prepared}", namedTexts(names.Prepared)).Replace(builtinTexts()[name])
	v := &view{catalog: true, decision: policy.Decision{Table: t, Allowed: true, ValidUntil: known.until}}
	if v.tree, v.columns, err = parseBuiltin(text); err != nil {
		return nil, fmt.Errorf("reading the view of %s: %w", name, err)
	}
	return v, nil
}

// namedTexts prints names and texts as a derived table (name, statement).
func namedTexts(texts map[string]string) string {
	rows := []string{"(NULL::pg_catalog.text, NULL::pg_catalog.text)"}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		rows = append(rows, "("+quoteLiteral(name)+", "+quoteLiteral(texts[name])+")")
	}
	return "(VALUES " + strings.Join(rows, ", ") + ")"
}
