package resource

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
)

// ServerConfig is what `postern serve -c FILE` reads: one document, not a resource. Relative paths in it are relative to
// the folder of the file.
type ServerConfig struct {
	Pos policy.Pos `yaml:"-"`
	// Listen is the proxy's address; 127.0.0.1:6432 when it is left out.
	Listen string    `yaml:"listen"`
	TLS    ServerTLS `yaml:"tls"`
	// Admin serves health, readiness and metrics.
	Admin AdminConfig `yaml:"admin"`
	// State is sqlite:PATH, or postgres://USER@HOST:PORT/DATABASE for several servers; sqlite:postern.db when it is left out.
	State string `yaml:"state"`
	// StatePassword is where the password of the account in PostgreSQL is.
	StatePassword secret.Ref `yaml:"statePassword"`
	// StalenessMillis is how long a server that has lost touch with a shared state goes on answering, which bounds how soon a
	// revocation takes effect on it; 1000 when it is left out.
	StalenessMillis int         `yaml:"stalenessMillis"`
	Audit           AuditConfig `yaml:"audit"`
	// Resources are files and folders that are published at start and whenever they change; none where everything is stored by
	// `postern apply`.
	Resources []string `yaml:"resources"`
	// ExplainPolicy is everyone, or nobody to refuse EXPLAIN (POLICY), which tells people the rules that decide for them; everyone when
	// it is left out.
	ExplainPolicy string `yaml:"explainPolicy"`
	// Tokens says which tokens of an identity provider log people in, for drivers that have one in place of a password; none where it is left out.
	Tokens ServerTokens `yaml:"tokens"`
	// LambdaAccess keeps the access documents of the Lambda functions that mask for Redshift; none where it is left out.
	LambdaAccess []ServerLambdaAccess `yaml:"lambdaAccess"`
	Limits       ServerLimits         `yaml:"limits"`
}

// ServerLambdaAccess is where the access document of one connection is kept (docs/lambda.md).
type ServerLambdaAccess struct {
	Connection string `yaml:"connection"`
	// Clusters are the ARNs that may ask.
	Clusters []string `yaml:"clusters"`
	// Keys is what the names of the keys in Secrets Manager begin with.
	Keys string `yaml:"keys"`
	// Account is as whom the proxy asks; the connection's user when it is left out.
	Account string `yaml:"account"`
	// File or Secret, of which one is given, is where the document is written.
	File   string `yaml:"file"`
	Secret string `yaml:"secret"`
	// Region is the secret's.
	Region string `yaml:"region"`
}

// ServerTokens are signed tokens (JWT) of one issuer.
type ServerTokens struct {
	// Issuer must be a token's iss, and Audience one of its aud.
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	// Keys is a file with the issuer's JWK Set. It is read at each log-in.
	Keys string `yaml:"keys"`
	// User is the claim that holds the user's name; sub when it is left out.
	User string `yaml:"user"`
}

// ServerTLS is how clients reach the proxy.
type ServerTLS struct {
	// Cert and Key are PEM files.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// Mode is off, prefer or require. When it is left out: require with a certificate, off without.
	Mode string `yaml:"mode"`
}

// AdminConfig says where the admin server listens.
type AdminConfig struct {
	// Listen is a loopback address; 127.0.0.1:8432 when it is left out, "off" for none.
	Listen string `yaml:"listen"`
}

// AuditConfig says where the audit log is.
type AuditConfig struct {
	// Dir is the folder of the audit files; audit when it is left out.
	Dir string `yaml:"dir"`
}

