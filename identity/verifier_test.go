package identity_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// passwords try each step of SASLprep: mapping, normalization, prohibition and the fall-back to raw bytes.
var passwords = map[string]string{
	"ascii":           "correct horse",
	"quote":           `it's "quoted" \ $`,
	"control":         "a\tb\x01c",
	"non-ascii space": "a\u00a0b\u3000c",
	"mapped away":     "I\u00adX",
	"normalized":      "\u2168 \ufb01 A\u030a \u00aa",
	"emoji":           "secret \U0001F511",
	"unassigned":      "x\u0221\u2168",
	"prohibited":      "x\u2168\ue000",
	"right to left":   "\u0627\u0031\u0628",
	"mixed direction": "\u0627\u0031",
	"cyrillic":        "пароль",
}

// TestVerifierFromPostgreSQL compares with what a real server makes of the same password and salt.
func TestVerifierFromPostgreSQL(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for name, password := range passwords {
		t.Run(name, func(t *testing.T) {
			role := pgtest.Name("verifier")
			create := fmt.Sprintf("CREATE ROLE %s PASSWORD U&'%s'", role, unicodeEscape(password))
			if _, err := conn.Exec(t.Context(), create); err != nil {
				t.Fatal(err)
			}
			var stored string
			if err := conn.QueryRow(t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&stored); err != nil {
				t.Fatal(err)
			}
			theirs, err := identity.ParseVerifier(stored)
			if err != nil {
				t.Fatal(err)
			}
			if got := theirs.String(); got != stored {
				t.Errorf("printed %s, want %s", got, stored)
			}
			if !theirs.VerifyPassword(password) {
				t.Error("the password was not recognized")
			}
			if theirs.VerifyPassword(password + "x") {
				t.Error("another password was recognized")
			}
			ours, err := identity.NewVerifier(password, theirs.Iterations(), bytes.NewReader(theirs.Salt()))
			if err != nil {
				t.Fatal(err)
			}
			if ours.String() != stored {
				t.Errorf("made %s, want %s", ours.String(), stored)
			}
		})
	}
}

// unicodeEscape writes the inside of a Unicode-escape literal, U&'…'.
func unicodeEscape(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, `\+%06X`, r)
	}
	return b.String()
}

func TestParseVerifierRefuses(t *testing.T) {
	good, err := identity.NewVerifier("secret", 0, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := good.String()
	for _, bad := range []string{
		"", "secret", "md5d41d8cd98f00b204e9800998ecf8427e", "SCRAM-SHA-256", "SCRAM-SHA-256$$", "SCRAM-SHA-256$4096:$:",
		strings.Replace(text, "4096", "0", 1), strings.Replace(text, "4096", "-1", 1),
		strings.Replace(text, "4096", "99999999999", 1), strings.Replace(text, "256", "512", 1),
		text + "A", text[:len(text)-4], strings.Replace(text, ":", "::", 1),
	} {
		v, err := identity.ParseVerifier(bad)
		if err == nil {
			t.Errorf("accepted %q", bad)
		}
		if !v.IsZero() || v.VerifyPassword("") || v.VerifyPassword("secret") {
			t.Errorf("a refused verifier accepts something: %q", bad)
		}
		if err != nil && len(bad) > 20 && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats the text: %v", err)
		}
	}
}

func TestMockVerifier(t *testing.T) {
	key := []byte("server secret")
	a, b := identity.MockVerifier("ann", key), identity.MockVerifier("ann", key)
	if !bytes.Equal(a.Salt(), b.Salt()) || a.Iterations() != b.Iterations() {
		t.Error("an unknown user's salt changes between attempts")
	}
	if bytes.Equal(a.Salt(), identity.MockVerifier("bob", key).Salt()) ||
		bytes.Equal(a.Salt(), identity.MockVerifier("ann", []byte("other")).Salt()) {
		t.Error("a mock salt does not depend on user and key")
	}
	real, err := identity.NewVerifier("x", 0, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if len(real.Salt()) != len(a.Salt()) || real.Iterations() != a.Iterations() {
		t.Error("a mock can be told from a new verifier")
	}
	if a.VerifyPassword("") || a.VerifyProof(nil, make([]byte, 32)) || a.String() != "" {
		t.Error("a mock accepts or prints something")
	}
}

func TestVerifierDoesNotPrint(t *testing.T) {
	v, err := identity.NewVerifier("secret", 0, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("user", "verifier", v)
	for _, printed := range []string{fmt.Sprint(v), fmt.Sprintf("%s %v %+v %#v %q %x", v, v, v, v, v, v), fmt.Sprint(&v), log.String()} {
		if strings.Contains(printed, "SCRAM") || strings.Contains(printed, "4096") {
			t.Errorf("printed %s", printed)
		}
	}
}
