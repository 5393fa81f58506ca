package proxy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/pgerror"
)

// startParams is what a start-up packet asks for, checked.
type startParams struct {
	user, database string
	application    string
	path           []string // search_path as asked for, nil for the default
	// driver has the parameters of Redshift's drivers; empty for other clients.
	driver map[string]string
	// run-time parameters that the warehouse gets in its own start-up packet, so that RESET and DISCARD ALL go back to them.
	run map[string]string
}

// forwarded are the run-time parameters that a client may set at start-up, in lower case: they change the session's
// own form and limits, and no name, type or privilege. Custom parameters ("a.b") are not among them, because row
// policies of the warehouse may read them.
func forwarded() map[string]bool {
	set := map[string]bool{}
	for _, name := range []string{
		"bytea_output", "client_connection_check_interval", "client_min_messages", "cpu_index_tuple_cost",
		"cpu_operator_cost", "cpu_tuple_cost", "cursor_tuple_fraction", "datestyle", "default_statistics_target",
		"default_transaction_deferrable", "default_transaction_isolation", "default_transaction_read_only",
		"effective_cache_size", "enable_bitmapscan", "enable_gathermerge", "enable_hashagg", "enable_hashjoin",
		"enable_incremental_sort", "enable_indexonlyscan", "enable_indexscan", "enable_material", "enable_memoize",
		"enable_mergejoin", "enable_nestloop", "enable_parallel_append", "enable_parallel_hash",
		"enable_partition_pruning", "enable_partitionwise_aggregate", "enable_partitionwise_join", "enable_seqscan",
		"enable_sort", "enable_tidscan", "extra_float_digits", "from_collapse_limit", "geqo", "geqo_threshold",
		"idle_in_transaction_session_timeout", "idle_session_timeout", "intervalstyle", "jit", "jit_above_cost",
		"join_collapse_limit", "lc_monetary", "lc_numeric", "lc_time", "lock_timeout",
		"max_parallel_workers_per_gather", "parallel_setup_cost", "parallel_tuple_cost", "plan_cache_mode",
		"random_page_cost", "seq_page_cost", "statement_timeout", "tcp_keepalives_count", "tcp_keepalives_idle",
		"tcp_keepalives_interval", "tcp_user_timeout", "timezone", "transaction_timeout", "work_mem", "xmlbinary", "xmloption",
	} {
		set[name] = true
	}
	return set
}

// maxParam bounds the value of a run-time parameter.
const maxParam = 1024

// readParams checks the parameters of a start-up packet, in the order in which they came.
func readParams(pairs [][2]string) (startParams, error) {
	p := startParams{run: map[string]string{}, driver: map[string]string{}}
	var options string
	var rest [][2]string
	for _, pair := range pairs {
		switch pair[0] {
		case "user":
			p.user = pair[1]
		case "database":
			p.database = pair[1]
		case "options":
			options = pair[1]
		case "replication":
			if !isOff(pair[1]) {
				return p, pgerror.NotSupported("replication connections are not supported").Fatal()
			}
		default:
			switch {
			case strings.HasPrefix(pair[0], "_pq_."):
			case driverParameter(pair[0]) && len(pair[1]) <= maxParam:
				p.driver[pair[0]] = pair[1]
			default:
				rest = append(rest, pair)
			}
		}
	}
	if p.user == "" && !p.wantsToken() {
		return p, &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization,
			Message: "no PostgreSQL user name specified in startup packet"}
	}
	if p.database == "" {
		p.database = p.user
	}
	fromOptions, err := parseOptions(options)
	if err != nil {
		return p, err
	}
	// PostgreSQL applies the command line first, so that a parameter of its own in the packet wins.
	allowed := forwarded()
	for _, pair := range append(fromOptions, rest...) {
		if err := p.take(allowed, lowerASCII(pair[0]), pair[0], pair[1]); err != nil {
			return p, err
		}
	}
	return p, nil
}

// isOff reads a boolean as PostgreSQL does; only a clear no counts.
func isOff(value string) bool {
	v := strings.ToLower(value)
	return v == "0" || v == "of" || len(v) > 0 && (strings.HasPrefix("false", v) || strings.HasPrefix("no", v)) || v == "off"
}

// take accepts one run-time parameter or says why not.
func (p *startParams) take(allowed map[string]bool, name, asWritten, value string) error {
	fatal := func(code, format string, args ...any) error {
		return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: code, Message: fmt.Sprintf(format, args...)}
	}
	if len(value) > maxParam {
		return fatal(pgerror.CodeInvalidParameter, "value for parameter %.100q is too long", asWritten)
	}
	switch {
	case name == "application_name":
		p.application = printable(value)
	case name == "search_path":
		path, err := parsePath(value)
		if err != nil {
			return err
		}
		p.path = path
	case name == "client_encoding":
		if !isUTF8(value) {
			return pgerror.NotSupported("client_encoding %.100q is not supported: only UTF8 is", value).Fatal()
		}
	case name == "standard_conforming_strings":
		if !slices.Contains([]string{"on", "true", "yes", "1"}, strings.ToLower(value)) {
			return pgerror.NotSupported("standard_conforming_strings cannot be turned off").Fatal()
		}
	case allowed[name]:
		p.run[name] = value
	case strings.Contains(name, "."):
		return pgerror.NotSupported("configuration parameter %.100q cannot be set at connection start", asWritten).Fatal()
	default:
		return fatal("42704", "unrecognized configuration parameter %.100q", asWritten)
	}
	return nil
}

// isUTF8 reads an encoding's name as PostgreSQL does: case and punctuation do not count.
func isUTF8(name string) bool {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return clean == "utf8" || clean == "unicode"
}

// printable replaces what is not printable ASCII, as PostgreSQL does for application_name.
func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < 32 || c > 126 {
			b[i] = '?'
		}
	}
	return string(b)
}

// upstreamParams are the parameters of the upstream's start-up packet. Those that change how text is read are pinned.
func (p *startParams) upstreamParams(sessionID string, exempt bool) map[string]string {
	params := maps.Clone(p.run)
	params["client_encoding"] = "UTF8"
	params["application_name"] = upstreamName(p.user, sessionID)
	params["standard_conforming_strings"] = "on"
	if !exempt {
		params["search_path"] = "pg_catalog, pg_temp"
		// Where the rewriter keeps the client's own, so that RESET finds it.
		params["postern.application_name"] = p.application
	} else if p.path != nil {
		params["search_path"] = printPath(p.path)
	}
	return params
}

// upstreamName is the application_name that the warehouse sees. It is cut there at 63 bytes, so the session's own part
// comes whole and the user's name is cut before.
func upstreamName(user, sessionID string) string {
	const limit = 63
	room := limit - len("postern:") - 1 - len(sessionID)
	if len(user) > room {
		user = user[:room]
	}
	return printable("postern:" + user + ":" + sessionID)
}
