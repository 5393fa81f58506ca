package tokenize_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/posternsql/postern/tokenize"
)

// TestSQLKeys holds keys, hashes and draws against vectors that were computed by something else: Python's hmac and hashlib.
func TestSQLKeys(t *testing.T) {
	data, err := os.ReadFile("testdata/sqlkeys.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Key, Domain, Inner, Outer string
		Values                    []struct {
			Value, Hash string
			Draw        int64
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	key, err := hex.DecodeString(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := tokenize.NewSQLKeys(key, v.Domain)
	if err != nil || keys.Inner != v.Inner || keys.Outer != v.Outer {
		t.Fatalf("other keys: %v", err)
	}
	if len(v.Values) < 14 {
		t.Errorf("%d values", len(v.Values))
	}
	for _, value := range v.Values {
		draw, err := keys.Draw(v.Domain, value.Value)
		if hash := keys.Hash(v.Domain, value.Value); hash != value.Hash || err != nil || draw != value.Draw {
			t.Errorf("%q: %s, %d (%v), and not %s, %d", value.Value, hash, draw, err, value.Hash, value.Draw)
		}
	}
	if other, err := tokenize.NewSQLKeys(key, "other"); err != nil || other.Inner == keys.Inner || other.Outer == keys.Outer || other.Inner == other.Outer {
		t.Errorf("keys are shared: %v", err)
	}
	if _, err := tokenize.NewSQLKeys(key[:15], v.Domain); !errors.Is(err, tokenize.ErrKey) {
		t.Errorf("a short key: %v", err)
	}
	if _, err := tokenize.NewSQLKeys(key, "a\x00b"); !errors.Is(err, tokenize.ErrDomain) {
		t.Errorf("a zero byte: %v", err)
	}
}
