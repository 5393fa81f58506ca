package resource

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// Connection is a registered warehouse.
type Connection struct {
	Pos policy.Pos `yaml:"-"`
	// Name is the database that clients of the proxy ask for.
	Name string `yaml:"name"`
	// Engine is postgres or redshift.
	Engine string `yaml:"engine"`
	// Host is a name, an address, or the absolute path of the folder of a Unix-domain socket.
	Host string `yaml:"host"`
	// Port is 5432 for postgres and 5439 for redshift when it is left out.
	Port     int    `yaml:"port"`
	Database string `yaml:"database"`
	// User is the service role.
	User string `yaml:"user"`
	// Password is a reference, resolved at each use. Without one, none is sent.
	Password secret.Ref `yaml:"password"`
	// AWS has temporary credentials made for the service role, instead of a password.
	AWS ConnectionAWS `yaml:"aws"`
	TLS ConnectionTLS `yaml:"tls"`
	// ConnectTimeout bounds one log-in, in seconds; 10 when it is left out.
	ConnectTimeout int `yaml:"connectTimeout"`
	// Log is where the warehouse logs the statements that people run there past the proxy. Without it they are not on record.
	Log ConnectionLog `yaml:"log"`
	// ObjectSync says how Postern keeps in step with what changes in the warehouse.
	ObjectSync ObjectSync `yaml:"objectSync"`
	// Unload is what a Redshift needs to write to S3. Without it UNLOAD is refused.
	Unload ConnectionUnload `yaml:"unload"`
	// Masks says of a Redshift what computes masks and samples with a key: lambda, which is what it is when it is left out, or builtin, Redshift's own SHA2: hashes
	// and draws then have other values, and there are no reversible and no format-preserving masks.
	Masks string `yaml:"masks"`
}

// The values of masks.
const (
	masksLambda  = "lambda"
	masksBuiltin = "builtin"
)

// BuiltinMasks reports a Redshift that computes masks with a key by itself.
func (c Connection) BuiltinMasks() bool { return c.Masks == masksBuiltin }

func (c Connection) validateMasks(add func(error)) {
	switch {
	case c.Masks == "":
	case c.Engine != string(warehouse.EngineRedshift):
		add(errors.New("masks: only of engine redshift: PostgreSQL has the functions of registration"))
	case c.Masks != masksLambda && c.Masks != masksBuiltin:
		add(fmt.Errorf("masks: %q is neither lambda nor builtin", clip(c.Masks)))
	}
}

// ConnectionLog is the log of a PostgreSQL server, or the history of statements of a Redshift.
type ConnectionLog struct {
	// Format is csv or json, as log_destination says; of a Redshift sys or stl, the generation of system views.
	Format string `yaml:"format"`
	// Every is the time between two looks in seconds; 0 is 1, and 10 of a Redshift, where a look is a query.
	Every int `yaml:"every"`
	// Folder that the server writes it to. Without it the server is asked, for which the service role needs pg_monitor and
	// pg_read_server_files.
	Folder string `yaml:"folder"`
	// Zone is log_timezone, if that is not UTC: Europe/Berlin.
	Zone string `yaml:"zone"`
	// Pgaudit says that the extension logs the statements, and not log_statement.
	Pgaudit bool `yaml:"pgaudit"`
}

func (l ConnectionLog) validate(engine string, add func(error)) {
	redshift := engine == string(warehouse.EngineRedshift)
	switch {
	case l == (ConnectionLog{}):
		return
	case redshift && l.Format != "sys" && l.Format != "stl":
		add(fmt.Errorf("log.format: %q is neither sys nor stl", clip(l.Format)))
	case redshift && (l.Folder != "" || l.Zone != "" || l.Pgaudit):
		add(errors.New("log: folder, zone and pgaudit are only of engine postgres"))
	case !redshift && l.Format != "csv" && l.Format != "json":
		add(fmt.Errorf("log.format: %q is neither csv nor json", clip(l.Format)))
	}
	if l.Every < 0 || l.Every > 3600 {
		add(fmt.Errorf("log.every: %d is not between 1 and 3600 seconds", l.Every))
	}
	if _, err := time.LoadLocation(l.Zone); err != nil {
		add(fmt.Errorf("log.zone: %q is not a time zone such as Europe/Berlin", clip(l.Zone)))
	}
	if l.Folder != "" && !filepath.IsAbs(l.Folder) {
		add(fmt.Errorf("log.folder: %q is not an absolute path", clip(l.Folder)))
	}
}

// Interval is the time between two looks.
func (l ConnectionLog) Interval() time.Duration {
	switch {
	case l.Every > 0:
		return time.Duration(l.Every) * time.Second
	case l.Format == "sys", l.Format == "stl":
		return 10 * time.Second
	}
	return time.Second
}

// ConnectionTLS is how the connection to the warehouse is encrypted.
type ConnectionTLS struct {
	// Mode is off, require or verify-full; verify-full when it is left out, off for loopback and Unix-domain sockets.
	Mode string `yaml:"mode"`
	// CA is a PEM file of trusted authorities.
	CA string `yaml:"ca"`
	// ServerName that the certificate must be for; the host when it is left out.
	ServerName string `yaml:"serverName"`
}

// Warehouse is what warehouse.Dial wants.
func (c Connection) Warehouse() warehouse.Config {
	return c.WarehouseLogging(slog.New(slog.DiscardHandler))
}

// port is the one that is configured, or the engine's own.
func (c Connection) port() int {
	if c.Port == 0 {
		return map[warehouse.Engine]int{warehouse.EnginePostgres: 5432, warehouse.EngineRedshift: 5439}[warehouse.Engine(c.Engine)]
	}
	return c.Port
}

// WarehouseLogging is Warehouse for one that is dialed again and again: credentials that AWS gave are kept in it, and what is wrong with renewing
// them is logged.
func (c Connection) WarehouseLogging(log *slog.Logger) warehouse.Config {
	out := warehouse.Config{
		Engine: warehouse.Engine(c.Engine), Host: c.Host, Port: c.port(), Database: c.Database, User: c.User,
		TLS:            warehouse.TLS{Mode: warehouse.TLSMode(c.TLS.Mode), CAFile: c.TLS.CA, ServerName: c.TLS.ServerName},
		ConnectTimeout: time.Duration(c.ConnectTimeout) * time.Second, BuiltinMasks: c.BuiltinMasks(),
	}
	switch {
	case !c.AWS.isZero():
		out.Credentials = c.AWS.source(c, log)
	case !c.Password.IsZero():
		out.Credentials = warehouse.Password(c.Password)
	}
	return out
}

func (c Connection) validate(add func(error)) {
	add(checkConnectionName(c.Name))
	add(c.Warehouse().Validate())
	c.AWS.validate(c, add)
	c.Log.validate(c.Engine, add)
	c.ObjectSync.validate(add)
	c.Unload.validate(c.Engine, add)
	c.validateMasks(add)
}
