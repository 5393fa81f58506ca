package rewrite

import (
	"github.com/posternsql/postern/pgerror"
)

// refusedPredicates refuses a statement that does more with a masked column than show it, where its source says
// `predicates: refused`. A column is shown by its bare name or a star in the outermost select list. Everywhere else it, or what
// is made of it, could stand in a condition, so everything else is refused: also sub-selects, WITH queries, the arms of a set
// operation and expressions. A predicate would see the masked value only; this is about intent, not about a leak.
func (r *resolver) refusedPredicates() error {
	for _, u := range r.uses {
		for i := range u.view.decision.Columns {
			c := &u.view.decision.Columns[i]
			if c.Mask == nil || !c.Column.PredicatesRefused || !u.compared[c.Column.Name] {
				continue
			}
			e := pgerror.InsufficientPrivilege("column %q is masked and can only be shown", c.Column.Name)
			e.Hint = "Name it bare in the outermost select list, and nowhere else."
			return e
		}
	}
	return nil
}

// outermost reports the level of the statement's own FROM: not that of a sub-select, a WITH query or an arm of a set operation.
func outermost(level *scope) bool {
	return level.parent != nil && level.parent.parent == nil
}
