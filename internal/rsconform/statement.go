package rsconform

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// statements are the beginnings of those by which something is maintained, each with what may follow.
var statements = []*regexp.Regexp{
	regexp.MustCompile(`^(BEGIN|COMMIT|ROLLBACK)$`),
	regexp.MustCompile(`^SET LOCAL statement_timeout TO [0-9]+$`),
	regexp.MustCompile(`^LOCK postern_system\.sync$`),
	regexp.MustCompile(`^(CREATE SCHEMA( IF NOT EXISTS)?|DROP SCHEMA( IF EXISTS)?) ` + schemaName + `( CASCADE)?$`),
	regexp.MustCompile(`^REVOKE ALL ON SCHEMA ` + schemaName + ` FROM PUBLIC$`),
	regexp.MustCompile(`^REVOKE ALL ON PROCEDURE postern_procedures\.[a-z_]+\([A-Za-z, ]*\) FROM PUBLIC$`),
	regexp.MustCompile(`^CREATE ROLE ` + name + `$`), regexp.MustCompile(`^DROP ROLE ` + name + `$`),
	regexp.MustCompile(`^CREATE USER ` + account + ` PASSWORD DISABLE$`), regexp.MustCompile(`^DROP USER IF EXISTS ` + account + `$`),
	regexp.MustCompile(`^(GRANT ROLE ` + name + ` TO|REVOKE ROLE ` + name + ` FROM) ` + grantees + `$`),
	regexp.MustCompile(`^(GRANT|REVOKE) (USAGE|CREATE|ALTER) ON SCHEMA ` + schemaName + `(, ` + schemaName + `)* (TO|FROM) ` + grantees + `$`),
	regexp.MustCompile(`^(GRANT|REVOKE) (SELECT|INSERT|UPDATE|DELETE|REFERENCES|DROP|ALTER|TRUNCATE|TRIGGER|RULE)( \(` + name + `(, ` + name + `)*\))? ON TABLE ` + relation + `(, ` + relation + `)* (TO|FROM) ` + grantees + `$`),
	regexp.MustCompile(`^(GRANT|REVOKE) EXECUTE ON (FUNCTION|PROCEDURE) ` + relation + `\([a-z, ]*\)(, ` + relation + `\([a-z, ]*\))* (TO|FROM) ` + grantees + `$`),
	regexp.MustCompile(`^DROP VIEW ` + relation + `( CASCADE)?$`),
	regexp.MustCompile(`^SELECT 1 FROM ` + relation + ` LIMIT 0$`),
	regexp.MustCompile(`^(INSERT INTO|DELETE FROM|UPDATE) postern_system\.(sync|ledger|baseline|digits|admission)\b`),
	regexp.MustCompile(`^CREATE TABLE postern_system\.[a-z_]+ \(`),
	regexp.MustCompile(`^CALL postern_procedures\.(put_profiles?|add_entitlements|drop_profiles?)\(\$[0-9]+(, \$[0-9]+)*\)$`),
	regexp.MustCompile(`^CREATE OR REPLACE PROCEDURE postern_procedures\.[a-z_]+\(`),
}

const (
	name       = `"(?:[^"\\A-Z]|"")+"`
	account    = `"(?:[^"\\]|"")+"`
	relation   = name + `\.` + name
	schemaName = `(?:` + name + `|postern_system|postern_procedures)`
	grantee    = `(?:PUBLIC|ROLE ` + account + `|GROUP ` + account + `|` + account + `)`
	grantees   = grantee + `(?:, ` + grantee + `)*`
)

var (
	storedView  = regexp.MustCompile(`(?s)^CREATE (?:OR REPLACE )?VIEW ` + relation + ` AS\s+(.*?)(\s+WITH NO SCHEMA BINDING)?$`)
	personView  = regexp.MustCompile(`(?s)^CREATE OR REPLACE VIEW postern_system\.(?:user_profile|user_entitlement|user_admission) AS\s+(.*)$`)
	unsupported = regexp.MustCompile(`(?i)\b(ON CONFLICT|RETURNING|SAVEPOINT|jsonb?|uuid|serial|bytea|DO \$|TRUNCATE TABLE|pg_try_advisory_lock|now\(\)|unnest|generate_series|text\[\]|ARRAY\[)`)
)

// Statement says what of a statement that maintains something is not of the form that Postern prints: it reads alike with and without backslashes as
// escapes, is on the list, and has no construct that Redshift has not. A view's query is checked by Check.
func Statement(sql string) error {
	if strings.Contains(sql, `\`) {
		return errors.New("a backslash")
	}
	standard, err := split(withoutBody(sql), false)
	if err != nil {
		return err
	}
	escaped, err := split(withoutBody(sql), true)
	if err != nil {
		return err
	}
	if !slices.Equal(standard, escaped) {
		return errors.New("it reads in two ways")
	}
	if found := unsupported.FindString(constant.ReplaceAllString(sql, "''")); found != "" {
		return fmt.Errorf("%q, which Redshift has not", found)
	}
	if m := personView.FindStringSubmatch(sql); m != nil {
		return checkStored(m[1], ofSession())
	}
	if m := storedView.FindStringSubmatch(sql); m != nil {
		return CheckStored(m[1])
	}
	if !slices.ContainsFunc(statements, func(r *regexp.Regexp) bool { return r.MatchString(sql) }) {
		return errors.New("it is not on the list")
	}
	return nil
}

var constant = regexp.MustCompile(`'(?:[^']|'')*'`)

var body = regexp.MustCompile(`(?s)\$body\$.*\$body\$`)

// withoutBody leaves out what stands in a procedure.
func withoutBody(sql string) string { return body.ReplaceAllString(sql, "''") }
