package rsfake

import "strings"

// scopeOf is where FOR TABLES IN and its like stand in a GRANT, 0 where they do not.
func scopeOf(s []token) int {
	for f := find(s, 0, "for"); f > 0; f = find(s, f+1, "for") {
		for _, what := range []string{"schemas", "tables", "functions", "procedures", "languages"} {
			if starts(s[f:], "for", what, "in") {
				return f
			}
		}
	}
	return 0
}

// grantScoped is GRANT privilege FOR TABLES IN { SCHEMA s [DATABASE d] | DATABASE d } TO …: a row of the catalog for each privilege and grantee, which
// opens nothing here.
func grantScoped(s []token, f int, between string) ([]token, *Refusal) {
	at := last(s, between)
	if at < f+5 || f < 2 {
		return nil, near(s[len(s)-1])
	}
	schema, database := "", ""
	switch in := s[f+3 : at]; {
	case in[0].is("schema") && in[1].isName() && len(in) == 2:
		schema = in[1].name()
	case in[0].is("schema") && in[1].isName() && len(in) == 4 && in[2].is("database") && in[3].isName():
		schema, database = in[1].name(), in[3].name()
	case in[0].is("database") && in[1].isName() && len(in) == 2:
		database = in[1].name()
	default:
		return nil, near(in[0])
	}
	to, rest, refused := grantees(s[at+1:])
	if refused != nil {
		return nil, refused
	}
	if len(rest) > 0 {
		return nil, near(rest[0])
	}
	given := "false"
	if s[0].is("grant") {
		given = "true"
	}
	on := quote(database)
	if database == "" {
		on = "pg_catalog.current_database()"
	}
	var statements []string
	for _, p := range arguments(s[1:f]) {
		if len(p) != 1 || p[0].kind != word {
			return nil, near(s[1])
		}
		for _, g := range to {
			if !g.is(",") {
				statements = append(statements, "PERFORM pg_rs_shim.scope("+strings.Join([]string{given, quote(schema), on, quote(strings.ToUpper(s[f+1].text)), quote(strings.ToUpper(p[0].text)), quote(g.name())}, ", ")+")")
			}
		}
	}
	return block(strings.ToUpper(s[0].text), statements...), nil
}

// showGrants is SHOW [COLUMN] GRANTS ON TABLE schema.table; the other forms are refused.
func showGrants(s []token) ([]token, *Refusal) {
	function, rest := "show_grants", s[1:]
	if starts(rest, "column") {
		function, rest = "show_column_grants", rest[1:]
	}
	if !starts(rest, "grants", "on", "table") || len(rest) != 6 || !rest[3].isName() || !rest[4].is(".") || !rest[5].isName() {
		return nil, standIn("SHOW GRANTS of another form than ON TABLE schema.table", s[0].at)
	}
	return words("select * from pg_rs_shim. "+function+" ( "+quote(rest[3].name())+" , "+quote(rest[5].name())+" )", s[0].at), nil
}
