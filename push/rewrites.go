package push

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// harmless are the beginnings of statements that neither copy nor read a whole table of others. Whatever else there is could.
var harmless = regexp.MustCompile(`^(BEGIN|COMMIT|ROLLBACK|SET LOCAL|GRANT|REVOKE|COMMENT ON|CREATE SCHEMA|CREATE ROLE|CREATE VIEW|CREATE OR REPLACE VIEW|ALTER VIEW|CREATE OR REPLACE FUNCTION|CREATE POLICY|` +
	`CREATE TABLE postern_system\.|ALTER ROLE|ALTER TABLE ("([^"]|"")+"|[a-z0-9_]+)\.("([^"]|"")+"|[a-z0-9_]+) (ENABLE|DISABLE|NO FORCE) ROW LEVEL SECURITY$|` +
	`ALTER TABLE postern_system\.profile ADD COLUMN |LOCK postern_system\.|CREATE USER|CREATE OR REPLACE PROCEDURE|CALL postern_procedures\.|SELECT 1 FROM ("([^"]|"")+")\.("([^"]|"")+") LIMIT 0$|` +
	`DROP (VIEW|SCHEMA|ROLE|USER|POLICY) |INSERT INTO postern_system\.|UPDATE postern_system\.|DELETE FROM postern_system\.)`)

// rewrites reports a statement that could copy a table of others, or read all of it, with everybody else kept from it. A text of several
// statements is told by each; only one that makes something holds more than constants and names.
func rewrites(sql string) bool {
	if strings.HasPrefix(sql, "CREATE ") {
		return !harmless.MatchString(sql)
	}
	return slices.ContainsFunc(parts(sql), func(part string) bool { return !harmless.MatchString(part) })
}

// parts splits a text at its semicolons, but for those in constants and quoted names.
func parts(sql string) (out []string) {
	quote, from := rune(0), 0
	for i, c := range sql {
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		case quote == 0 && c == ';':
			out = append(out, strings.TrimSpace(sql[from:i]))
			from = i + 1
		}
	}
	if last := strings.TrimSpace(sql[from:]); last != "" || len(out) == 0 {
		out = append(out, last)
	}
	return out
}

// refused is an error for a statement that is not to be run.
func (s Settings) refused(sql string) error {
	if !rewrites(sql) || slices.Contains(s.AllowHazards, RewritesTable) {
		return nil
	}
	line, _, _ := strings.Cut(sql, "\n")
	return fmt.Errorf("it is not known to leave tables as they are (%s): %.200s", RewritesTable, line)
}
