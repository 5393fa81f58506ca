package resource_test

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/control/resource"
)

// TestTextIsWhatWasRead: the text of a document reads as what was written, whatever way of writing texts the author chose, and its own text is the same again:
// or what is stored would be something else, and change with each rollback.
func TestTextIsWhatWasRead(t *testing.T) {
	const folded = "kind: DataPolicy\nname: own-region\non: {tables: [a.b.c]}\nrules:\n  - rows: >\n      a IN (SELECT b\n            JOIN c\n\n            WHERE d)\n    # why\n    exceptFor: x\n"
	indents := []string{"|", ">", "|-", ">-", "|+", ">+"}
	rapid.Check(t, func(t *rapid.T) {
		source := folded
		if rapid.Bool().Draw(t, "generated") {
			lines := rapid.SliceOfN(rapid.StringMatching(`[ ]{0,3}[a\t:#>"'-][ab\t :#>-]{0,6}|`), 1, 6).Draw(t, "lines")
			source = "kind: Tag\nname: t\ndescription: " + rapid.SampledFrom(indents).Draw(t, "style") + "\n  x" + strings.Join(lines, "\n  ") + "\ncolour: blue\n"
		}
		docs, err := resource.ReadDocuments("a", []byte(source))
		if err != nil || len(docs) != 1 {
			return // no YAML
		}
		once, err := docs[0].Text()
		if err != nil {
			t.Fatal(err)
		}
		again, err := resource.ReadDocuments("b", []byte(once))
		if err != nil || len(again) != 1 {
			t.Fatalf("%v: what was read of\n%s\nis written as\n%s", err, source, once)
		}
		twice, err := again[0].Text()
		if err != nil || twice != once {
			t.Fatalf("%v: %q became %q", err, once, twice)
		}
		var was, is any
		if err := yaml.Unmarshal([]byte(source), &was); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(once), &is); err != nil || !reflect.DeepEqual(was, is) {
			t.Fatalf("%v: %v became %v", err, was, is)
		}
	})
}
