package rsfake

import "strings"

// query translates a statement that reads or writes rows, and all that stands in it.
func query(s []token) ([]token, *Refusal) {
	if refused := postgresOnly(s); refused != nil {
		return nil, refused
	}
	if refused := leaderOnly(s); refused != nil {
		return nil, refused
	}
	return level(lateral(s))
}

// level translates the tokens between two parentheses, or a whole statement: SELECT TOP n is a LIMIT of its own level, and
// MINUS is EXCEPT.
func level(s []token) ([]token, *Refusal) {
	out := make([]token, 0, len(s))
	var limit []token
	for i := 0; i < len(s); i++ {
		t := s[i]
		switch {
		case t.is("("):
			end := closing(s, i)
			if end < 0 {
				return nil, near(t)
			}
			inner, refused := level(s[i+1 : end])
			if refused != nil {
				return nil, refused
			}
			unnamed := subselect(out, inner) && (end+1 == len(s) || !s[end+1].isName() || endsFrom(s[end+1]))
			out = append(append(append(out, t), inner...), s[end])
			if unnamed {
				// Redshift takes a sub-select without a name, as its own drivers write it; PostgreSQL 15 does not.
				out = append(out, makeName("rsfake_"+itoa(t.at), t.at))
			}
			i = end
		case t.isName() && i+1 < len(s) && s[i+1].is("(") && !isClause(t):
			end := closing(s, i+1)
			if end < 0 {
				return nil, near(t)
			}
			replaced, refused := call(out, s[i:end+1])
			if refused != nil {
				return nil, refused
			}
			out, i = replaced, end
			if t.is("listagg") {
				var n int
				if out, n, refused = withinGroup(out, s[end+1:]); refused != nil {
					return nil, refused
				}
				i += n
			}
		case t.is("top") && len(out) > 0 && afterSelect(out) && i+1 < len(s) && (s[i+1].kind == number || s[i+1].is("(")):
			if limit != nil || find(s, 0, "limit") >= 0 {
				return nil, near(t)
			}
			limit = []token{{kind: word, text: "limit", at: t.at}, s[i+1]}
			i++
		default:
			replaced, refused := plain(out, s, i)
			if refused != nil {
				return nil, refused
			}
			out = append(out, replaced...)
		}
	}
	return append(out, limit...), nil
}

// subselect reports that what stands in the parentheses that open next is a query in a FROM.
func subselect(out, inner []token) bool {
	if len(out) == 0 || len(inner) == 0 || !inner[0].is("select") && !inner[0].is("with") && !inner[0].is("(") {
		return false
	}
	before := out[len(out)-1]
	if before.is("from") || before.is("join") {
		return true
	}
	from := last(out, "from")
	return before.is(",") && from >= 0 && find(out, from, "where") < 0 && last(out, "select") < from
}

// endsFrom reports a word that cannot be the name of what stands before it.
func endsFrom(t token) bool {
	if t.kind != word {
		return false
	}
	switch t.text {
	case "where", "group", "order", "having", "limit", "union", "except", "intersect", "minus", "on", "using", "join", "left", "right", "full", "inner", "cross", "natural", "offset", "with", "window", "for":
		return true
	}
	return false
}

func afterSelect(out []token) bool {
	last := out[len(out)-1]
	return last.is("select") || last.is("distinct") && len(out) > 1 && out[len(out)-2].is("select")
}

// plain translates a token that begins nothing.
func plain(out, s []token, i int) ([]token, *Refusal) {
	t := s[i]
	next := func(text string) bool { return i+1 < len(s) && s[i+1].is(text) }
	member := len(out) > 0 && out[len(out)-1].is(".")
	if t.kind != word || member {
		return []token{t}, nil
	}
	switch t.text {
	case "minus":
		if next("select") || next("(") {
			return []token{{kind: word, text: "except", at: t.at}}, nil
		}
	case "sysdate":
		return words("localtimestamp", t.at), nil
	case "approximate":
		if i+1 < len(s) && s[i+1].kind == word {
			return nil, nil
		}
	case "current_namespace":
		return words("pg_catalog . current_namespace ( )", t.at), nil
	case "current_user_id":
		return words("( select usesysid from pg_catalog.pg_user where usename = current_user )", t.at), nil
	case "qualify", "exclude", "pivot", "unpivot", "connect", "prior":
		return nil, standIn(strings.ToUpper(t.text), t.at)
	case "pg_rs_shim":
		return nil, &Refusal{Code: "3F000", Message: `schema "pg_rs_shim" does not exist`, Position: t.at + 1}
	case "text", "nvarchar":
		return []token{{kind: word, text: "varchar", at: t.at}}, nil
	case "nchar":
		return []token{{kind: word, text: "char", at: t.at}}, nil
	}
	if reserved(t.text) {
		return nil, near(t)
	}
	return []token{t}, nil
}

