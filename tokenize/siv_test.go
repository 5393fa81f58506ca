package tokenize

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// RFC 5297, appendices A.1 and A.2; the last one is A.2 with longer keys, as
// libtomcrypt and Linux's crypto tests have it.
var sivVectors = []struct {
	name, key  string
	associated []string
	plain, out string
}{
	{
		"A.1", "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		[]string{"101112131415161718191a1b1c1d1e1f2021222324252627"},
		"112233445566778899aabbccddee",
		"85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c",
	},
	{
		"A.2", "7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
		[]string{
			"00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
			"102030405060708090a0", "09f911029d74e35bd84156c5635688c0",
		},
		"7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
		"7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
	},
	{
		"A.2 with AES-192", "7f7e7d7c7b7a797877767574737271706f6e6d6c6b6a6968404142434445464748494a4b4c4d4e4f5051525354555657",
		[]string{
			"00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
			"102030405060708090a0", "09f911029d74e35bd84156c5635688c0",
		},
		"7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
		"de40aa1e7180d519cb14308ea7f77586da09877c510f29651f42311ab728e95609e7de2994bdf80bb99bfaace31c4ec0d15ba6509f53f36ad725dcabc9e2a7",
	},
}

func TestSIVVectors(t *testing.T) {
	if t.Logf("%d vectors, 2 of them of RFC 5297", len(sivVectors)); len(sivVectors) < 3 {
		t.Error("vectors are missing")
	}
	for _, v := range sivVectors {
		s, err := NewSIV(unhex(t, v.key))
		if err != nil {
			t.Fatal(err)
		}
		var associated [][]byte
		for _, a := range v.associated {
			associated = append(associated, unhex(t, a))
		}
		plain := unhex(t, v.plain)
		sealed, err := s.Seal(plain, associated...)
		if err != nil || hex.EncodeToString(sealed) != v.out {
			t.Errorf("%s: got %x, %v", v.name, sealed, err)
		}
		back, err := s.Open(sealed, associated...)
		if err != nil || !bytes.Equal(back, plain) {
			t.Errorf("%s: got back %x, %v", v.name, back, err)
		}
	}
}

// NIST SP 800-38B, appendix D.1 (AES-128).
func TestCMAC(t *testing.T) {
	s, err := NewSIV(append(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"), make([]byte, 16)...))
	if err != nil {
		t.Fatal(err)
	}
	message := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	for n, want := range map[int]string{
		0:  "bb1d6929e95937287fa37d129b756746",
		16: "070a16b46b4d4144f79bdd9dd04a287c",
		40: "dfa66747de9ae63030ca32611497c827",
		64: "51f0bebf7e3b9d92fc49741779363cfe",
	} {
		if got := s.mac.sum(message[:n]); hex.EncodeToString(got[:]) != want {
			t.Errorf("%d bytes: got %x, want %s", n, got, want)
		}
	}
}

func TestSIVRefuses(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33, 128} {
		if _, err := NewSIV(make([]byte, n)); !errors.Is(err, ErrKey) {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
	s, err := NewSIV(make([]byte, 64))
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Protect("email", "ann@example.com")
	if err != nil || len(token) != 32+2*15 {
		t.Fatalf("got %s, %v", token, err)
	}
	if again, _ := s.Protect("email", "ann@example.com"); again != token {
		t.Error("not deterministic")
	}
	if other, _ := s.Protect("phone", "ann@example.com"); other == token {
		t.Error("the domain does not matter")
	}
	if back, err := s.Reveal("email", token); err != nil || back != "ann@example.com" {
		t.Errorf("got %q, %v", back, err)
	}
	for _, bad := range []string{"", "zz", token[:30], token[2:], token + "00", strings.ToUpper(token), "0" + token[1:]} {
		if _, err := s.Reveal("email", bad); !errors.Is(err, ErrToken) && bad != token {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := s.Reveal("phone", token); !errors.Is(err, ErrToken) {
		t.Errorf("another domain: %v", err)
	}
	if _, err := s.Protect("a\x00", "x"); !errors.Is(err, ErrDomain) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Protect("a", strings.Repeat("x", MaxValueBytes+1)); !errors.Is(err, ErrLength) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Seal(nil, make([][]byte, 127)...); !errors.Is(err, ErrDomain) {
		t.Errorf("got %v", err)
	}
}

func FuzzSIV(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), "email", "ann@example.com", 3)
	f.Fuzz(func(t *testing.T, key []byte, domain, value string, flip int) {
		padded := make([]byte, 32)
		copy(padded, key)
		s, err := NewSIV(padded)
		if err != nil {
			t.Fatal(err)
		}
		token, err := s.Protect(domain, value)
		if err != nil {
			if checkDomain(domain) == nil && len(value) <= MaxValueBytes {
				t.Fatal(err)
			}
			return
		}
		if back, err := s.Reveal(domain, token); err != nil || back != value {
			t.Fatalf("got %q, %v, want %q", back, err, value)
		}
		sealed := unhex(t, token)
		if flip < 0 {
			flip = -(flip + 1)
		}
		sealed[flip%len(sealed)] ^= 1 << (flip % 8)
		if _, err := s.Reveal(domain, hex.EncodeToString(sealed)); !errors.Is(err, ErrToken) {
			t.Fatalf("a changed token was taken: %v", err)
		}
	})
}

func FuzzReveal(f *testing.F) {
	f.Add("email", "00")
	f.Fuzz(func(t *testing.T, domain, token string) {
		s, err := NewSIV(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		if value, err := s.Reveal(domain, token); err == nil {
			if again, err := s.Protect(domain, value); err != nil || again != token {
				t.Fatalf("revealed what was never protected: %q", value)
			}
		}
	})
}
