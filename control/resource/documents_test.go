package resource_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/control/resource"
)

// TestDocuments: what is read, written and read again is the same, comments and order included, and a set made of documents is that of the text.
func TestDocuments(t *testing.T) {
	const text = "# who\nkind: User\nname: ann # the first\ngroups: [b, a]\npassword: {env: X}\n---\nkind: Tag\nname: PII\n"
	docs, err := resource.ReadDocuments("x.yaml", []byte(text))
	if err != nil || len(docs) != 2 || docs[0].Key() != "User/ann" || docs[1].Pos.Line != 7 {
		t.Fatal(docs, err)
	}
	written, err := docs[0].Text()
	if want := "# who\nkind: User\nname: ann # the first\ngroups: [b, a]\npassword: {env: X}\n"; err != nil || written != want {
		t.Errorf("%q, %v", written, err)
	}
	a, err := resource.Assemble(docs)
	b, err2 := resource.Parse("x.yaml", []byte(text))
	if err != nil || err2 != nil || cmp.Diff(a, b) != "" {
		t.Error(err, err2, cmp.Diff(a, b))
	}
	with, err := docs[0].With("scram", "***", "password").Text()
	if want := "# who\nkind: User\nname: ann # the first\ngroups: [b, a]\nscram: '***'\n"; err != nil || with != want {
		t.Errorf("%q, %v", with, err)
	}
	if again, _ := docs[0].Text(); again != written {
		t.Error("the document was changed")
	}
}

// TestReplace keeps the lines.
func TestReplace(t *testing.T) {
	const text = "kind: Tag\nname: a\n---\nkind: User\nname: ann\npassword:\n  # here\n  env: X\ngroups: [a]\n"
	docs, err := resource.ReadDocuments("x", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := docs[1].Replace([]byte(text), "password", "scram", `a"$b`)
	want := "kind: Tag\nname: a\n---\nkind: User\nname: ann\nscram: \"a\\\"$b\"\n\n\ngroups: [a]\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	flow, err := resource.ReadDocuments("x", []byte("{kind: User, name: ann, password: {env: X}}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flow[0].Replace([]byte("{kind: User, name: ann, password: {env: X}}"), "password", "scram", "v"); err == nil || !strings.Contains(err.Error(), "lines of its own") {
		t.Error(err)
	}
}
