package warehouse_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/tokenize"
	"github.com/posternsql/postern/warehouse"
)

// missingDomains are those that the warehouse has nothing for.
func missingDomains(t *testing.T, conn *pgconn.PgConn, names ...string) (missing []string, err error) {
	t.Helper()
	have, err := warehouse.Domains(t.Context(), conn, names)
	for _, name := range names {
		if have[name].Version == 0 {
			missing = append(missing, name)
		}
	}
	return missing, err
}

// orNull is what a function of the warehouse gives where its twin in Go refuses.
func orNull[T any](t *testing.T, value T, err error) string {
	t.Helper()
	switch {
	case err == nil:
		return fmt.Sprint(value)
	case errors.Is(err, tokenize.ErrLength):
		return "NULL"
	}
	t.Fatal(err)
	return ""
}

// TestCiphers compares the functions in the warehouse with their twins in Go.
func TestCiphers(t *testing.T) {
	owner, _, r := registered(t, "default")
	key := "0123456789abcdef0123456789ABCDEF"
	r.Ciphers, r.Domains, r.Keys = true, []string{"default", "Kunde für 'x'"}, map[string]secret.Value{"Kunde für 'x'": secret.NewValue(key)}
	if _, err := warehouse.Register(t.Context(), owner, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.Script(), key) || !strings.Contains(r.Script(), "-- The given key of token domain 'Kunde für ''x'''") {
		t.Error("the script has the key, or does not say that it is missing")
	}
	if got := value(t, owner, "SELECT key FROM postern_functions.keys WHERE domain LIKE 'Kunde%'"); got != fmt.Sprintf("\\x%x", key) {
		t.Errorf("the key is %s", got)
	}
	values := []string{"", "a", "123456", "12345", "+1 (555) 010-4477", "4111 1111 1111 1111", "fifteen-bytes-0", "sixteen-bytes-00", "Größe\U0001F600", strings.Repeat("9", 1024),
		strings.Repeat("9", 1025), strings.Repeat("0", 40), strings.Repeat("x7", 600), strings.Repeat("Z", 300), "\n\t\\'"}
	for n := range 60 {
		text := make([]rune, n)
		for i := range text {
			if text[i] = rune('0' + rand.IntN(75)); n%3 == 0 {
				text[i] = rune(1 + rand.IntN(0xD7FE))
			}
		}
		values = append(values, string(text))
	}
	for domain, key := range map[string][]byte{
		"default": fromHex(t, value(t, owner, "SELECT encode(key, 'hex') FROM postern_functions.keys WHERE domain = 'default'")), "Kunde für 'x'": []byte(key),
	} {
		twin, err := tokenize.NewDomain(domain, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			compareTwins(t, owner, domain, twin, v)
		}
		long := strings.Repeat("€", 349525)
		token, err := twin.Protect(long)
		if got := value(t, owner, "SELECT md5(postern_functions.protect($1, $2)) = md5($3)", domain, long, token); err != nil || got != "t" {
			t.Errorf("a megabyte: %s, %v", got, err)
		}
	}
	for _, null := range []string{"protect('default', NULL)", "protect('none', 'x')", "protect('default', repeat('x', 1048577))", "keyed_draw('none', 'x')", "keyed_draw('default', NULL)",
		"format_preserving('none', '0123456789', '1234567')", "format_preserving('default', '', '1234567')", "format_preserving('default', '0', '1234567')", "format_preserving('default', NULL, 'x')",
		"reveal('default', 'x')", "reveal('default', repeat('0', 64))", "reveal('default', '')", "reveal('default', repeat('é', 32))", "reveal('none', repeat('0', 64))"} {
		if got := value(t, owner, "SELECT postern_functions."+null+" IS NULL"); got != "t" {
			t.Errorf("%s is not null", null)
		}
	}
}

