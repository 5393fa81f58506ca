package control

import (
	"maps"

	"github.com/posternsql/postern/catalog"
)

// Reviews has, per registered source (connection.schema.table), the columns that were there when it was registered or that
// someone has looked at since. It is a value: what changes it makes a new one.
type Reviews map[string]Review

// Review is what is known of one source.
type Review struct {
	// OID of the table for which the numbers hold.
	OID uint32 `json:"oid"`
	// Columns maps names to attribute numbers.
	Columns map[string]int16 `json:"columns"`
}

// equal compares deeply.
func (r Reviews) equal(other Reviews) bool {
	return maps.EqualFunc(r, other, func(a, b Review) bool { return a.OID == b.OID && maps.Equal(a.Columns, b.Columns) })
}

// review marks the reviewed columns of a table and returns the record to keep. known is false for a source that was not
// registered before: then all columns are reviewed. A column that was dropped and made again has another number and is
// new, even under its old name; a whole table that was made again (another OID, as after a reload) keeps what was
// reviewed by name. named are the columns that the Source resource lists: whoever wrote it has looked at them, but for one that had the name before
// and is another column now.
func review(t *catalog.Table, old Review, known bool, named func(column string) bool) Review {
	out := Review{OID: t.OID, Columns: make(map[string]int16, len(t.Columns))}
	for i := range t.Columns {
		c := &t.Columns[i]
		number, found := old.Columns[c.Name]
		same := old.OID != t.OID || number == c.Number
		c.Reviewed = !known || found && same || named(c.Name) && (!found || same)
		if c.Reviewed {
			out.Columns[c.Name] = c.Number
		}
	}
	return out
}
