package proxy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/warehouse"
)

// The limits of a statement of Redshift's.
const (
	maxRedshiftStatement = 16 << 20
	maxRedshiftParameter = 32767
)

// redshift reports a session whose warehouse is a Redshift.
func (s *session) redshift() bool { return s.engine == warehouse.EngineRedshift }

// sendable holds what the rewriter printed against what a Redshift takes, after rewriting, and against the rule on which everything else rests:
// it must be read alike by Redshift and by the parser that judged it. The second cannot fail; a text for which it does is not sent.
func (s *session) sendable(statements []rewrite.Statement, types []uint32) error {
	if !s.redshift() || s.exempt {
		return nil
	}
	total := 0
	for i := range statements {
		sql := statements[i].SQL
		if i > 0 {
			total += len(separator)
		}
		if total += len(sql); total > maxRedshiftStatement {
			return pgerror.LimitExceeded("the statement is longer than the %d bytes that Redshift takes, once it is guarded", maxRedshiftStatement)
		}
		if err := lex.Same(sql); err != nil {
			return fmt.Errorf("a rewritten statement reads in two ways: %w", err)
		}
		tokens, err := lex.Scan(sql, lex.Redshift())
		if err != nil {
			return fmt.Errorf("a rewritten statement cannot be read: %w", err)
		}
		for _, t := range tokens {
			if t.Kind != lex.Parameter {
				continue
			}
			if n, err := strconv.Atoi(strings.TrimPrefix(t.Value, "$")); err != nil || n > maxRedshiftParameter {
				return pgerror.LimitExceeded("the statement has more than the %d parameters that Redshift takes", maxRedshiftParameter)
			}
		}
	}
	if len(types) > maxRedshiftParameter {
		return pgerror.LimitExceeded("the statement has more than the %d parameters that Redshift takes", maxRedshiftParameter)
	}
	return nil
}

// redshiftParameter says what a client is told of a parameter of a Redshift's session, if that is not what the warehouse says. No extension of the
// protocol is ever spoken of: with them, messages have a form that is neither read nor made here, and one that names what is behind a view.
func redshiftParameter(name, value string) (shown string, decided, tell bool) {
	switch name {
	case "server_protocol_version", "show_discovery", "standard_conforming_strings", "datashare_enabled", "external_database":
		return "", true, false
	case "client_encoding":
		// Redshift calls it UNICODE, which some drivers do not know.
		return "UTF8", true, true
	}
	return value, false, false
}

// driverStatus is what drivers of Redshift's wait for beside what the warehouse reports: version 0 of its protocol is PostgreSQL's own. Where
// external_database is on they ask SVV_ALL_TABLES and its like for metadata, which the rewriter answers; else pg_class, which it does not.
func (s *session) driverStatus(dst []byte) []byte {
	if s.params.driver["client_protocol_version"] != "" {
		dst = appendStringMessage(dst, 'S', "server_protocol_version", "0")
	}
	if s.redshift() {
		dst = appendStringMessage(dst, 'S', "datashare_enabled", "on")
		dst = appendStringMessage(dst, 'S', "external_database", "on")
	}
	return dst
}

// driverParameter reports a start-up parameter that only drivers of Redshift's send. They are taken and go nowhere: PostgreSQL knows none of
// them, and Redshift would act on some.
func driverParameter(name string) bool {
	switch name {
	case "client_protocol_version", "driver_version", "os_version", "driver_discovery_version", "plugin_name", "idp_type", "provider_name",
		"identity_namespace", "token_type", "idc_client_display_name":
		return true
	}
	return false
}

// isDriver reports a driver of Redshift's, which may know no SASL.
func (p *startParams) isDriver() bool { return len(p.driver) > 0 }

// wantsToken reports a driver that has the token of an identity provider in place of a password.
func (p *startParams) wantsToken() bool {
	return p.driver["idp_type"] != "" || p.driver["token_type"] != ""
}

// redshiftError is what is told of an error of a Redshift's. There is no fence between a person's predicate and rows that a filter hides, so what
// an error says of values may be about hidden ones: only those that speak of the statement keep their words. checked says that it speaks of the check
// of a new row, in whatever words and under whatever code: see rowChecked.
func redshiftError(rep report, checked bool) report {
	if len(rep.code) == 5 {
		switch rep.code[:2] {
		case "00", "02", "03", "08", "0A", "24", "25", "26", "28", "34", "3D", "3F", "40", "42", "53", "54", "55", "57":
			return rep
		}
	}
	told := &pgerror.Error{Code: rep.code, Message: "the query failed on a value", Detail: "What the warehouse says of it is withheld: it may tell of rows that are hidden."}
	if len(rep.code) != 5 {
		told.Code = "XX000"
	}
	fatal := rep.fatal()
	if fatal {
		told.Severity = pgerror.SeverityFatal
	}
	body := appendError(nil, told)[headerSize:]
	return report{severity: rep.severity, code: told.Code, message: told.Message, body: body, checked: checked}
}
