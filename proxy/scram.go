package proxy

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
)

const (
	mechanism     = "SCRAM-SHA-256"
	mechanismPlus = "SCRAM-SHA-256-PLUS"
	bindingType   = "tls-server-end-point"
	// nonceBytes is PostgreSQL's SCRAM_RAW_NONCE_LEN.
	nonceBytes = 18
)

// scram is the server's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), with the texts and SQLSTATEs of
// PostgreSQL's auth-scram.c.
type scram struct {
	in       *introduction
	verifier identity.Verifier
}

// run carries the exchange out. Nil means that the client knows the password.
func (s scram) run() error {
	var offer []byte
	if s.in.binding != nil {
		offer = append(append(offer, mechanismPlus...), 0)
	}
	offer = append(append(offer, mechanism...), 0, 0)
	if err := s.in.send(authSASL, offer); err != nil {
		return err
	}
	plus, first, err := s.initialResponse()
	if err != nil {
		return err
	}
	msg, err := readClientFirst(first, plus, s.in.binding != nil)
	if err != nil {
		return err
	}
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	full := msg.nonce + base64.StdEncoding.EncodeToString(nonce)
	serverFirst := "r=" + full + ",s=" + base64.StdEncoding.EncodeToString(s.verifier.Salt()) +
		",i=" + strconv.Itoa(s.verifier.Iterations())
	if err := s.in.send(authSASLContinue, []byte(serverFirst)); err != nil {
		return err
	}
	final, err := s.in.message('p', maxPassword)
	if err != nil {
		return err
	}
	return s.finish(final, msg, full, serverFirst, plus)
}

// initialResponse reads SASLInitialResponse: the mechanism and the client's first message.
func (s scram) initialResponse() (plus bool, first []byte, err error) {
	body, err := s.in.message('p', maxPassword)
	if err != nil {
		return false, nil, err
	}
	name, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 4 {
		return false, nil, malformed("")
	}
	plus = string(name) == mechanismPlus
	if !plus && string(name) != mechanism || plus && s.in.binding == nil {
		return false, nil, pgerror.Protocol("client selected an invalid SASL authentication mechanism")
	}
	length, data := int32(binary.BigEndian.Uint32(rest)), rest[4:]
	if length == -1 && len(data) == 0 {
		// No initial response: it is asked for by an empty challenge.
		if err := s.in.send(authSASLContinue, nil); err != nil {
			return false, nil, err
		}
		data, err = s.in.message('p', maxPassword)
		return plus, data, err
	}
	if int(length) != len(data) {
		return false, nil, malformed("")
	}
	return plus, data, nil
}

// finish checks the client's last message and answers with the server's signature.
func (s scram) finish(final []byte, msg clientFirst, nonce, serverFirst string, plus bool) error {
	without, proof64, ok := cutLast(final, ",p=")
	if !ok {
		return malformed("Expected attribute \"p\" in the client's last message.")
	}
	binding, rest, ok := bytes.Cut(without, []byte{','})
	if !ok || !bytes.HasPrefix(binding, []byte("c=")) {
		return malformed("Expected attribute \"c\" in the client's last message.")
	}
	input := msg.header
	if plus {
		input += string(s.in.binding)
	}
	want := base64.StdEncoding.EncodeToString([]byte(input))
	if subtle.ConstantTimeCompare(binding[2:], []byte(want)) != 1 {
		if plus {
			return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization,
				Message: "SCRAM channel binding check failed"}
		}
		return pgerror.Protocol("unexpected SCRAM channel-binding attribute in client-final-message")
	}
	given, _, _ := bytes.Cut(rest, []byte{','})
	if string(given) != "r="+nonce {
		return pgerror.Protocol("invalid SCRAM response").WithDetail("Nonce does not match.")
	}
	proof, err := base64.StdEncoding.DecodeString(string(proof64))
	if err != nil {
		return malformed("Malformed proof in client-final-message.")
	}
	authMessage := []byte(msg.bare + "," + serverFirst + "," + string(without))
	if !s.verifier.VerifyProof(authMessage, proof) {
		return pgerror.AuthenticationFailed(s.in.params.user)
	}
	signature := base64.StdEncoding.EncodeToString(s.verifier.ServerSignature(authMessage))
	return s.in.send(authSASLFinal, []byte("v="+signature))
}

// clientFirst is the client's first message.
type clientFirst struct{ header, bare, nonce string }

// readClientFirst reads gs2-header and client-first-message-bare. offered says that the server offered channel binding: a
// client that could do it and thinks that the server cannot has been lied to by somebody in between.
func readClientFirst(data []byte, plus, offered bool) (clientFirst, error) {
	var m clientFirst
	flag, rest, ok := bytes.Cut(data, []byte{','})
	authzid, bare, ok2 := bytes.Cut(rest, []byte{','})
	if !ok || !ok2 || len(flag) == 0 {
		return m, malformed("")
	}
	switch {
	case len(flag) == 1 && (flag[0] == 'n' || flag[0] == 'y') && plus:
		return m, malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
	case len(flag) == 1 && flag[0] == 'n':
	case len(flag) == 1 && flag[0] == 'y':
		if offered {
			return m, &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization,
				Message: "SCRAM channel binding negotiation error",
				Detail: "The client supports SCRAM channel binding but thinks the server does not.  " +
					"However, this server does support channel binding."}
		}
	case bytes.HasPrefix(flag, []byte("p=")) && !plus:
		return m, malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
	case bytes.HasPrefix(flag, []byte("p=")):
		if string(flag[2:]) != bindingType {
			return m, pgerror.Protocol("unsupported SCRAM channel-binding type %.40q", flag[2:])
		}
	default:
		return m, malformed("Unexpected channel-binding flag.")
	}
	if len(authzid) > 0 {
		return m, pgerror.NotSupported("client uses authorization identity, but it is not supported").Fatal()
	}
	m.header, m.bare = string(data[:len(data)-len(bare)]), string(bare)
	if bytes.HasPrefix(bare, []byte("m=")) {
		return m, pgerror.NotSupported("client requires an unsupported SCRAM extension").Fatal()
	}
	// The user name here is ignored, as in PostgreSQL: the StartupMessage's counts.
	name, rest, ok := bytes.Cut(bare, []byte{','})
	nonce, _, _ := bytes.Cut(rest, []byte{','})
	if !ok || !bytes.HasPrefix(name, []byte("n=")) || !bytes.HasPrefix(nonce, []byte("r=")) || len(nonce) == 2 {
		return m, malformed("")
	}
	for _, c := range nonce[2:] {
		if c < 0x21 || c > 0x7e {
			return m, pgerror.Protocol("non-printable characters in SCRAM nonce")
		}
	}
	m.nonce = string(nonce[2:])
	return m, nil
}

func malformed(detail string) error {
	return pgerror.Protocol("malformed SCRAM message").WithDetail(detail)
}

// cutLast splits at the last separator.
func cutLast(data []byte, sep string) (before, after []byte, ok bool) {
	i := bytes.LastIndex(data, []byte(sep))
	if i < 0 {
		return nil, nil, false
	}
	return data[:i], data[i+len(sep):], true
}
