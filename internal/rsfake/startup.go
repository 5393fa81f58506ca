package rsfake

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSS    = 80877104
	protocol30 = 3 << 16
)

// startTimeout bounds the start of a session.
const startTimeout = 30 * time.Second

// client is the side of a session that faces the client.
type client struct {
	conn   net.Conn
	r      *bufio.Reader
	params map[string]string
	tls    bool
}

func (c *client) send(kind byte, parts ...[]byte) error {
	_, err := c.conn.Write(appendMessage(nil, kind, parts...))
	return err
}

// refuse says why the session ends.
func (c *client) refuse(r *Refusal) error {
	return errors.Join(c.send('E', printFields(refusalFields("FATAL", r))), r)
}

// serve runs one connection from its first byte to its last.
func (s *Server) serve(ctx context.Context, conn net.Conn) error {
	c := &client{conn: conn, r: bufio.NewReader(conn)}
	if err := conn.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return err
	}
	if done, err := s.introduce(ctx, c); done || err != nil {
		return err
	}
	if s.cfg.RequireTLS && !c.tls {
		return c.refuse(&Refusal{Code: "28000", Message: "no pg_hba.conf entry for host, SSL off"})
	}
	if c.params["database"] != s.cfg.Database {
		return c.refuse(&Refusal{Code: "3D000", Message: `database "` + c.params["database"] + `" does not exist`})
	}
	user, err := s.authenticate(ctx, c)
	if err != nil {
		return err
	}
	upstream, err := s.connect(ctx, user, c.params)
	if err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return c.refuse(&Refusal{Code: refused.Code, Message: refused.Message})
		}
		return errors.Join(err, c.refuse(&Refusal{Code: "08006", Message: "the cluster behind the stand-in cannot be reached"}))
	}
	defer upstream.Conn.Close()
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	return newSession(s, c, upstream, user).run(ctx)
}

// introduce reads requests for encryption and the start-up packet. done reports a cancel request, which was passed on.
func (s *Server) introduce(ctx context.Context, c *client) (done bool, _ error) {
	for range 4 {
		packet, err := startupPacket(c.r)
		if err != nil {
			return true, err
		}
		switch code := binary.BigEndian.Uint32(packet); code {
		case codeCancel:
			return true, s.passCancel(ctx, packet)
		case codeSSL:
			if s.cfg.TLS == nil || c.tls {
				if _, err := c.conn.Write([]byte{'N'}); err != nil {
					return true, err
				}
				continue
			}
			if _, err := c.conn.Write([]byte{'S'}); err != nil {
				return true, err
			}
			encrypted := tls.Server(c.conn, s.cfg.TLS)
			if err := encrypted.HandshakeContext(ctx); err != nil {
				return true, err
			}
			c.conn, c.r, c.tls = encrypted, bufio.NewReader(encrypted), true
		case codeGSS:
			// 8.0 does not know it, and takes it for a protocol version.
			return true, c.refuse(&Refusal{Code: "0A000", Message: "unsupported frontend protocol 1234.5680: server supports 1.0 to 3.0"})
		case protocol30:
			if c.params, err = readParams(packet[4:]); err != nil {
				return true, errors.Join(err, c.refuse(&Refusal{Code: "08P01", Message: "invalid startup packet layout: expected terminator as last byte"}))
			}
			return false, nil
		default:
			return true, c.refuse(&Refusal{Code: "0A000", Message: fmt.Sprintf("unsupported frontend protocol %d.%d: server supports 1.0 to 3.0", code>>16, code&0xffff)})
		}
	}
	return true, errors.New("too many requests before the start-up packet")
}

func startupPacket(r *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 8 || n > 10_000 {
		return nil, errFrame
	}
	body := make([]byte, n-4)
	_, err := io.ReadFull(r, body)
	return body, err
}

func readParams(body []byte) (map[string]string, error) {
	out := map[string]string{}
	for {
		name, rest, ok := cstring(body)
		if !ok {
			return nil, errFrame
		}
		if name == "" {
			if out["database"] == "" {
				out["database"] = out["user"]
			}
			return out, nil
		}
		value, rest, ok := cstring(rest)
		if !ok {
			return nil, errFrame
		}
		out[name], body = value, rest
	}
}

