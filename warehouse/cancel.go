package warehouse

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Backend names one session of the warehouse for Cancel.
type Backend struct {
	// PID and SecretKey are what BackendKeyData said (4 bytes in protocol 3.0, up to 256 in 3.2).
	PID       uint32
	SecretKey []byte
	// Addr is where the session's socket went, so that a name with several addresses does not lead elsewhere. Nil dials
	// Config.Host.
	Addr net.Addr
}

const (
	cancelRequestCode = 80877102
	sslRequestCode    = 80877103
	maxSecretKeyBytes = 256
)

// Cancel asks the warehouse to cancel what a session is doing (PostgreSQL manual, "Canceling Requests in Progress"), over
// TLS where the session itself uses it. It returns when the server has closed the connection, that is, when the signal
// has been sent; there is no answer that says whether anything was cancelled.
func Cancel(ctx context.Context, c Config, b Backend) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("checking the connection: %w", err)
	}
	if len(b.SecretKey) == 0 || len(b.SecretKey) > maxSecretKeyBytes {
		return errors.New("cancelling: the session has no usable secret key")
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	if err := c.sendCancel(ctx, b); err != nil {
		return fmt.Errorf("cancelling at %s: %w", c.Address(), err)
	}
	return nil
}

func (c Config) sendCancel(ctx context.Context, b Backend) error {
	network, address := pgconn.NetworkAddress(c.Host, uint16(c.Port))
	// The address of a Unix-domain socket is as the server wrote it, often relative: the configured one is used.
	if b.Addr != nil && b.Addr.Network() == "tcp" {
		network, address = b.Addr.Network(), b.Addr.String()
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(DefaultConnectTimeout)
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	encrypted, err := c.encrypt(ctx, conn)
	if err != nil {
		return err
	}
	packet := binary.BigEndian.AppendUint32(nil, uint32(12+len(b.SecretKey)))
	packet = binary.BigEndian.AppendUint32(packet, cancelRequestCode)
	packet = binary.BigEndian.AppendUint32(packet, b.PID)
	if _, err := encrypted.Write(append(packet, b.SecretKey...)); err != nil {
		return err
	}
	// The server says nothing and closes; whether it does so with a reset does not matter.
	_, _ = io.Copy(io.Discard, io.LimitReader(encrypted, 64))
	return ctx.Err()
}

// encrypt demands TLS where the configuration has it, and gives conn back where it has not.
func (c Config) encrypt(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config, err := c.tlsConfig()
	if err != nil || config == nil {
		return conn, err
	}
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequestCode)
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, err
	}
	if answer[0] != 'S' {
		return nil, errors.New("the server refused TLS")
	}
	encrypted := tls.Client(conn, config)
	return encrypted, encrypted.HandshakeContext(ctx)
}
