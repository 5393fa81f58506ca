package warehouse

import (
	"cmp"
	"crypto/md5" //nolint:gosec // what the server asks for
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Authentication requests (PostgreSQL manual, "Message Formats"; 13 and 14 are Redshift's own, known from the source of AWS's drivers).
const (
	authOK           = 0
	authCleartext    = 3
	authMD5          = 5
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
	authDigest       = 13
	authToken        = 14
)

// The bounds of what a server may say before the session stands.
const (
	maxGreeting        = 64 << 10
	maxGreetingMessage = 2000
	maxParameters      = 200
)

// handshake is one log-in to Redshift, by reads of exactly one message, so that nothing is left behind for the session to miss.
type handshake struct {
	conn   net.Conn
	proven bool // what is sent reaches the warehouse alone
	login  Login

	status    map[string]string
	pid       uint32
	secretKey []byte
	txStatus  byte
	messages  int
}

// run logs in and runs the settings.
func (h *handshake) run(database string, packet map[string]string, settings []string) error {
	if err := h.startup(database, packet); err != nil {
		return err
	}
	if err := h.authenticate(); err != nil {
		return err
	}
	if err := h.ready(); err != nil {
		return err
	}
	for _, sql := range settings {
		if err := h.send('Q', append([]byte(sql), 0)); err != nil {
			return err
		}
		if err := h.ready(); err != nil {
			return fmt.Errorf("running %q: %w", sql, err)
		}
	}
	if h.txStatus != 'I' {
		return errors.New("the session is not idle after the log-in")
	}
	return nil
}

// startup sends the start-up packet. No extension of the protocol is asked for: without client_protocol_version messages have the form of
// PostgreSQL's, which is the only one that clients are told of.
func (h *handshake) startup(database string, packet map[string]string) error {
	pairs := [][2]string{{"user", h.login.User}, {"database", database}}
	for _, name := range slices.Sorted(maps.Keys(packet)) {
		pairs = append(pairs, [2]string{name, packet[name]})
	}
	if h.login.Token {
		pairs = append(pairs, [2]string{"idp_type", "AwsIdc"}, [2]string{"token_type", cmp.Or(h.login.TokenType, "ACCESS_TOKEN")})
	}
	body := binary.BigEndian.AppendUint32(nil, pgproto3.ProtocolVersion30)
	for _, p := range pairs {
		if p[1] != "" {
			body = append(append(append(append(body, p[0]...), 0), p[1]...), 0)
		}
	}
	body = append(body, 0)
	_, err := h.conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...))
	return err
}

func (h *handshake) send(kind byte, body []byte) error {
	message := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	_, err := h.conn.Write(append(message, body...))
	return err
}

// receive reads one message. What a server sends before the session stands is short.
func (h *handshake) receive() (kind byte, body []byte, _ error) {
	if h.messages++; h.messages > maxGreetingMessage {
		return 0, nil, errors.New("the server sends too many messages before the session stands")
	}
	var head [5]byte
	if _, err := io.ReadFull(h.conn, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > maxGreeting {
		return 0, nil, fmt.Errorf("the server sends a message of %d bytes before the session stands", n)
	}
	body = make([]byte, n-4)
	if _, err := io.ReadFull(h.conn, body); err != nil {
		return 0, nil, err
	}
	if head[0] != 'E' {
		return head[0], body, nil
	}
	refused := &pgproto3.ErrorResponse{}
	if err := refused.Decode(body); err != nil {
		return 0, nil, err
	}
	return 0, nil, pgconn.ErrorResponseToPgError(refused)
}

// request reads the next authentication request.
func (h *handshake) request() (code uint32, data []byte, _ error) {
	for {
		kind, body, err := h.receive()
		switch {
		case err != nil:
			return 0, nil, err
		case kind == 'N':
			continue
		case kind != 'R' || len(body) < 4:
			return 0, nil, fmt.Errorf("the server sends a message of type %q in place of an authentication request", kind)
		}
		return binary.BigEndian.Uint32(body), body[4:], nil
	}
}

// authenticate answers the server's requests until it is content. A server asks once.
func (h *handshake) authenticate() error {
	code, data, err := h.request()
	if err != nil || code == authOK && !h.login.Token {
		return err
	}
	if (code == authToken) != h.login.Token {
		return fmt.Errorf("the server asks by authentication code %d, which the credential cannot answer", code)
	}
	switch code {
	case authCleartext:
		if !h.proven {
			return errors.New("the server asks for the password in clear text, and TLS has not proven who it is")
		}
		err = h.send('p', append([]byte(h.login.Password.Reveal()), 0))
	case authMD5:
		err = h.md5(data)
	case authDigest:
		err = h.digest(data)
	case authSASL:
		err = h.scram(data)
	case authToken:
		if !h.proven {
			return errors.New("the server asks for the token, and TLS has not proven who it is")
		}
		err = h.send('i', append([]byte(h.login.Password.Reveal()), 0))
	default:
		return fmt.Errorf("the server asks by authentication code %d, which is not known", code)
	}
	if err != nil {
		return err
	}
	if code, _, err = h.request(); err == nil && code != authOK {
		err = fmt.Errorf("the server asks again, by authentication code %d", code)
	}
	return err
}

// md5 answers "md5" + md5(md5(password + user) + salt).
func (h *handshake) md5(salt []byte) error {
	if len(salt) != 4 {
		return errors.New("a malformed request for an MD5 password")
	}
	inner := md5.Sum([]byte(h.login.Password.Reveal() + h.login.User))      //nolint:gosec // what the server asks for
	outer := md5.Sum(append([]byte(hex.EncodeToString(inner[:])), salt...)) //nolint:gosec // what the server asks for
	return h.send('p', append([]byte("md5"+hex.EncodeToString(outer[:])), 0))
}

// ready reads until the server is ready for a query.
func (h *handshake) ready() error {
	var failed error
	for {
		kind, body, err := h.receive()
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Severity == "ERROR" {
			failed = err
			continue
		}
		if err != nil {
			return err
		}
		switch kind {
		case 'S':
			if err := h.parameter(body); err != nil {
				return err
			}
		case 'K':
			if len(body) < 8 || len(body) > 4+maxSecretKeyBytes {
				return errors.New("a malformed key for cancelling")
			}
			h.pid, h.secretKey = binary.BigEndian.Uint32(body), body[4:]
		case 'N', 'C':
		case 'Z':
			if len(body) != 1 {
				return errors.New("a malformed ReadyForQuery")
			}
			h.txStatus = body[0]
			return failed
		default:
			return fmt.Errorf("the server sends a message of type %q before the session stands", kind)
		}
	}
}

func (h *handshake) parameter(body []byte) error {
	status := pgproto3.ParameterStatus{}
	if err := status.Decode(body); err != nil {
		return err
	}
	if len(h.status) >= maxParameters {
		return fmt.Errorf("the server reports more than %d parameters", maxParameters)
	}
	h.status[status.Name] = status.Value
	return nil
}
