package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/warehouse"
)

// State is what decides at one moment: people and programs of one version. A session asks for it anew at each statement
// and stores names only.
type State interface {
	// Verifier of a log-in name; false if there is no such user or it may not log in.
	Verifier(login string) (identity.Verifier, bool)
	// Principal as whom the login's next statement runs. An error ends the session; a *pgerror.Error in it reaches the
	// client.
	Principal(login string) (identity.Principal, error)
	// Program of a database; false if no connection of that name is registered.
	Program(database string) (*policy.Program, bool)
	// Version changes with everything above; larger is newer.
	Version() uint64
}

// Rewriter turns client SQL into guarded SQL. An error that holds a *pgerror.Error reaches the client.
type Rewriter interface {
	Rewrite(ctx context.Context, r rewrite.Request) (*rewrite.Result, error)
}

// Recorder is the audit log as the proxy uses it.
type Recorder interface {
	// Record returns nil when the events are safe. An error means: do not proceed.
	Record(ctx context.Context, events ...audit.Event) error
	// RecordLater takes events that nothing waits for.
	RecordLater(events ...audit.Event) error
}

// TLSMode says what is demanded of the connection from the client.
type TLSMode string

// The TLS modes of the listener. The zero value is refused.
const (
	// TLSOff answers N to a request for TLS.
	TLSOff TLSMode = "off"
	// TLSPrefer encrypts for those who ask.
	TLSPrefer TLSMode = "prefer"
	// TLSRequire refuses to start a session without TLS.
	TLSRequire TLSMode = "require"
)

// AuthMethod is how a client proves who it is.
type AuthMethod string

const (
	// AuthSCRAM is SCRAM-SHA-256, and SCRAM-SHA-256-PLUS over TLS: the default.
	AuthSCRAM AuthMethod = ""
	// AuthCleartext asks for the password itself, inside TLS only. It is for clients that know no SASL; a client without
	// TLS is asked for SCRAM.
	AuthCleartext AuthMethod = "cleartext"
)

// Config is what a Server consumes. Zero numbers and durations mean the defaults.
type Config struct {
	// Listen is the address of Run, host:port. Serve does not need it.
	Listen string
	// TLS has the server's certificate. It is required unless TLSMode is TLSOff.
	TLS     *tls.Config
	TLSMode TLSMode
	Auth    AuthMethod
	// MockKey makes the salts of unknown users, see identity.MockVerifier. Empty draws one at each start.
	MockKey []byte

	// Current returns what decides now; an error refuses log-ins and statements (57P03).
	Current  func() (State, error)
	Rewriter Rewriter
	Audit    Recorder
	// Dial logs in to the warehouse behind a database with start-up parameters and gives up the connection, idle and with
	// nothing left in its read buffer (pgconn.PgConn.SyncConn, Hijack). A *pgconn.PgError in its error is the server's own
	// refusal.
	Dial func(ctx context.Context, database string, params map[string]string) (*pgconn.HijackedConn, error)
	// Engine says what the warehouse behind a database is; nil says PostgreSQL of all.
	Engine func(database string) warehouse.Engine
	// Token checks the token of an identity provider and gives the log-in that it stands for; nil refuses tokens. An error is for the log alone.
	Token func(ctx context.Context, token Token) (login string, err error)
	// Cancel asks the warehouse behind a database to cancel what a backend is doing, and returns when it has been asked.
	Cancel func(ctx context.Context, database string, backend warehouse.Backend) error

	// MaxSessions bounds all sessions, MaxSessionsPerUser those of one login (53300).
	MaxSessions, MaxSessionsPerUser int
	// MaxLogins bounds the connections that are not authenticated yet; beyond it new ones wait in the kernel's queue.
	MaxLogins int
	// MaxDials bounds how many upstream connections are being made at a time.
	MaxDials int
	// MaxLoginFailures bounds the failed log-ins per minute of one user from one address; beyond it even the right password
	// is refused.
	MaxLoginFailures int
	// MaxMessageBytes bounds a Query or Parse message, whose text must be held. Values of a Bind are streamed and bounded by
	// the protocol only.
	MaxMessageBytes int
	// MaxStatements bounds the prepared statements and the portals of a session.
	MaxStatements int
	// AuthTimeout bounds the time until a client is authenticated.
	AuthTimeout time.Duration
	// WriteTimeout ends a session whose client does not read for that long; 0 is no limit.
	WriteTimeout time.Duration
	// DrainTimeout bounds how long running statements and open transactions may go on once the server is told to stop.
	DrainTimeout time.Duration

	// Now tells the time, for decisions that hold for a limited time; nil is time.Now.
	Now func() time.Time
	// Log tells of the server's own life, never of SQL or values. Nil is silent.
	Log *slog.Logger
	// Metrics from NewMetrics; nil counts nowhere.
	Metrics *Metrics
}

