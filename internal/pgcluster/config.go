package pgcluster

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Config says how to start a cluster. The zero value is good.
type Config struct {
	// Dir is an existing folder under which the cluster's own folder is made; os.TempDir() when empty.
	Dir string
	// Settings are server settings (postgresql.conf) that add to and override those of a throw-away cluster. The
	// addresses, ports and sockets are not for the caller to choose.
	Settings map[string]string
	// Log receives what the server writes to its log, as it comes; nil drops it.
	Log io.Writer
}

// settingName is the form of a configuration parameter's name, with a prefix for those of extensions.
var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$`)

// Validate reports every mistake in the configuration at once. It looks at nothing outside of it.
func (c Config) Validate() error {
	var mistakes []error
	if c.Dir != "" && !filepath.IsAbs(c.Dir) {
		mistakes = append(mistakes, fmt.Errorf("dir %q is not an absolute path", c.Dir))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		switch strings.ToLower(name) {
		case "port", "listen_addresses", "unix_socket_directories", "data_directory", "hba_file":
			mistakes = append(mistakes, fmt.Errorf("setting %s is chosen by the cluster", name))
		}
		if !settingName.MatchString(name) {
			mistakes = append(mistakes, fmt.Errorf("setting %q is not a parameter name", name))
		}
		if strings.ContainsAny(c.Settings[name], "\n\r\x00") {
			mistakes = append(mistakes, fmt.Errorf("setting %s holds a line break or a zero byte", name))
		}
	}
	return errors.Join(mistakes...)
}

// throwAway are the settings of a cluster that nobody keeps: no durability (fsync and its relatives), no replication, no
// background writing that a short life could wait for. Nothing here changes the meaning of a statement.
func throwAway() map[string]string {
	return map[string]string{
		"autovacuum_naptime":  "10s",
		"checkpoint_timeout":  "1h",
		"fsync":               "off",
		"full_page_writes":    "off",
		"jit":                 "off",
		"log_timezone":        "UTC",
		"max_connections":     "200",
		"max_wal_senders":     "0",
		"max_wal_size":        "2GB",
		"password_encryption": "scram-sha-256",
		"shared_buffers":      "128MB",
		"synchronous_commit":  "off",
		"timezone":            "UTC",
		"wal_level":           "minimal",
	}
}

// settingsFile prints the settings as lines of postgresql.conf, sorted, so that two runs write the same bytes.
func settingsFile(settings map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(settings[name])
		fmt.Fprintf(&b, "%s = '%s'\n", name, value)
	}
	return b.String()
}
