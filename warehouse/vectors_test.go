package warehouse_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// TestSharedVectors: the functions on PostgreSQL give what the Go package and the Lambda for Redshift give.
func TestSharedVectors(t *testing.T) {
	text, err := os.ReadFile("../tokenize/testdata/domain.tsv")
	if err != nil {
		t.Fatal(err)
	}
	owner, _, r := registered(t, "default")
	r.Ciphers, r.Domains, r.Keys = true, nil, map[string]secret.Value{}
	var vectors [][]string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		key, _ := hex.DecodeString(f[0])
		if _, ok := r.Keys[f[1]]; !ok {
			r.Domains = append(r.Domains, f[1])
		}
		r.Keys[f[1]] = secret.NewValue(string(key))
		vectors = append(vectors, f)
	}
	if _, err := warehouse.Register(t.Context(), owner, r); err != nil {
		t.Fatal(err)
	}
	for _, f := range vectors {
		call, args := "postern_functions."+f[2]+"($1, $2)", []string{f[1], fromHexText(t, f[4])}
		if f[3] != "" {
			call, args = "postern_functions."+f[2]+"($1, $2, $3)", []string{f[1], f[3], fromHexText(t, f[4])}
		}
		got := value(t, owner, "SELECT coalesce(encode(convert_to(("+call+")::text, 'UTF8'), 'hex'), 'NULL')", args...)
		if got != f[5] {
			t.Errorf("%v: %s", f, got)
		}
	}
	if t.Logf("%d vectors", len(vectors)); len(vectors) < 150 {
		t.Errorf("only %d vectors", len(vectors))
	}
}

func fromHexText(t *testing.T, s string) string { return string(fromHex(t, s)) }
