package rsfake

import "strings"

// grant translates GRANT and REVOKE: of privileges on objects, of roles, and of system permissions.
func grant(s []token) ([]token, *Refusal) {
	revoke := s[0].is("revoke")
	between := "to"
	if revoke {
		between = "from"
	}
	if f := scopeOf(s); f > 0 {
		return grantScoped(s, f, between)
	}
	if find(s, 0, "on") < 0 {
		return grantRole(s, between)
	}
	at := last(s, between)
	if at < 0 || at+1 >= len(s) {
		return nil, near(s[len(s)-1])
	}
	head, tail := s[:at], s[at+1:]
	if find(head, 0, "on") < 1 || head[len(head)-1].is("on") || starts(head, "grant", "on") || starts(head, "revoke", "on") {
		return nil, near(s[at])
	}
	if find(head, 0, "assumerole") >= 0 || find(head, 0, "language") >= 0 || find(head, 0, "datashare") >= 0 || find(head, 0, "rls") >= 0 {
		return block(strings.ToUpper(s[0].text), "PERFORM 1"), nil
	}
	grantees, rest, refused := grantees(tail)
	if refused != nil {
		return nil, refused
	}
	head, none := privileges(head)
	if none {
		return block(strings.ToUpper(s[0].text), "PERFORM 1"), nil
	}
	out := append(append([]token{}, head...), s[at])
	return append(append(out, grantees...), rest...), nil
}

// last is the last index of a word at the outermost level.
func last(s []token, text string) int {
	at := -1
	for i := find(s, 0, text); i >= 0; i = find(s, i+1, text) {
		at = i
	}
	return at
}

// privileges takes out those that PostgreSQL does not have; none reports that none is left.
func privileges(head []token) (out []token, none bool) {
	on := find(head, 0, "on")
	from := 1
	if starts(head[1:], "grant", "option", "for") && on > 4 {
		from = 4
	}
	var kept [][]token
	for _, p := range arguments(head[from:on]) {
		if len(p) == 1 && (p[0].is("drop") || p[0].is("alter") || p[0].is("truncate") || p[0].is("rule")) {
			continue
		}
		kept = append(kept, p)
	}
	out = append(out, head[:from]...)
	for i, p := range kept {
		if i > 0 {
			out = append(out, token{kind: punct, text: ","})
		}
		out = append(out, p...)
	}
	return append(out, head[on:]...), len(kept) == 0
}

// grantees reads [GROUP|ROLE] name, …, PUBLIC and gives PostgreSQL's names, and what stands behind.
func grantees(s []token) (out, rest []token, _ *Refusal) {
	for i := 0; i < len(s); {
		prefix := ""
		switch {
		case s[i].is("group") && i+1 < len(s) && s[i+1].isName():
			prefix = groupPrefix
			i++
		case s[i].is("role") && i+1 < len(s) && s[i+1].isName():
			prefix = rolePrefix
			i++
		}
		switch {
		case !s[i].isName():
			return nil, nil, near(s[i])
		case s[i].is("public") && prefix == "":
			out = append(out, s[i])
		case prefix == "" && s[i].kind == word:
			out = append(out, makeName(s[i].text, s[i].at))
		default:
			out = append(out, makeName(prefix+s[i].name(), s[i].at))
		}
		if i++; i >= len(s) || !s[i].is(",") {
			return out, s[min(i, len(s)):], nil
		}
		out = append(out, s[i])
		i++
	}
	return nil, nil, syntax("syntax error at end of input", 0)
}

// grantRole is GRANT ROLE r TO u and GRANT CREATE USER TO ROLE r.
func grantRole(s []token, between string) ([]token, *Refusal) {
	at := last(s, between)
	from := 1
	if starts(s[1:], "admin", "option", "for") {
		from = 4
	}
	if at < from+1 || at+1 >= len(s) {
		return nil, near(s[len(s)-1])
	}
	to, rest, refused := grantees(s[at+1:])
	if refused != nil {
		return nil, refused
	}
	admin := "false"
	if starts(rest, "with", "admin", "option") {
		admin = "true"
	} else if len(rest) > 0 && !starts(rest, "cascade") && !starts(rest, "restrict") && !starts(rest, "force") {
		return nil, near(rest[0])
	}
	var statements []string
	for _, what := range arguments(s[from:at]) {
		for _, g := range to {
			if g.is(",") {
				continue
			}
			statement, refused := grantOne(s[0].text, what, g, admin)
			if refused != nil {
				return nil, refused
			}
			statements = append(statements, statement)
		}
	}
	return block(strings.ToUpper(s[0].text), statements...), nil
}

func grantOne(verb string, what []token, to token, admin string) (string, *Refusal) {
	if len(what) == 2 && what[0].is("role") && what[1].isName() {
		name := quote(rolePrefix + what[1].name())
		if verb == "grant" {
			return "PERFORM pg_rs_shim.grant_role(" + name + ", " + quote(to.name()) + ", " + admin + ", current_user)", nil
		}
		return "PERFORM pg_rs_shim.revoke_role(" + name + ", " + quote(to.name()) + ", current_user)", nil
	}
	for _, t := range what {
		if t.kind != word {
			return "", near(t)
		}
	}
	if !strings.HasPrefix(to.name(), rolePrefix) || len(what) == 0 || !strings.Contains(systemPermissions, "|"+print(what)+"|") {
		return "", near(to)
	}
	return "PERFORM pg_rs_shim.system_permission(" + quote(print(what)) + ", " + quote(to.name()) + ", " + map[bool]string{true: "true", false: "false"}[verb == "grant"] + ", current_user)", nil
}

// systemPermissions can be granted to roles (Developer Guide, "System permissions for RBAC").
const systemPermissions = "|create user|drop user|alter user|create schema|drop schema|alter default privileges|access catalog|access system table|create table|drop table|alter table" +
	"|create or replace function|create or replace external function|drop function|create or replace procedure|drop procedure|create or replace view|drop view|create model|drop model" +
	"|create datashare|alter datashare|drop datashare|create library|drop library|create role|drop role|truncate table|vacuum|analyze|cancel|ignore rls|explain rls|explain masking|"

// defaultPrivileges is ALTER DEFAULT PRIVILEGES.
func defaultPrivileges(s []token) ([]token, *Refusal) {
	at, between := find(s, 0, "grant"), "to"
	if at < 0 {
		at, between = find(s, 0, "revoke"), "from"
	}
	if at < 0 {
		return nil, near(s[len(s)-1])
	}
	end := last(s, between)
	if end < at {
		return nil, near(s[len(s)-1])
	}
	to, rest, refused := grantees(s[end+1:])
	if refused != nil {
		return nil, refused
	}
	head := append([]token{}, s[:end+1]...)
	for i, t := range head {
		if t.is("procedures") {
			head[i].text = "routines"
		}
		if t.is("user") && i > 0 && head[i-1].is("for") {
			head[i].text = "role"
		}
	}
	return append(append(head, to...), rest...), nil
}