// ServerLimits bound what clients may use. 0 means the default.
type ServerLimits struct {
	// Sessions of all users together; 1000 by default.
	Sessions int `yaml:"sessions"`
	// SessionsPerUser of one user; 100 by default.
	SessionsPerUser int `yaml:"sessionsPerUser"`
	// LoginSeconds bound a log-in; 30 by default.
	LoginSeconds int `yaml:"loginSeconds"`
	// QueryBytes bound the text of one statement; 1 MiB by default.
	QueryBytes int `yaml:"queryBytes"`
	// QueryParts bound the words and signs of one text; 400,000 by default.
	QueryParts int `yaml:"queryParts"`
	// QueryDepth bounds how deeply a statement is nested; 1,000 by default, at most 4,000.
	QueryDepth int `yaml:"queryDepth"`
	// QueryRelations bound the governed tables that one statement names; 500 by default.
	QueryRelations int `yaml:"queryRelations"`
	// QueryParameters bound the number of the last parameter of one statement; 65,535 by default.
	QueryParameters int `yaml:"queryParameters"`
}

// LoadServerConfig reads the server's configuration, fills in defaults and validates it. An error is of type Mistakes.
func LoadServerConfig(path string) (*ServerConfig, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, Mistakes{{Pos: policy.Pos{File: path}, Message: err.Error()}}
	}
	return ParseServerConfig(path, text)
}

// ParseServerConfig is LoadServerConfig for text that has been read; path stands in positions and is the base of relative
// paths.
func ParseServerConfig(path string, text []byte) (*ServerConfig, error) {
	var c collector
	var out ServerConfig
	docs := documents(path, text, &c)
	switch {
	case len(docs) == 1:
		decoder{file: path, c: &c}.mapping("", docs[0], reflect.ValueOf(&out).Elem())
	case len(docs) > 1:
		c.add(policy.Pos{File: path, Line: docs[1].Line}, "", "one document is the whole configuration")
	}
	if len(c.list) == 0 {
		out.setDefaults(filepath.Dir(path))
		for _, err := range flatten(out.Validate()) {
			c.add(policy.Pos{File: path}, "", "%s", err)
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return &out, nil
}

func (s *ServerConfig) setDefaults(folder string) {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&s.Listen, "127.0.0.1:6432")
	set(&s.Admin.Listen, "127.0.0.1:8432")
	set(&s.State, "sqlite:postern.db")
	set(&s.Audit.Dir, "audit")
	set(&s.ExplainPolicy, "everyone")
	if s.TLS.Cert != "" {
		set(&s.TLS.Mode, "require")
	}
	set(&s.TLS.Mode, "off")
	for _, l := range []struct {
		field *int
		value int
	}{{&s.Limits.Sessions, 1000}, {&s.Limits.SessionsPerUser, 100}, {&s.Limits.LoginSeconds, 30}, {&s.Limits.QueryBytes, 1 << 20}} {
		if *l.field == 0 {
			*l.field = l.value
		}
	}
	absolute := func(field *string) {
		if *field != "" && !filepath.IsAbs(*field) {
			*field = filepath.Join(folder, *field)
		}
	}
	absolute(&s.TLS.Cert)
	absolute(&s.TLS.Key)
	absolute(&s.Tokens.Keys)
	absolute(&s.Audit.Dir)
	for i := range s.Resources {
		absolute(&s.Resources[i])
	}
	for i := range s.LambdaAccess {
		absolute(&s.LambdaAccess[i].File)
	}
	if file, ok := strings.CutPrefix(s.State, "sqlite:"); ok {
		absolute(&file)
		s.State = "sqlite:" + file
	}
	if s.StalenessMillis == 0 {
		s.StalenessMillis = 1000
	}
}

// Validate reports every mistake at once, of a configuration whose defaults have been filled in.
func (s *ServerConfig) Validate() error {
	var mistakes []error
	add := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	loopback, err := checkListen(s.Listen)
	if err != nil {
		add("listen: %w", err)
	} else if !loopback && s.TLS.Mode != "require" {
		add("listen: %s is not a loopback address, so tls with mode require is needed", s.Listen)
	}
	if s.Admin.Listen != "off" {
		switch loopback, err := checkListen(s.Admin.Listen); {
		case err != nil:
			add("admin.listen: %w", err)
		case !loopback:
			add("admin.listen: %s is not a loopback address, and the admin server has no TLS", s.Admin.Listen)
		}
	}
	if !slices.Contains([]string{"off", "prefer", "require"}, s.TLS.Mode) {
		add("tls.mode: %q is not one of off, prefer, require", clip(s.TLS.Mode))
	}
	if (s.TLS.Cert == "") != (s.TLS.Key == "") {
		add("tls: cert and key are given together")
	}
	if s.TLS.Mode != "off" && s.TLS.Cert == "" {
		add("tls: mode %s needs cert and key", clip(s.TLS.Mode))
	}
	if t := s.Tokens; t != (ServerTokens{}) && (t.Issuer == "" || t.Audience == "" || t.Keys == "") {
		add("tokens: issuer, audience and keys are given together")
	} else if t != (ServerTokens{}) && s.TLS.Mode == "off" {
		add("tokens: tls is off, and a token is taken inside TLS only")
	}
	if path, ok := strings.CutPrefix(s.State, "sqlite:"); (!ok || path == "") && !s.SharedState() {
		// Not repeated: it may hold a password that stands in the wrong place.
		add("state: neither sqlite:PATH nor postgres://USER@HOST:PORT/DATABASE")
	}
	if s.StalenessMillis < 200 || s.StalenessMillis > 600_000 {
		add("stalenessMillis: %d is not between 200 and 600000", s.StalenessMillis)
	}
	if s.ExplainPolicy != "everyone" && s.ExplainPolicy != "nobody" {
		add("explainPolicy: %q is neither everyone nor nobody", clip(s.ExplainPolicy))
	}
	if s.Audit.Dir == "" {
		add("audit.dir: no folder given")
	}
	if slices.Contains(s.Resources, "") {
		add("resources: an empty path")
	}
	mistakes = append(mistakes, s.lambdaAccess()...)
	return errors.Join(append(mistakes, s.Limits.validate()...)...)
}

func (s *ServerConfig) lambdaAccess() (mistakes []error) {
	add := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("lambdaAccess: "+format, args...))
	}
	seen := map[string]bool{}
	for _, l := range s.LambdaAccess {
		if l.Connection == "" || seen[l.Connection] {
			add("connection %q is named twice, or not at all", clip(l.Connection))
		}
		if seen[l.Connection] = true; len(l.Clusters) == 0 || slices.Contains(l.Clusters, "") {
			add("connection %s: clusters names no cluster, or an empty one", clip(l.Connection))
		}
		if (l.File == "") == (l.Secret == "") || (l.Secret == "") != (l.Region == "") {
			add("connection %s: give file, or secret and region", clip(l.Connection))
		}
	}
	return mistakes
}

