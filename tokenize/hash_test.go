package tokenize

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type hashVector struct {
	key                  []byte
	domain, value, token string
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hashVectors reads the vectors that every implementation of the hash shares.
func hashVectors(t *testing.T) []hashVector {
	t.Helper()
	data, err := os.ReadFile("testdata/hash.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []hashVector
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		out = append(out, hashVector{unhex(t, f[0]), f[1], string(unhex(t, f[2])), f[3]})
	}
	if len(out) < 7 {
		t.Fatalf("%d vectors", len(out))
	}
	return out
}

func TestHash(t *testing.T) {
	for _, v := range hashVectors(t) {
		got, err := Hash(v.key, v.domain, v.value)
		if err != nil || got != v.token {
			t.Errorf("%x %s: got %s, %v, want %s", v.key, v.domain, got, err, v.token)
		}
	}
}

// The formula that Pads promises holds on a real server, with core functions.
func TestHashInSQL(t *testing.T) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	const formula = `SELECT encode(sha256($2::bytea || sha256($1::bytea || convert_to($3::text, 'UTF8') ||
		'\x00'::bytea || convert_to($4::text, 'UTF8'))), 'hex')`
	for _, v := range hashVectors(t) {
		inner, outer, err := Pads(v.key)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := conn.QueryRow(ctx, formula, inner, outer, v.domain, v.value).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != v.token {
			t.Errorf("%s: the server says %s, want %s", v.domain, got, v.token)
		}
	}
}

func TestHashBounds(t *testing.T) {
	key := make([]byte, 32)
	for _, c := range []struct {
		key           []byte
		domain, value string
		want          error
	}{
		{nil, "d", "v", ErrKey}, {make([]byte, 15), "d", "v", ErrKey}, {make([]byte, 65), "d", "v", ErrKey},
		{key, "a\x00b", "v", ErrDomain}, {key, strings.Repeat("d", MaxDomainBytes+1), "v", ErrDomain},
		{key, "d", strings.Repeat("v", MaxValueBytes+1), ErrLength},
		{key, strings.Repeat("d", MaxDomainBytes), strings.Repeat("v", MaxValueBytes), nil},
	} {
		if got, err := Hash(c.key, c.domain, c.value); !errors.Is(err, c.want) || (err != nil) != (got == "") {
			t.Errorf("got %q, %v, want %v", got, err, c.want)
		}
	}
	if _, _, err := Pads(nil); !errors.Is(err, ErrKey) {
		t.Errorf("got %v", err)
	}
	a, _ := Hash(key, "a", "bc")
	b, _ := Hash(key, "ab", "c")
	if a == b {
		t.Error("domain and value run together")
	}
}
