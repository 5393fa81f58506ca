package rsfake

import "strings"

// Users, groups and roles are three kinds on Redshift, whose names do not meet. On PostgreSQL all are roles: these prefixes
// keep groups and roles apart from users.
const (
	rolePrefix  = "role:"
	groupPrefix = "group:"
)

// createUser is CREATE USER, whose passwords PostgreSQL never sees.
func createUser(s []token) ([]token, *Refusal) {
	if len(s) < 4 || !s[2].isName() {
		return nil, near(s[len(s)-1])
	}
	options, groups, refused := userOptions(s[3:])
	if refused != nil {
		return nil, refused
	}
	if _, has := options["password"]; !has {
		return nil, near(s[len(s)-1])
	}
	return block("CREATE USER", append([]string{"PERFORM pg_rs_shim.create_user(" + quote(s[2].name()) + ", " + quote(encode(options)) + ", current_user)"},
		joins(groups, s[2].name())...)...), nil
}

func joins(groups []string, user string) (out []string) {
	for _, g := range groups {
		out = append(out, "PERFORM pg_rs_shim.grant_role("+quote(groupPrefix+g)+", "+quote(user)+", false, current_user)")
	}
	return out
}

// userOptions reads what stands behind a user's name.
func userOptions(s []token) (map[string]string, []string, *Refusal) {
	out := map[string]string{}
	var groups []string
	for i := 0; i < len(s); i++ {
		next := func() token {
			if i++; i < len(s) {
				return s[i]
			}
			return s[len(s)-1]
		}
		switch t := s[i]; t.text {
		case "with":
		case "createdb", "nocreatedb", "createuser", "nocreateuser":
			out[strings.TrimPrefix(t.text, "no")] = map[bool]string{true: "off", false: "on"}[strings.HasPrefix(t.text, "no")]
		case "password":
			value := next()
			switch {
			case value.kind == literal:
				if refused := checkPassword(value); refused != nil {
					return nil, nil, refused
				}
				out["password"] = value.value()
			case value.is("disable"):
				out["password"] = ""
			default:
				return nil, nil, near(value)
			}
		case "syslog":
			next()
			out["syslog"] = next().text
		case "in":
			next()
			for i+1 < len(s) && s[i+1].isName() {
				groups = append(groups, next().name())
				if i+1 < len(s) && s[i+1].is(",") {
					i++
				}
			}
		case "valid":
			next()
			out["valid"] = next().value()
		case "connection":
			next()
			next()
		case "session":
			next()
			next()
		case "rename":
			next()
			out["rename"] = next().name()
		case "externalid":
			next()
		default:
			return nil, nil, near(t)
		}
	}
	return out, groups, nil
}

// checkPassword holds what Redshift demands of a password in clear text: 8 to 64 characters, one of each case and a digit.
func checkPassword(t token) *Refusal {
	p := t.value()
	if strings.HasPrefix(p, "sha256|") || strings.HasPrefix(p, "md5") && len(p) == 35 {
		return nil
	}
	if len(p) < 8 || len(p) > 64 || !strings.ContainsAny(p, "0123456789") || strings.ToLower(p) == p || strings.ToUpper(p) == p {
		return &Refusal{Code: "22023", Message: "password must contain 8 to 64 characters, with an upper-case letter, a lower-case letter and a number", Position: t.at + 1}
	}
	return nil
}

// encode prints options as lines of name=value, which the shim reads.
func encode(options map[string]string) string {
	var b strings.Builder
	for _, name := range []string{"createdb", "createuser", "password", "syslog", "valid", "rename"} {
		if value, ok := options[name]; ok {
			b.WriteString(name + "=" + strings.ReplaceAll(value, "\n", " ") + "\n")
		}
	}
	return b.String()
}

func alterUser(s []token) ([]token, *Refusal) {
	if !s[2].isName() || len(s) < 4 {
		return nil, near(s[2])
	}
	if s[3].is("set") || s[3].is("reset") {
		inner, refused := setting(s[3:])
		if refused != nil {
			return nil, refused
		}
		return append(append([]token{}, s[0], s[1], s[2]), inner...), nil
	}
	options, groups, refused := userOptions(s[3:])
	if refused != nil {
		return nil, refused
	}
	if len(groups) > 0 {
		return nil, near(s[3])
	}
	return block("ALTER USER", "PERFORM pg_rs_shim.alter_user("+quote(s[2].name())+", "+quote(encode(options))+", current_user)"), nil
}

func createRole(s []token) ([]token, *Refusal) {
	if len(s) < 3 || !s[2].isName() || len(s) > 3 && !s[3].is("externalid") {
		return nil, near(s[len(s)-1])
	}
	return block("CREATE ROLE", "PERFORM pg_rs_shim.create_role("+quote(rolePrefix+s[2].name())+", current_user)"), nil
}

func createGroup(s []token) ([]token, *Refusal) {
	if len(s) < 3 || !s[2].isName() {
		return nil, near(s[len(s)-1])
	}
	statements := []string{"PERFORM pg_rs_shim.create_role(" + quote(groupPrefix+s[2].name()) + ", current_user)"}
	if len(s) > 3 {
		rest := s[3:]
		if rest[0].is("with") {
			rest = rest[1:]
		}
		if len(rest) < 2 || !rest[0].is("user") {
			return nil, near(s[3])
		}
		for _, u := range arguments(rest[1:]) {
			if len(u) != 1 || !u[0].isName() {
				return nil, near(rest[1])
			}
			statements = append(statements, joins([]string{s[2].name()}, u[0].name())...)
		}
	}
	return block("CREATE GROUP", statements...), nil
}

// alterGroup is ALTER GROUP g ADD|DROP USER u, ….
func alterGroup(s []token) ([]token, *Refusal) {
	if len(s) < 6 || !s[2].isName() || !s[3].is("add") && !s[3].is("drop") || !s[4].is("user") {
		return nil, near(s[min(3, len(s)-1)])
	}
	var statements []string
	for _, u := range arguments(s[5:]) {
		if len(u) != 1 || !u[0].isName() {
			return nil, near(s[5])
		}
		if s[3].is("add") {
			statements = append(statements, joins([]string{s[2].name()}, u[0].name())...)
		} else {
			statements = append(statements, "PERFORM pg_rs_shim.revoke_role("+quote(groupPrefix+s[2].name())+", "+quote(u[0].name())+", current_user)")
		}
	}
	return block("ALTER GROUP", statements...), nil
}

// dropPrincipal is DROP USER|ROLE|GROUP [IF EXISTS] name, … [FORCE|RESTRICT].
func dropPrincipal(s []token) ([]token, *Refusal) {
	kind, i, quiet, force := s[1].text, 2, "false", "false"
	if starts(s[i:], "if", "exists") {
		i, quiet = i+2, "true"
	}
	rest := s[i:]
	if n := len(rest); n > 1 && (rest[n-1].is("force") || rest[n-1].is("restrict")) {
		if rest[n-1].is("force") {
			force = "true"
		}
		rest = rest[:n-1]
	}
	prefix := map[string]string{"role": rolePrefix, "group": groupPrefix}[kind]
	var statements []string
	for _, a := range arguments(rest) {
		if len(a) != 1 || !a[0].isName() {
			return nil, near(s[1])
		}
		statements = append(statements, "PERFORM pg_rs_shim.drop_role("+quote(prefix+a[0].name())+", "+quiet+", "+force+", current_user)")
	}
	if len(statements) == 0 {
		return nil, near(s[len(s)-1])
	}
	return block("DROP "+strings.ToUpper(kind), statements...), nil
}
