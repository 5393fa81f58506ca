package policy

import (
	"fmt"

	"github.com/posternsql/postern/catalog"
)

// RawEquality reports why rows cannot be looked up by the raw value of a masked column (catalog.Column.RawEquality): its equality with a
// constant must be known not to fail and to be of one meaning.
func RawEquality(c catalog.Column) error {
	if c.Nondeterministic {
		return fmt.Errorf("column %s has a collation that takes different texts for equal", c.Name)
	}
	switch t := typeOf(c); t.base {
	case "text", "character varying", "character", "smallint", "integer", "bigint", "numeric", "boolean", "date",
		"timestamp without time zone", "timestamp with time zone", "uuid":
		return nil
	}
	return fmt.Errorf("column %s has type %s, of which it is not known that its equality never fails", c.Name, c.Type)
}
