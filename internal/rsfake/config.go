package rsfake

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/posternsql/postern/internal/pgcluster"
)

// Method is how the server asks for a password.
type Method string

const (
	// MethodStored asks by the form in which the account's password is stored: MD5 for most, a digest for sha256, and clear
	// text for an account whose password is disabled, which can only log in with a temporary one.
	MethodStored Method = ""
	// MethodCleartext asks for the password itself (code 3).
	MethodCleartext Method = "cleartext"
	// MethodMD5 asks as PostgreSQL's md5 does (code 5).
	MethodMD5 Method = "md5"
	// MethodDigest asks for a digest by SHA-256 (code 13).
	MethodDigest Method = "digest"
	// MethodToken asks for the token of an identity provider (code 14).
	MethodToken Method = "token"
)

// The account that administers a stand-in: a superuser.
const (
	AdminUser     = "awsuser"
	AdminPassword = "Awsuser-1234"
)

// serverVersion is what Redshift says that it is.
const serverVersion = "8.0.2"

// Config says what to stand on.
type Config struct {
	// Cluster runs what is translated.
	Cluster *pgcluster.Cluster
	// Database is one of the cluster's, in which the shim is installed unless it is there. Sessions ask for it by this name.
	Database string
	// Listen is the address to listen at; 127.0.0.1 and a free port when it is empty.
	Listen string
	// TLS has the server's certificate; without it the server answers N to a request for TLS.
	TLS *tls.Config
	// RequireTLS refuses sessions without TLS, as require_SSL does.
	RequireTLS bool
	// Auth is how passwords are asked for.
	Auth Method
	// Token gives the user whom a token stands for; nil knows none.
	Token func(token string) (user string, ok bool)
	// Log tells of what goes wrong; nil is silent.
	Log *slog.Logger
}

// Validate reports every mistake at once.
func (c Config) Validate() error {
	var mistakes []error
	if c.Cluster == nil {
		mistakes = append(mistakes, errors.New("rsfake: the cluster is missing"))
	}
	if c.Database == "" {
		mistakes = append(mistakes, errors.New("rsfake: the database is missing"))
	}
	switch c.Auth {
	case MethodStored, MethodCleartext, MethodMD5, MethodDigest, MethodToken:
	default:
		mistakes = append(mistakes, fmt.Errorf("rsfake: the method %q is not known", c.Auth))
	}
	if c.RequireTLS && c.TLS == nil {
		mistakes = append(mistakes, errors.New("rsfake: TLS is required and there is no certificate"))
	}
	return errors.Join(mistakes...)
}

func (c Config) logger() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.New(slog.NewTextHandler(io.Discard, nil))
}
