package warehouse

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// TestPasswordDigest holds the answer to authentication code 13 against what AWS's own driver computes.
func TestPasswordDigest(t *testing.T) {
	text, err := os.ReadFile("testdata/digest.tsv")
	if err != nil {
		t.Fatal(err)
	}
	vectors := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var fields [5][]byte
		for i, field := range strings.Split(strings.TrimSpace(line), "\t") {
			if field == "-" {
				continue
			}
			if fields[i], err = hex.DecodeString(field); err != nil {
				t.Fatal(err)
			}
		}
		if got := passwordDigest(string(fields[0]), fields[1], fields[2], fields[3]); string(got[:]) != string(fields[4]) {
			t.Errorf("%q: %x, want %x", fields[0], got, fields[4])
		}
		vectors++
	}
	t.Logf("%d vectors", vectors)
	if vectors < 6 {
		t.Error("fewer than 6 vectors")
	}
}
