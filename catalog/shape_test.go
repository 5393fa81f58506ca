package catalog_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/catalog"
)

// TestShape: what is kept of a table survives being stored, and tells columns apart by their numbers.
func TestShape(t *testing.T) {
	table := &catalog.Table{OID: 7, Schema: "public", Name: "customer", Kind: catalog.KindTable, PrimaryKey: []string{"id"}, Columns: []catalog.Column{
		{Name: "id", Number: 1, Type: "integer", TypeOID: 23, Category: 'N', NotNull: true}, {Name: "phone", Number: 3, Type: "text", TypeOID: 25, Category: 'S', Collation: 100},
		{Name: "note", Number: 4, Type: "text", TypeOID: 25, Category: 'S', Collation: 100},
	}}
	text, err := json.Marshal(catalog.ShapeOf(table))
	var was catalog.Shape
	if err != nil || json.Unmarshal(text, &was) != nil || !was.Is(table) {
		t.Fatalf("%v: %s", err, text)
	}
	again := was.Table()
	again.OID = table.OID
	if diff := cmp.Diff(table, again); diff != "" {
		t.Error(diff)
	}
	// Swapped names, a type, one less, one more.
	table.Columns = []catalog.Column{{Name: "phone", Number: 1, Type: "bigint"}, {Name: "id", Number: 3, Type: "text"}, {Name: "more", Number: 5, Type: "date"}}
	want := "column id renamed to phone; column phone has type bigint, and had integer; column phone renamed to id; column note dropped; column more (date) added"
	if got := was.ChangedColumns(catalog.ShapeOf(table)); got != want || was.Is(table) {
		t.Errorf("got %s", got)
	}
}
