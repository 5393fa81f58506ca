package tokenize_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/posternsql/postern/tokenize"
)

// TestDomainVectors: what was computed once is what comes out for ever, or stored tokens would match nothing any more.
func TestDomainVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/domain.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		key, _ := hex.DecodeString(f[0])
		value, _ := hex.DecodeString(f[4])
		d, err := tokenize.NewDomain(f[1], key)
		if err != nil {
			t.Fatal(err)
		}
		if got := domainResult(d, f[2], f[3], string(value)); got != f[5] {
			t.Errorf("%s: %s", line, got)
		}
	}
	if t.Logf("%d vectors", n); n < 150 {
		t.Errorf("only %d vectors", n)
	}
}

func domainResult(d *tokenize.Domain, function, alphabet, value string) string {
	var out string
	var err error
	switch function {
	case "keyed_hash":
		out, err = d.Hash(value)
	case "keyed_draw":
		var draw int64
		draw, err = d.Draw(value)
		out = fmt.Sprint(draw)
	case "protect":
		out, err = d.Protect(value)
	case "format_preserving":
		out, err = d.FormatPreserving(alphabet, value)
	}
	if err != nil {
		return "NULL"
	}
	return hex.EncodeToString([]byte(out))
}
