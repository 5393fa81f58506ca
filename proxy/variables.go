package proxy

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/rewrite"
)

// ownVariables answers SHOW search_path with the client's own value as it wrote it, which only the session knows. Behind a
// SET in the same string the rewriter's answer stands: what is known here is older.
func (r *relay) ownVariables(statements []rewrite.Statement) []rewrite.Statement {
	if len(statements) != 1 || statements[0].Kind != rewrite.KindShow || statements[0].Setting != "search_path" {
		return statements
	}
	own := statements[0] // a copy: the rewriter's result is shared
	own.SQL, own.Tag = fmt.Sprintf("SELECT %s::text AS search_path", quoteLiteral(r.path.printed)), "SHOW"
	return []rewrite.Statement{own}
}

// quoteLiteral prints a string constant under standard_conforming_strings = on, which is pinned.
func quoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// clientParameter says what the client is told of a parameter of the warehouse's session, at the start and later.
func (r *relay) clientParameter(name, value string) (shown string, tell bool) {
	if r.redshift() {
		if shown, decided, tell := redshiftParameter(name, value); decided {
			return shown, tell
		}
	}
	if r.exempt && name != "application_name" {
		return value, true
	}
	switch name {
	case "application_name":
		// Upstream it is Postern's; a change of the client's own is told when it happens.
		return "", false
	case "session_authorization":
		return r.acting(), true
	case "is_superuser":
		return "off", true
	case "search_path":
		return "", false
	}
	return value, true
}

// follow notes a change of the client's application_name, which the warehouse does not get.
func (r *relay) follow(s *rewrite.Statement) {
	r.followPerson(s)
	name := r.application
	switch {
	case s.Kind == rewrite.KindSet && s.Setting == "application_name" && len(s.Values) > 0:
		name = printable(s.Values[0])
	case s.Kind == rewrite.KindSet && s.Setting == "application_name",
		s.Kind == rewrite.KindReset && (s.Setting == "application_name" || s.Setting == ""),
		s.Kind == rewrite.KindDiscard && s.Name == "ALL":
		name = r.params.application
	}
	if name != r.application {
		r.application = name
		r.forward()
		r.out.write(appendStringMessage(r.scrap[:0], 'S', "application_name", name))
	}
}