// isClause reports a word that is no function though a parenthesis follows.
func isClause(t token) bool {
	if t.kind != word {
		return false
	}
	switch t.text {
	case "and", "as", "by", "case", "distinct", "else", "except", "exists", "from", "group", "having", "in", "intersect", "into", "join", "limit", "minus",
		"not", "offset", "on", "or", "over", "select", "set", "some", "any", "all", "table", "then", "union", "using", "values", "when", "where", "with", "is",
		"like", "ilike", "between", "returning", "top", "outer", "inner", "cross", "default", "end", "filter", "interval", "similar", "to", "rollup", "cube",
		"sets", "execute", "declare", "prepare", "call", "array", "row", "desc", "asc", "escape", "update", "delete", "insert", "merge", "matched", "explain", "for":
		return true
	}
	return false
}

// withinGroup puts the order of LISTAGG into PostgreSQL's string_agg, which is already in out.
func withinGroup(out, rest []token) ([]token, int, *Refusal) {
	if !starts(rest, "within", "group", "(") {
		return out, 0, nil
	}
	end := closing(rest, 2)
	order, refused := level(rest[3:end])
	if refused != nil {
		return nil, 0, refused
	}
	last := out[len(out)-1]
	return append(append(append([]token{}, out[:len(out)-1]...), order...), last), end + 1, nil
}

// call translates a function with its arguments; s is the name, the parentheses and what is in them. out is what stands
// before it, and the answer has that too.
func call(out, s []token) ([]token, *Refusal) {
	name, at := s[0], s[0].at
	schema := ""
	if n := len(out); n >= 2 && out[n-1].is(".") && out[n-2].isName() {
		schema = out[n-2].name()
	}
	if schema == "pg_rs_shim" {
		return nil, &Refusal{Code: "3F000", Message: `schema "pg_rs_shim" does not exist`, Position: at + 1}
	}
	if schema != "" && schema != "pg_catalog" {
		return inner(out, s)
	}
	if !aliased(out) {
		if refused := checkFunction(name); refused != nil {
			return nil, refused
		}
	}
	args := arguments(s[2 : len(s)-1])
	bare := out
	if schema != "" {
		bare = out[:len(out)-2]
	}
	for _, a := range args {
		if len(a) == 0 {
			return nil, near(s[len(s)-1])
		}
	}
	if special, ok := special(name.name()); ok {
		replaced, refused := special(args, at)
		if refused != nil {
			return nil, refused
		}
		if replaced != nil {
			return append(bare, replaced...), nil
		}
	}
	return inner(out, s)
}

// aliased reports that a name that comes next, with a parenthesis behind it, is a relation, an alias with its columns, or a type.
func aliased(out []token) bool {
	if len(out) == 0 {
		return false
	}
	switch t := out[len(out)-1]; t.kind {
	case quoted:
		return true
	case word:
		return !isClause(t) || t.text == "as" || t.text == "into" || t.text == "update" || t.text == "prepare" || t.text == "execute" || t.text == "with"
	case punct:
		return t.text == ")"
	case op:
		return t.text == "::"
	case literal, dollar, number, param:
	}
	return false
}

// inner keeps the function and translates its arguments.
func inner(out, s []token) ([]token, *Refusal) {
	body, refused := level(s[2 : len(s)-1])
	if refused != nil {
		return nil, refused
	}
	name := s[0]
	if name.kind == word && (name.text == "nvarchar" || name.text == "text") {
		name.text = "varchar"
	}
	if len(body) == 1 && body[0].is("max") && isText(name) {
		body[0].text = "65535"
	}
	return append(append(append(out, name, s[1]), body...), s[len(s)-1]), nil
}

func isText(t token) bool {
	return t.is("varchar") || t.is("nvarchar") || t.is("varying") || t.is("varbyte") || t.is("text")
}