// SharedState reports a state in PostgreSQL, which several servers may share.
func (s *ServerConfig) SharedState() bool {
	return strings.HasPrefix(s.State, "postgres://") || strings.HasPrefix(s.State, "postgresql://")
}

func (l ServerLimits) validate() (mistakes []error) {
	for _, k := range []struct {
		name            string
		value, min, max int
	}{
		{"sessions", l.Sessions, 1, 1_000_000}, {"sessionsPerUser", l.SessionsPerUser, 1, 1_000_000},
		{"loginSeconds", l.LoginSeconds, 1, 600}, {"queryBytes", l.QueryBytes, 1024, 64 << 20},
		{"queryParts", l.QueryParts, 0, 10_000_000}, {"queryDepth", l.QueryDepth, 0, 4_000}, {"queryRelations", l.QueryRelations, 0, 1 << 16},
		{"queryParameters", l.QueryParameters, 0, 65_535},
	} {
		if k.value < k.min || k.value > k.max {
			mistakes = append(mistakes, fmt.Errorf("limits.%s: %d is not between %d and %d", k.name, k.value, k.min, k.max))
		}
	}
	return mistakes
}

// checkListen wants host:port with a literal address or localhost, so that what is exposed does not hang on a resolver.
func checkListen(address string) (loopback bool, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, fmt.Errorf("%q is not host:port", clip(address))
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return false, fmt.Errorf("%q is not a port", clip(port))
	}
	if host == "localhost" {
		return true, nil
	}
	if host == "" {
		return false, nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false, fmt.Errorf("%q is not an address", clip(host))
	}
	return addr.Unmap().IsLoopback(), nil
}
