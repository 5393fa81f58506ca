package rsconform

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// registrations are the forms of what an administrator runs before anything is maintained (Developer Guide: CREATE USER, CREATE ROLE, CREATE SCHEMA,
// CREATE EXTERNAL FUNCTION, GRANT, ALTER USER, DROP …).
var registrations = []*regexp.Regexp{
	regexp.MustCompile(`^CREATE SCHEMA( IF NOT EXISTS)? postern_(system|functions|procedures)( AUTHORIZATION ` + account + `)?$`),
	regexp.MustCompile(`^REVOKE ALL ON SCHEMA (postern_(system|functions|procedures)|` + name + `) FROM (PUBLIC|` + account + `)$`),
	regexp.MustCompile(`^CREATE USER ` + account + ` PASSWORD DISABLE NOCREATEDB NOCREATEUSER SYSLOG ACCESS RESTRICTED$`),
	regexp.MustCompile(`^ALTER USER ` + account + ` SYSLOG ACCESS (UNRESTRICTED|RESTRICTED)$`),
	regexp.MustCompile(`^CREATE ROLE ` + name + `$`), regexp.MustCompile(`^DROP ROLE ` + name + ` FORCE$`), regexp.MustCompile(`^DROP USER ` + account + `$`),
	regexp.MustCompile(`^GRANT (CREATE ROLE|CREATE USER|ACCESS SYSTEM TABLE) TO ROLE ` + name + `$`),
	regexp.MustCompile(`^GRANT ROLE ` + name + ` TO ` + account + `$`),
	regexp.MustCompile(`^GRANT CREATE ON DATABASE ` + name + ` TO ` + account + `$`), regexp.MustCompile(`^REVOKE ALL ON DATABASE ` + name + ` FROM ` + account + `$`),
	regexp.MustCompile(`^GRANT USAGE ON SCHEMA (postern_functions|` + name + `) TO ` + account + `( WITH GRANT OPTION)?$`),
	regexp.MustCompile(`^GRANT SELECT(, INSERT, UPDATE, DELETE)? ON TABLE ` + relation + ` TO ` + account + `( WITH GRANT OPTION)?$`),
	regexp.MustCompile(`^REVOKE ALL ON TABLE ` + relation + ` FROM ` + account + `$`),
	regexp.MustCompile(`^CREATE EXTERNAL FUNCTION postern_functions\.[a-z_]+\(varchar(, varchar)*\) RETURNS (varchar|bigint) STABLE LAMBDA '[^'\\]+' IAM_ROLE ('[^'\\]+'|default) RETRY_TIMEOUT [0-9]+ MAX_BATCH_SIZE [0-9] MB$`),
	regexp.MustCompile(`^REVOKE ALL ON FUNCTION postern_functions\.[a-z_]+\(varchar(, varchar)*\) FROM PUBLIC$`),
	regexp.MustCompile(`^GRANT EXECUTE ON FUNCTION postern_functions\.[a-z_]+\(varchar(, varchar)*\) TO ` + account + `( WITH GRANT OPTION)?$`),
	regexp.MustCompile(`^CREATE TABLE IF NOT EXISTS postern_functions\.mask_keys \([a-z_]+ (varchar\([0-9]+\)|integer) NOT NULL(, [a-z_]+ (varchar\([0-9]+\)|integer) NOT NULL)*\) DISTSTYLE ALL$`),
	regexp.MustCompile(`^REVOKE ALL ON TABLE postern_functions\.mask_keys FROM PUBLIC$`), regexp.MustCompile(`^GRANT SELECT ON TABLE postern_functions\.mask_keys TO ` + account + `$`),
	regexp.MustCompile(`^DROP SCHEMA postern_(system|functions|procedures)( CASCADE)?$`),
}

// Registration says what of a registration's statement is not of the form that Postern prints. Nothing of it may be given to PUBLIC.
func Registration(sql string) error {
	if strings.Contains(sql, `\`) {
		return errors.New("a backslash")
	}
	if strings.Contains(sql, "TO PUBLIC") {
		return errors.New("it gives something to everybody")
	}
	if !slices.ContainsFunc(registrations, func(r *regexp.Regexp) bool { return r.MatchString(sql) }) {
		return errors.New("it is not on the list")
	}
	return nil
}
