package warehouse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/pgerror"
)

// dialRedshift logs in to Redshift. The driver cannot: it knows neither of Redshift's own authentication codes (13 and 14), and asks for
// what Redshift does not report. The answer is the driver's connection all the same, for the extended protocol; its simple protocol with
// parameters and its quoting of text do not work there, because a Redshift has no standard_conforming_strings.
func dialRedshift(ctx context.Context, c Config, runtimeParams map[string]string) (_ *pgconn.PgConn, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("connecting to %s: %w", c.Address(), err)
		}
	}()
	packet, settings, err := redshiftParams(runtimeParams)
	if err != nil {
		return nil, err
	}
	login, err := c.Login(ctx)
	if err != nil {
		return nil, err
	}
	config, err := blankConfig()
	if err != nil {
		return nil, err
	}
	config.Host, config.Port, config.Database, config.User, config.Password = c.Host, uint16(c.Port), c.Database, login.User, ""
	config.MaxProtocolMessageBodyLen = maxMessageBytes
	network, address := pgconn.NetworkAddress(c.Host, uint16(c.Port))
	raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	// The deadline is there first: a peer that says nothing must not hold the dial.
	deadline, _ := ctx.Deadline()
	if err := raw.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn, err := c.encrypt(ctx, raw)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	h := &handshake{conn: conn, proven: c.proven(), login: login, status: map[string]string{}}
	if err := h.run(c.Database, packet, settings); err != nil {
		return nil, errors.Join(contextError(ctx, err), conn.Close())
	}
	if !stop() {
		return nil, errors.Join(ctx.Err(), conn.Close())
	}
	if err := raw.SetDeadline(time.Time{}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return pgconn.Construct(&pgconn.HijackedConn{Conn: conn, TLSConfig: tlsOf(c), PID: h.pid, SecretKey: h.secretKey, ParameterStatuses: h.status,
		TxStatus: h.txStatus, Config: config, CustomData: map[string]any{engineKey: EngineRedshift, builtinKey: c.BuiltinMasks}})
}

// contextError says that time ran out rather than that a read failed.
func contextError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// tlsOf is the configuration that conn was encrypted with; it was made once before without an error.
func tlsOf(c Config) *tls.Config {
	config, err := c.tlsConfig()
	if err != nil {
		return nil
	}
	return config
}

// redshiftPath is the search path of every session that does not ask for one: every name that is sent has its schema, and the functions are
// the built-in ones.
const redshiftPath = "pg_catalog"

// pathText is a search_path that can stand in a statement as it is: plain names, and quoted ones without a backslash.
var pathText = regexp.MustCompile(`^([a-z_][a-z0-9_]*|"([^"\\\x00]|"")+")(, ([a-z_][a-z0-9_]*|"([^"\\\x00]|"")+"))*$`)

// redshiftParams parts what a session is to have from the start into the parameters of the start-up packet and statements to run behind it.
// Nothing else is sent: Redshift acts on some parameters in ways that change what a name or a message means. What only PostgreSQL has is
// refused as Redshift would.
func redshiftParams(params map[string]string) (packet map[string]string, settings []string, _ error) {
	packet = map[string]string{"client_encoding": "UTF8"}
	path := redshiftPath
	for name, value := range params {
		if strings.ContainsRune(value, 0) {
			return nil, nil, fmt.Errorf("parameter %s holds a zero byte", name)
		}
		switch strings.ToLower(name) {
		case "application_name", "datestyle", "timezone":
			packet[name] = value
		case "extra_float_digits":
			// PostgreSQL 9.0 made 3 the most; drivers ask for it.
			if packet[name] = value; value == "3" {
				packet[name] = "2"
			}
		case "client_encoding":
			if value != "UTF8" {
				return nil, nil, fmt.Errorf("client_encoding %q is not UTF8", value)
			}
		case "search_path":
			// Redshift has no schema pg_temp to name: its temporary tables come first, and only PostgreSQL's path can put them last.
			if value = strings.TrimSuffix(value, ", pg_temp"); !pathText.MatchString(value) {
				return nil, nil, fmt.Errorf("search_path %q cannot be set on Redshift", value)
			}
			path = value
		case "statement_timeout":
			if !timeoutText.MatchString(value) {
				return nil, nil, unknownParameter(name)
			}
			settings = append(settings, "SET statement_timeout TO "+value)
		case "standard_conforming_strings":
			// There is no such parameter. What is sent reads alike with it on and off.
		default:
			if !strings.HasPrefix(name, "postern.") {
				return nil, nil, unknownParameter(name)
			}
		}
	}
	slices.Sort(settings)
	// Names in quotes are folded unless this is on; the judge of a statement has folded them.
	return packet, append(settings, "SET search_path TO "+path, "SET enable_case_sensitive_identifier TO false"), nil
}

// timeoutText is a number of milliseconds.
var timeoutText = regexp.MustCompile(`^[0-9]{1,10}$`)

func unknownParameter(name string) error {
	return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: "42704", Message: fmt.Sprintf("unrecognized configuration parameter %.100q", name)}
}
