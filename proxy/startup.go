package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/posternsql/postern/pgerror"
)

// Request codes in place of a protocol version (PostgreSQL manual, "Message Formats").
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSSENC = 80877104
)

const (
	protocol30 = 3 << 16
	protocol32 = 3<<16 | 2
	// maxStartup is PostgreSQL's limit for a start-up packet (MAX_STARTUP_PACKET_LENGTH).
	maxStartup = 10_000
	// maxCancel is the longest CancelRequest: a key of 256 bytes in protocol 3.2.
	maxCancel = 8 + 4 + 256
)

// errSilent ends a connection to which nothing is to be said.
var errSilent = errors.New("closed without a word")

// introduction is what a client said before it was authenticated.
type introduction struct {
	conn     *socket
	protocol uint32
	params   startParams
	// binding is the tls-server-end-point of the connection, nil without TLS or where it is not defined.
	binding []byte
	tls     bool
}

// introduce runs the start of a connection up to and including its one StartupMessage. A CancelRequest is handled here and
// ends in errSilent.
func (s *Server) introduce(ctx context.Context, conn net.Conn) (introduction, error) {
	in := introduction{conn: &socket{Conn: conn}}
	if err := in.conn.ensure(1); err != nil {
		return in, errSilent
	}
	if in.conn.ahead[0] == tlsHandshakeRecord {
		if err := s.directTLS(ctx, &in); err != nil {
			return in, err
		}
	}
	askedTLS, askedGSS := in.tls, in.tls
	for {
		packet, err := in.packet()
		if err != nil {
			return in, err
		}
		switch code := binary.BigEndian.Uint32(packet); {
		case code == codeCancel:
			s.cancelRequest(ctx, packet[4:])
			return in, errSilent
		case code == codeSSL && !askedTLS:
			askedTLS = true
			if err := s.answerSSL(ctx, &in); err != nil {
				return in, err
			}
			askedGSS = askedGSS || in.tls
		case code == codeGSSENC && !askedGSS:
			askedGSS = true
			if err := in.answer('N'); err != nil {
				return in, err
			}
		default:
			return in, s.startupMessage(&in, code, packet[4:])
		}
	}
}

// tlsHandshakeRecord is the first byte of a TLS connection, and of no start-up packet: lengths are below 10 000.
const tlsHandshakeRecord = 0x16

// packet reads one start-up packet without its length.
func (in *introduction) packet() ([]byte, error) {
	head, err := in.conn.next(4)
	if err != nil {
		return nil, errSilent
	}
	length := binary.BigEndian.Uint32(head)
	if length < 8 || length > maxStartup {
		return nil, pgerror.Protocol("invalid length of startup packet")
	}
	body, err := in.conn.next(int(length) - 4)
	if err != nil {
		return nil, errSilent
	}
	return body, nil
}

// answer sends the one byte that answers a request for encryption. Nothing may have been sent behind the request: it would
// be taken for encrypted later (CVE-2021-23214).
func (in *introduction) answer(b byte) error {
	if len(in.conn.ahead) > 0 {
		e := pgerror.Protocol("received unencrypted data after SSL request")
		return e.WithDetail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")
	}
	if _, err := in.conn.Write([]byte{b}); err != nil {
		return errSilent
	}
	return nil
}

func (s *Server) answerSSL(ctx context.Context, in *introduction) error {
	if s.tls == nil {
		return in.answer('N')
	}
	if err := in.answer('S'); err != nil {
		return err
	}
	_, err := s.handshake(ctx, in)
	return err
}

// directTLS starts TLS without a request, as PostgreSQL 17 does, which demands its ALPN name then.
func (s *Server) directTLS(ctx context.Context, in *introduction) error {
	if s.tls == nil {
		return errSilent
	}
	state, err := s.handshake(ctx, in)
	if err != nil {
		return err
	}
	if state.NegotiatedProtocol != alpnName {
		return pgerror.Protocol("received direct SSL connection request without ALPN protocol negotiation extension")
	}
	return nil
}

func (s *Server) handshake(ctx context.Context, in *introduction) (tls.ConnectionState, error) {
	outer := in.conn
	inner := tls.Server(outer, s.tls)
	if err := inner.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, errSilent
	}
	in.conn, in.tls, in.binding = &socket{Conn: inner}, true, endPoint(outer.certificate)
	return inner.ConnectionState(), nil
}

// startupMessage reads the StartupMessage and negotiates the protocol version.
func (s *Server) startupMessage(in *introduction, version uint32, body []byte) error {
	if version>>16 != 3 {
		return pgerror.NotSupported("unsupported frontend protocol %d.%d: server supports 3.0 to 3.2", version>>16, version&0xffff).Fatal()
	}
	pairs, err := readPairs(body)
	if err != nil {
		return err
	}
	in.protocol = min(version, protocol32)
	var unknown []string
	for _, p := range pairs {
		// Drivers of Redshift's ask for compression and take silence for no; an answer they would not understand.
		if strings.HasPrefix(p[0], "_pq_.") && p[0] != "_pq_.compression" {
			unknown = append(unknown, p[0])
		}
	}
	if version > protocol32 || len(unknown) > 0 {
		if err := in.negotiate(unknown); err != nil {
			return err
		}
	}
	if s.cfg.TLSMode == TLSRequire && !in.tls {
		return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization,
			Message: "connection requires TLS", Hint: "Connect with sslmode=require or stricter."}
	}
	in.params, err = readParams(pairs)
	return err
}

// negotiate sends NegotiateProtocolVersion: the newest version that is spoken here and the options that are not known.
func (in *introduction) negotiate(unknown []string) error {
	body := binary.BigEndian.AppendUint32(nil, in.protocol)
	body = binary.BigEndian.AppendUint32(body, uint32(len(unknown)))
	for _, name := range unknown {
		body = append(append(body, name...), 0)
	}
	if _, err := in.conn.Write(appendMessage(nil, 'v', body)); err != nil {
		return errSilent
	}
	return nil
}

// readPairs takes the names and values of a StartupMessage apart, in order.
func readPairs(body []byte) ([][2]string, error) {
	var pairs [][2]string
	for {
		name, rest, ok := bytes.Cut(body, []byte{0})
		if !ok {
			break
		}
		if len(name) == 0 {
			if len(rest) != 0 {
				break
			}
			return pairs, nil
		}
		value, rest, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			break
		}
		pairs = append(pairs, [2]string{string(name), string(value)})
		body = rest
	}
	return nil, pgerror.Protocol("invalid startup packet layout: expected terminator as last byte")
}

// message reads one message of a client that is not authenticated yet.
func (in *introduction) message(want byte, limit int) ([]byte, error) {
	head, err := in.conn.next(headerSize)
	if err != nil {
		return nil, errSilent
	}
	if head[0] != want {
		// Among others a second StartupMessage, which must not change who is being authenticated.
		return nil, pgerror.Protocol("expected password response, got message type %d", head[0])
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > uint32(limit) {
		return nil, pgerror.Protocol("invalid message length")
	}
	body, err := in.conn.next(int(length) - 4)
	if err != nil {
		return nil, errSilent
	}
	return body, nil
}

// send writes one authentication request.
func (in *introduction) send(code uint32, data []byte) error {
	m := appendMessage(nil, 'R', binary.BigEndian.AppendUint32(nil, code), data)
	if _, err := in.conn.Write(m); err != nil {
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	return nil
}
