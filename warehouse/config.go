package warehouse

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Engine is the kind of warehouse. The zero value is none and is refused.
type Engine string

// The engines that Postern speaks to.
const (
	EnginePostgres Engine = "postgres"
	EngineRedshift Engine = "redshift"
)

// TLSMode says what is demanded of the connection to the warehouse. There is no mode that falls back to clear text.
type TLSMode string

const (
	// TLSDefault is TLSVerifyFull, but TLSOff for loopback addresses and Unix-domain sockets.
	TLSDefault TLSMode = ""
	// TLSOff never encrypts.
	TLSOff TLSMode = "off"
	// TLSRequire encrypts and does not look at the server's certificate: it keeps out who only listens.
	TLSRequire TLSMode = "require"
	// TLSVerifyFull encrypts and demands a certificate of a trusted authority for the server's name.
	TLSVerifyFull TLSMode = "verify-full"
)

// TLS is how the connection to the warehouse is encrypted.
type TLS struct {
	Mode TLSMode
	// CAFile is a PEM file of the authorities that are trusted instead of the system's; only with verify-full.
	CAFile string
	// ServerName is the name that the certificate must be for; Config.Host when empty.
	ServerName string
}

// DefaultConnectTimeout bounds a dial whose Config does not say otherwise.
const DefaultConnectTimeout = 10 * time.Second

// The bounds of the names that go into a start-up packet: PostgreSQL cuts names at 63 bytes, Redshift takes 127, and those of temporary
// credentials have more before them.
const (
	maxNameBytes         = 63
	maxRedshiftNameBytes = 127 + len("IAMA:")
)

func (c Config) maxName() int {
	if c.Engine == EngineRedshift {
		return maxRedshiftNameBytes
	}
	return maxNameBytes
}

// checkName refuses what cannot stand in a start-up packet.
func checkName(what, name string, limit int) error {
	if name == "" || len(name) > limit || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%s %q is not a name of 1 to %d bytes", what, name, limit)
	}
	return nil
}

// Config says where a warehouse is and as whom to log in. It holds no secret and can be printed.
type Config struct {
	Engine Engine
	// Host is a name, an address, or the absolute path of the folder of a Unix-domain socket.
	Host     string
	Port     int
	Database string
	User     string
	// Credentials is asked for the password at each dial; nil sends none.
	Credentials CredentialSource
	TLS         TLS
	// ConnectTimeout bounds one dial, log-in included; 0 means DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// BuiltinMasks says that a Redshift computes masks with a key by itself, and has no Lambda.
	BuiltinMasks bool
}

// Validate reports every mistake at once. It looks at neither network nor disk.
func (c Config) Validate() error {
	var mistakes []error
	switch c.Engine {
	case EnginePostgres, EngineRedshift:
	default:
		mistakes = append(mistakes, fmt.Errorf("engine %q is not one of postgres, redshift", c.Engine))
	}
	if c.Host == "" || len(c.Host) > 255 || strings.ContainsAny(c.Host, ",\x00 ") {
		mistakes = append(mistakes, fmt.Errorf("host %q is not one name, address or absolute path", c.Host))
	}
	if c.Port < 1 || c.Port > 65535 {
		mistakes = append(mistakes, fmt.Errorf("port %d is not between 1 and 65535", c.Port))
	}
	for _, n := range []struct{ what, name string }{{"database", c.Database}, {"user", c.User}} {
		if err := checkName(n.what, n.name, c.maxName()); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if c.ConnectTimeout < 0 {
		mistakes = append(mistakes, errors.New("the connect timeout is negative"))
	}
	return errors.Join(append(mistakes, c.TLS.validate(c.unixSocket())...)...)
}

func (t TLS) validate(unixSocket bool) (mistakes []error) {
	switch t.Mode {
	case TLSDefault, TLSOff, TLSRequire, TLSVerifyFull:
	default:
		mistakes = append(mistakes, fmt.Errorf("tls mode %q is not one of off, require, verify-full", t.Mode))
	}
	if unixSocket && t.Mode != TLSDefault && t.Mode != TLSOff {
		mistakes = append(mistakes, errors.New("there is no TLS on a Unix-domain socket"))
	}
	if t.Mode != TLSVerifyFull && (t.CAFile != "" || t.ServerName != "") {
		mistakes = append(mistakes, errors.New("a ca file and a server name need tls mode verify-full"))
	}
	return mistakes
}

// TLSMode is the mode in effect, with the default resolved.
func (c Config) TLSMode() TLSMode {
	if c.TLS.Mode != TLSDefault {
		return c.TLS.Mode
	}
	if c.unixSocket() || c.loopback() {
		return TLSOff
	}
	return TLSVerifyFull
}

// Address names the warehouse in messages: user@host:port/database.
func (c Config) Address() string {
	return c.User + "@" + net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) + "/" + c.Database
}

func (c Config) unixSocket() bool { return filepath.IsAbs(c.Host) }

// loopback is decided by what is written, never by what a name resolves to at some moment.
func (c Config) loopback() bool {
	if c.Host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(c.Host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (c Config) timeout() time.Duration {
	if c.ConnectTimeout == 0 {
		return DefaultConnectTimeout
	}
	return c.ConnectTimeout
}
