package difftest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestEscapes runs the leak pins that want the whole of Postern. A file has a person, what that person sends, line by line, and what
// must occur in no byte that comes back; markers must not either. It may have a policy of its own; the service role may write then.
func TestEscapes(t *testing.T) {
	files, err := filepath.Glob("../../testdata/leaks/oracle/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no pins", err)
	}
	p := startPostern(t, damage{})
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]string{}
		for _, f := range archive.Files {
			parts[f.Name] = strings.TrimSpace(string(f.Data))
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			address := p.address
			if more := parts["policy"]; more != "" {
				address = startWriting(t, "---\n"+more+"\n").address
			}
			c := connect(t, address, connectionName, parts["person"])
			for _, word := range strings.Split(parts["lacks"], "\n") {
				if word != "" {
					c.tap.markers = append(c.tap.markers, []byte(word))
				}
			}
			for _, sql := range strings.Split(parts["sql"], "\n") {
				for _, how := range []protocol{simple, extended, binary} {
					c.ask(t.Context(), how, statement{sql: strings.TrimSuffix(sql, ";")})
					if leaked := c.tap.take(); leaked != "" {
						t.Errorf("%s protocol: %s\nbrings %q", how, sql, leaked)
					}
				}
			}
		})
	}
}
