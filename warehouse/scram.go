package warehouse

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxIterations bounds the work that a server can ask for.
const maxIterations = 1_000_000

// scram is the client's side of SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). The server must prove that it knows the password
// too. Passwords are not normalised: one beyond ASCII must be given in its normal form.
func (h *handshake) scram(offer []byte) error {
	if !slices.Contains(strings.Split(string(offer), "\x00"), "SCRAM-SHA-256") {
		return errors.New("the server offers no SCRAM-SHA-256")
	}
	nonce := base64.RawStdEncoding.EncodeToString(randomNonce())
	bare := "n=,r=" + nonce
	first := append([]byte("SCRAM-SHA-256"), 0)
	first = binary.BigEndian.AppendUint32(first, uint32(len("n,,")+len(bare)))
	if err := h.send('p', append(first, "n,,"+bare...)); err != nil {
		return err
	}
	challenge, err := h.expect(authSASLContinue)
	if err != nil {
		return err
	}
	fullNonce, salt, iterations, err := readChallenge(string(challenge), nonce)
	if err != nil {
		return err
	}
	salted, err := pbkdf2.Key(sha256.New, h.login.Password.Reveal(), salt, iterations, sha256.Size)
	if err != nil {
		return err
	}
	without := "c=biws,r=" + fullNonce
	all := []byte(bare + "," + string(challenge) + "," + without)
	clientKey := sign(salted, []byte("Client Key"))
	stored := sha256.Sum256(clientKey)
	proof := sign(stored[:], all)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	if err := h.send('p', []byte(without+",p="+base64.StdEncoding.EncodeToString(proof))); err != nil {
		return err
	}
	final, err := h.expect(authSASLFinal)
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(string(bytes.TrimPrefix(final, []byte("v="))))
	if err != nil || !hmac.Equal(signature, sign(sign(salted, []byte("Server Key")), all)) {
		return errors.New("the server does not know the password")
	}
	return nil
}

// expect reads the authentication request that must come next.
func (h *handshake) expect(want uint32) ([]byte, error) {
	code, data, err := h.request()
	if err == nil && code != want {
		err = fmt.Errorf("the server goes on with authentication code %d and not %d", code, want)
	}
	return data, err
}

func randomNonce() []byte {
	b := make([]byte, 18)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

func sign(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// readChallenge reads r=nonce,s=salt,i=iterations.
func readChallenge(text, nonce string) (full string, salt []byte, iterations int, _ error) {
	bad := errors.New("a malformed SCRAM challenge")
	parts := strings.Split(text, ",")
	if len(parts) < 3 {
		return "", nil, 0, bad
	}
	full, ok := strings.CutPrefix(parts[0], "r=")
	if !ok || !strings.HasPrefix(full, nonce) || len(full) == len(nonce) {
		return "", nil, 0, bad
	}
	encoded, ok := strings.CutPrefix(parts[1], "s=")
	count, ok2 := strings.CutPrefix(parts[2], "i=")
	salt, err := base64.StdEncoding.DecodeString(encoded)
	iterations, err2 := strconv.Atoi(count)
	if !ok || !ok2 || err != nil || err2 != nil || len(salt) == 0 || iterations < 1 || iterations > maxIterations {
		return "", nil, 0, bad
	}
	return full, salt, iterations, nil
}