// Defaults of Config.
const (
	DefaultMaxSessions        = 10_000
	DefaultMaxSessionsPerUser = 100
	DefaultMaxLogins          = 256
	DefaultMaxDials           = 32
	DefaultMaxLoginFailures   = 20
	DefaultMaxMessageBytes    = 16 << 20
	DefaultMaxStatements      = 10_000
	DefaultAuthTimeout        = 60 * time.Second
	DefaultDrainTimeout       = 30 * time.Second
)

// maxMessageLength is what a length field may say: PostgreSQL allocates at most 1 GiB - 1 for a message (MaxAllocSize).
const maxMessageLength = 1<<30 + 3

// Validate reports all mistakes at once. It looks at neither network nor disk.
func (c Config) Validate() error {
	var mistakes []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			mistakes = append(mistakes, fmt.Errorf("proxy: "+format, args...))
		}
	}
	switch c.TLSMode {
	case TLSOff, TLSPrefer, TLSRequire:
	default:
		refuse(true, "tls mode %q is not one of off, prefer, require", c.TLSMode)
	}
	switch c.Auth {
	case AuthSCRAM, AuthCleartext:
	default:
		refuse(true, "authentication method %q is not known", c.Auth)
	}
	withTLS := c.TLSMode == TLSPrefer || c.TLSMode == TLSRequire
	refuse(withTLS && (c.TLS == nil || (len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil)),
		"tls mode %s needs a certificate", c.TLSMode)
	refuse(c.Auth == AuthCleartext && !withTLS, "cleartext passwords need TLS")
	refuse(c.Current == nil, "the state is missing")
	refuse(c.Rewriter == nil, "the rewriter is missing")
	refuse(c.Audit == nil, "the audit log is missing")
	refuse(c.Dial == nil, "dial is missing")
	refuse(c.Cancel == nil, "cancel is missing")
	for _, n := range []struct {
		name  string
		value int
	}{
		{"max sessions", c.MaxSessions}, {"max sessions per user", c.MaxSessionsPerUser}, {"max logins", c.MaxLogins},
		{"max dials", c.MaxDials}, {"max login failures", c.MaxLoginFailures}, {"max message bytes", c.MaxMessageBytes},
		{"max statements", c.MaxStatements}, {"auth timeout", int(c.AuthTimeout)}, {"write timeout", int(c.WriteTimeout)},
		{"drain timeout", int(c.DrainTimeout)},
	} {
		refuse(n.value < 0, "%s is negative", n.name)
	}
	refuse(c.MaxMessageBytes > maxMessageLength, "max message bytes %d is over the protocol's %d", c.MaxMessageBytes, maxMessageLength)
	return errors.Join(mistakes...)
}

func (c Config) withDefaults() Config {
	number := func(value *int, standard int) {
		if *value == 0 {
			*value = standard
		}
	}
	number(&c.MaxSessions, DefaultMaxSessions)
	number(&c.MaxSessionsPerUser, DefaultMaxSessionsPerUser)
	number(&c.MaxLogins, DefaultMaxLogins)
	number(&c.MaxDials, DefaultMaxDials)
	number(&c.MaxLoginFailures, DefaultMaxLoginFailures)
	number(&c.MaxMessageBytes, DefaultMaxMessageBytes)
	number(&c.MaxStatements, DefaultMaxStatements)
	if c.AuthTimeout == 0 {
		c.AuthTimeout = DefaultAuthTimeout
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = DefaultDrainTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// maxHashing bounds the key derivations (PBKDF2) that run at a time, which only cleartext passwords need.
func maxHashing() int { return max(1, runtime.GOMAXPROCS(0)/2) }
