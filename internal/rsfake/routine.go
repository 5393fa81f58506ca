package rsfake

import "strings"

// createFunction takes SQL functions as Redshift has them, and refuses the other languages.
func createFunction(s []token, at int) ([]token, *Refusal) {
	body, refused := bodyOf(s)
	if refused != nil {
		return nil, refused
	}
	switch language := languageOf(s); language {
	case "sql":
	case "plpythonu":
		return nil, unsupported("the language plpythonu: Python UDFs have ended", s[at].at)
	default:
		return nil, unsupported("CREATE FUNCTION in language "+language, s[at].at)
	}
	inner, refused := lexBody(s[body])
	if refused != nil {
		return nil, refused
	}
	for _, t := range inner {
		switch t.text {
		case "from", "into", "where", "group", "order", "limit":
			if t.kind == word && !(t.text == "from" && !readsFrom(inner)) {
				return nil, unsupported("a SQL function with "+strings.ToUpper(t.text), s[body].at)
			}
		}
	}
	if len(inner) > 0 && inner[len(inner)-1].is(";") {
		inner = inner[:len(inner)-1]
	}
	if len(inner) == 0 || !inner[0].is("select") {
		return nil, unsupported("a SQL function that is no SELECT", s[body].at)
	}
	translated, refused := query(inner)
	if refused != nil {
		return nil, refused
	}
	out := append([]token{}, s...)
	out[body].text = dollarQuote(print(translated))
	return argumentTypes(out), nil
}

// readsFrom reports a FROM that is not that of EXTRACT and its like.
func readsFrom(s []token) bool {
	for i, t := range s {
		if t.is("from") && fromOf(s, i) {
			return true
		}
	}
	return false
}

// createProcedure translates the statements in a procedure's body.
func createProcedure(s []token, at int) ([]token, *Refusal) {
	body, refused := bodyOf(s)
	if refused != nil {
		return nil, refused
	}
	if language := languageOf(s); language != "plpgsql" {
		return nil, unsupported("CREATE PROCEDURE in language "+language, s[at].at)
	}
	inner, refused := lexBody(s[body])
	if refused != nil {
		return nil, refused
	}
	translated, refused := procedural(inner)
	if refused != nil {
		return nil, refused
	}
	out := append([]token{}, s...)
	out[body].text = dollarQuote(translated)
	if n := find(out, 0, "nonatomic"); n >= 0 {
		out = cut(out, n, n+1)
	}
	return argumentTypes(out), nil
}

// lexBody splits what stands in a body; each of its statements has its parentheses.
func lexBody(t token) ([]token, *Refusal) {
	inner, refused := lex(unquoteBody(t))
	if refused != nil {
		return nil, refused
	}
	for _, statement := range split(inner) {
		if deepest, balanced := depthOf(statement); !balanced || deepest > maxDepth {
			return nil, near(statement[len(statement)-1])
		}
	}
	return inner, nil
}

// bodyOf is the index of the body behind AS.
func bodyOf(s []token) (int, *Refusal) {
	for i := 1; i < len(s); i++ {
		if s[i-1].is("as") && (s[i].kind == dollar || s[i].kind == literal) {
			return i, nil
		}
	}
	return 0, near(s[len(s)-1])
}

func languageOf(s []token) string {
	if at := find(s, 0, "language"); at >= 0 && at+1 < len(s) {
		if s[at+1].kind == literal {
			return s[at+1].value()
		}
		return s[at+1].name()
	}
	return "none"
}

func unquoteBody(t token) string {
	if t.kind == literal {
		return t.value()
	}
	tag := strings.IndexByte(t.text[1:], '$') + 2
	return t.text[tag : len(t.text)-tag]
}

func dollarQuote(body string) string {
	tag := "$rsb$"
	for strings.Contains(body, tag) {
		tag = "$" + strings.Trim(tag, "$") + "x$"
	}
	return tag + body + tag
}

// argumentTypes writes varchar(max) and its like in a routine's signature.
func argumentTypes(s []token) []token {
	for i, t := range s {
		if t.is("nvarchar") {
			s[i].text = "varchar"
		}
		if t.is("max") && i > 1 && s[i-1].is("(") && isText(s[i-2]) {
			s[i].text = "65535"
		}
	}
	return s
}

// procedural translates the body of a procedure: its statements are told apart by their semicolons and by the words of
// PL/pgSQL before them. Text that is run by EXECUTE is not looked at.
func procedural(s []token) (string, *Refusal) {
	var out []string
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && !s[i].is(";") {
			continue
		}
		if i > start {
			part, refused := proceduralStatement(s[start:i])
			if refused != nil {
				return "", refused
			}
			out = append(out, part)
		}
		start = i + 1
	}
	return strings.Join(out, ";\n") + ";", nil
}

func proceduralStatement(s []token) (string, *Refusal) {
	head, depth := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i].is("("), s[i].is("["):
			depth++
		case s[i].is(")"), s[i].is("]"):
			depth--
		}
		if depth == 0 && s[i].kind == word && strings.Contains(" begin declare then else loop exception ", " "+s[i].text+" ") && find(s[head:], 0, "case") < 0 {
			head = i + 1
		}
	}
	before, refused := level(s[:head])
	if refused != nil {
		return "", refused
	}
	rest := s[head:]
	if len(rest) == 0 {
		return print(before), nil
	}
	var translated []token
	switch rest[0].text {
	case "select", "insert", "update", "delete", "create", "drop", "alter", "grant", "revoke", "truncate", "merge", "set", "with":
		if rest[0].kind == word && !(len(rest) > 1 && rest[1].is(":=")) {
			translated, refused = dispatch(rest)
			break
		}
		fallthrough
	default:
		translated, refused = level(rest)
	}
	if refused != nil {
		return "", refused
	}
	return print(before) + "\n" + print(translated), nil
}
