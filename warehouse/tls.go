package warehouse

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// maxCAFileBytes bounds a file of certificate authorities; the system's own bundle is about 0.25 MiB.
const maxCAFileBytes = 4 << 20

// tlsConfig is nil for TLSOff.
func (c Config) tlsConfig() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host}
	switch mode := c.TLSMode(); mode {
	case TLSOff:
		return nil, nil
	case TLSRequire:
		// The mode says so: encryption without proof of who answers. requireAuth then refuses to send the password itself.
		out.InsecureSkipVerify = true
	case TLSVerifyFull:
		if c.TLS.ServerName != "" {
			out.ServerName = c.TLS.ServerName
		}
		if c.TLS.CAFile == "" {
			break
		}
		pool, err := readAuthorities(c.TLS.CAFile)
		if err != nil {
			return nil, err
		}
		out.RootCAs = pool
	case TLSDefault:
		return nil, errors.New("the tls mode was not resolved")
	default:
		return nil, fmt.Errorf("tls mode %q is not known", mode)
	}
	return out, nil
}

func readAuthorities(path string) (*x509.CertPool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the ca file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxCAFileBytes {
		return nil, fmt.Errorf("reading the ca file: %s is not a file of at most %d bytes", path, maxCAFileBytes)
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the ca file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the ca file: no certificate in %s", path)
	}
	return pool, nil
}