func compareTwins(t *testing.T, conn *pgconn.PgConn, domain string, twin *tokenize.Domain, v string) {
	t.Helper()
	ask := func(sql string, args ...string) string {
		return value(t, conn, "SELECT coalesce(("+sql+")::text, 'NULL')", args...)
	}
	token, err := twin.Protect(v)
	if got := ask("postern_functions.protect($1, $2)", domain, v); got != orNull(t, token, err) {
		t.Fatalf("protect %q: %s, want %s", v, got, token)
	}
	if got := ask("postern_functions.reveal($1, $2)", domain, token); got != v {
		t.Fatalf("reveal %q: %q", v, got)
	}
	draw, err := twin.Draw(v)
	if got := ask("postern_functions.keyed_draw($1, $2)", domain, v); got != orNull(t, draw, err) {
		t.Fatalf("draw %q: %s, want %d", v, got, draw)
	}
	for _, alphabet := range []string{tokenize.Digits, tokenize.LowerAlphanumeric, tokenize.Alphanumeric} {
		want, err := twin.FormatPreserving(alphabet, v)
		if got := ask("postern_functions.format_preserving($1, $2, $3)", domain, alphabet, v); got != orNull(t, want, err) {
			t.Fatalf("format_preserving %q: %q, want %q (%v)", v, got, want, err)
		}
	}
}

// TestRotation: a larger version replaces the key, an older one and the same do not.
func TestRotation(t *testing.T) {
	owner, service, r := registered(t, "default", "other")
	state := func() warehouse.DomainState {
		t.Helper()
		got, err := warehouse.Domains(t.Context(), service, []string{"default", "none"})
		if err != nil || len(got) != 1 {
			t.Fatalf("%v, %v", got, err)
		}
		return got["default"]
	}
	register := func(version int) {
		t.Helper()
		r.Versions = map[string]int{"default": version}
		if _, err := warehouse.Register(t.Context(), owner, r); err != nil {
			t.Fatal(err)
		}
	}
	other := value(t, service, "SELECT postern_functions.keyed_hash('other', 'x')")
	first := state()
	if first.Version != 1 || len(first.Probe) != 64 || !slices.Equal(first.Functions, []string{"keyed_draw", "keyed_hash"}) {
		t.Errorf("%+v", first)
	}
	register(2)
	second := state()
	if second.Version != 2 || second.Probe == first.Probe {
		t.Errorf("the key was not replaced: %+v", second)
	}
	for _, version := range []int{1, 2, 0} {
		if register(version); state().Probe != second.Probe {
			t.Errorf("version %d replaced the key", version)
		}
	}
	if value(t, service, "SELECT postern_functions.keyed_hash('other', 'x')") != other {
		t.Error("another domain's key was replaced")
	}
	r.Versions, r.Keys = nil, map[string]secret.Value{"default": secret.NewValue("too short")}
	if _, err := warehouse.Register(t.Context(), owner, r); err == nil {
		t.Error("a key of 9 bytes was taken")
	}
}

// TestServiceRoleCannotReveal: the functions that only the masks' own functions need are for nobody else.
func TestServiceRoleCannotReveal(t *testing.T) {
	owner, service, r := registered(t, "default")
	r.Ciphers = true
	if _, err := warehouse.Register(t.Context(), owner, r); err != nil {
		t.Fatal(err)
	}
	if got := value(t, service, "SELECT length(postern_functions.protect('default', 'x'))"); got != "34" {
		t.Errorf("got %s", got)
	}
	for _, sql := range []string{"reveal('default', '00')", "aes_ecb('', '')", "aes_cbc_mac('', '')", "derive('', '', 'x')", "cmac('', '')", "s2v('', '', '')", "siv_crypt('', '', '')", "xor('', '')", "dbl('')"} {
		if _, err := service.Exec(t.Context(), "SELECT postern_functions."+sql).ReadAll(); err == nil {
			t.Errorf("the service role may call %s", sql)
		}
	}
}