// startupParameter is what the start-up packet may set: true for what PostgreSQL gets, false for what only Redshift knows.
func startupParameter(name string) (forPostgres, known bool) {
	switch strings.ToLower(name) {
	case "application_name", "datestyle", "timezone", "extra_float_digits", "search_path", "statement_timeout", "client_min_messages":
		return true, true
	case "user", "database", "client_encoding", "options", "query_group", "client_protocol_version", "driver_version", "os_version", "driver_discovery_version", "plugin_name",
		"idp_type", "provider_name", "identity_namespace", "token_type", "idc_client_display_name", "replication":
		return false, true
	}
	return false, strings.HasPrefix(name, "_pq_.")
}

// connect opens the session's own connection to PostgreSQL as the user, over the socket that needs no password.
func (s *Server) connect(ctx context.Context, user string, params map[string]string) (*pgconn.HijackedConn, error) {
	conn, err := s.open(ctx, user, params)
	if err != nil {
		return nil, err
	}
	return conn.Hijack()
}

func (s *Server) open(ctx context.Context, user string, params map[string]string) (*pgconn.PgConn, error) {
	pc, err := pgconn.ParseConfig(s.cfg.Cluster.DSN(s.cfg.Database))
	if err != nil {
		return nil, err
	}
	pc.Host, pc.User, pc.Password = s.cfg.Cluster.SocketDir, user, ""
	pc.TLSConfig, pc.Fallbacks = nil, nil
	pc.RuntimeParams = map[string]string{"client_encoding": "UTF8", "standard_conforming_strings": "off", "escape_string_warning": "off", "backslash_quote": "on",
		"row_security": "off", "extra_float_digits": "0", "client_min_messages": "notice"}
	for name, value := range params {
		forPostgres, known := startupParameter(name)
		if !known {
			return nil, &pgconn.PgError{Code: "42704", Message: `unrecognized configuration parameter "` + name + `"`}
		}
		if forPostgres {
			pc.RuntimeParams[strings.ToLower(name)] = value
		}
		if strings.EqualFold(name, "client_encoding") && !strings.EqualFold(strings.Trim(value, "'"), "utf8") && !strings.EqualFold(value, "utf-8") && !strings.EqualFold(value, "unicode") {
			return nil, &pgconn.PgError{Code: "22023", Message: `invalid value for parameter "client_encoding": "` + value + `"`}
		}
	}
	return pgconn.ConnectConfig(ctx, pc)
}

// passCancel hands a cancel request on: process ids and keys are PostgreSQL's own.
func (s *Server) passCancel(ctx context.Context, packet []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(s.cfg.Cluster.Host, itoa(s.cfg.Cluster.Port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet)+4)), packet...)); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(conn, 64))
	return nil
}

// lookUp reads what is known of an account.
func (s *Server) lookUp(ctx context.Context, user string) (account, error) {
	a := account{name: user}
	conn, err := pgconn.Connect(ctx, s.cfg.Cluster.DSN(s.cfg.Database))
	if err != nil {
		return a, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	got := conn.ExecParams(ctx, "SELECT rolsuper, coalesce(pg_catalog.shobj_description(oid, 'pg_authid'), '{}') FROM pg_catalog.pg_roles WHERE rolname = $1 AND rolcanlogin AND rolname <> 'postgres' AND (rolvaliduntil IS NULL OR rolvaliduntil > now())",
		[][]byte{[]byte(user)}, nil, nil, nil).Read()
	if got.Err != nil || len(got.Rows) == 0 {
		return a, got.Err
	}
	var facts struct{ MD5, SHA256, Salt, Form string }
	if err := json.Unmarshal(got.Rows[0][1], &facts); err != nil {
		return a, err
	}
	a.exists, a.superuser = true, string(got.Rows[0][0]) == "t"
	a.md5, a.sha256, a.salt, a.form = facts.MD5, facts.SHA256, facts.Salt, facts.Form
	a.temporary = s.temporaries(user)
	return a, nil
}
