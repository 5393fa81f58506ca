package proxy

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"time"
)

// socket is a client's connection, or the inside of its TLS, with what was read ahead while it introduced itself.
type socket struct {
	net.Conn
	ahead []byte
	// certificate is the one that this side showed in the TLS handshake over this socket.
	certificate *tls.Certificate
	// stalled is called when a write was woken while the client does not read; it may set a deadline. writeBy is the writer's own
	// deadline.
	stalled func() (by time.Time, err error)
	writeBy time.Time
}

// Read serves what was read ahead first.
func (s *socket) Read(p []byte) (int, error) {
	if len(s.ahead) > 0 {
		n := copy(p, s.ahead)
		if s.ahead = s.ahead[n:]; len(s.ahead) == 0 {
			s.ahead = nil
		}
		return n, nil
	}
	return s.Conn.Read(p)
}

// NetConn is the connection below, see rawConn.
func (s *socket) NetConn() net.Conn { return s.Conn }

// next takes n bytes off the front; it may read ahead of them.
func (s *socket) next(n int) ([]byte, error) {
	if err := s.ensure(n); err != nil {
		return nil, err
	}
	p := s.ahead[:n:n]
	s.ahead = s.ahead[n:]
	return p, nil
}

// ensure reads until n bytes are there. Memory follows what was received.
func (s *socket) ensure(n int) error {
	for len(s.ahead) < n {
		chunk := make([]byte, 1024)
		got, err := s.Conn.Read(chunk)
		s.ahead = append(s.ahead, chunk[:got]...)
		if got == 0 {
			if err == nil {
				err = io.ErrNoProgress
			}
			return err
		}
	}
	return nil
}

// serverTLS prepares the listener's TLS: TLS 1.2 at least, the ALPN name of PostgreSQL, and a note on each socket of the
// certificate that was shown, which channel binding needs. Resumption is off as in PostgreSQL.
func serverTLS(base *tls.Config) *tls.Config {
	if base == nil {
		return nil
	}
	c := base.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.NextProtos = []string{alpnName}
	c.SessionTicketsDisabled = true
	c.GetConfigForClient = nil
	// With certificates of its own crypto/tls does not call GetCertificate for a client that names no server (SNI), as one
	// that connects to an address.
	c.Certificates = nil
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := pickCertificate(base, hello)
		if s, ok := hello.Conn.(*socket); ok && err == nil {
			s.certificate = cert
		}
		return cert, err
	}
	return c
}

// alpnName is PostgreSQL's registered protocol name.
const alpnName = "postgresql"

// pickCertificate is what crypto/tls does by itself.
func pickCertificate(base *tls.Config, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if base.GetCertificate != nil {
		if cert, err := base.GetCertificate(hello); cert != nil || err != nil {
			return cert, err
		}
	}
	for i := range base.Certificates {
		if hello.SupportsCertificate(&base.Certificates[i]) == nil {
			return &base.Certificates[i], nil
		}
	}
	if len(base.Certificates) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &base.Certificates[0], nil
}

// endPoint is the tls-server-end-point binding of a certificate (RFC 5929, section 4.1): its hash under the hash function
// of its signature, SHA-256 in place of MD5 and SHA-1. Nil where it is not defined.
func endPoint(cert *tls.Certificate) []byte {
	if cert == nil || len(cert.Certificate) == 0 {
		return nil
	}
	leaf := cert.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return nil
		}
	}
	switch leaf.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		sum := sha256.Sum256(leaf.Raw)
		return sum[:]
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		sum := sha512.Sum384(leaf.Raw)
		return sum[:]
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		sum := sha512.Sum512(leaf.Raw)
		return sum[:]
	}
	return nil
}

const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// hangUp closes a connection whose client is to read our last words: what it is still sending is taken off its hands for
// a moment, since closing over unread data would make its system drop what it has not read itself.
func hangUp(conn net.Conn) {
	if half, ok := rawConn(conn).(interface{ CloseWrite() error }); ok {
		if s, isSocket := conn.(*socket); isSocket {
			if t, isTLS := s.Conn.(*tls.Conn); isTLS {
				_ = t.CloseWrite() // best effort: the peer may be gone
			}
		}
		_ = half.CloseWrite()
		_ = conn.SetDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, rawConn(conn), lingerBytes)
	}
	_ = conn.Close()
}
