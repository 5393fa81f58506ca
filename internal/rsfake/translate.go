package rsfake

import "strings"

// The limits of a statement.
const (
	// MaxStatementBytes is the longest statement that Redshift takes.
	MaxStatementBytes = 16 << 20
	// MaxParameters is the most parameters of one statement.
	MaxParameters = 32767
)

// Translate turns a client's text into what PostgreSQL runs in its place, statement by statement, or says what Redshift (or
// the stand-in) refuses. A text that needs no change comes back as it is, so that error positions hold. It reads nothing but
// the text: the same text always gives the same answer.
func Translate(sql string) (string, *Refusal) {
	if len(sql) > MaxStatementBytes {
		return "", tooLarge(len(sql))
	}
	tokens, refused := lex(sql)
	if refused != nil {
		return "", refused
	}
	var out []string
	changed := false
	for _, statement := range split(tokens) {
		deepest, balanced := depthOf(statement)
		if deepest > maxDepth {
			return "", &Refusal{Code: "54001", Message: "stack depth limit exceeded"}
		}
		if !balanced {
			return "", near(statement[len(statement)-1])
		}
		before := print(statement)
		translated, refused := dispatch(statement)
		if refused != nil {
			return "", refused
		}
		after := print(translated)
		changed = changed || after != before || foldedQuotes(sql, statement)
		out = append(out, after)
	}
	if !changed {
		return sql, nil
	}
	return strings.Join(out, ";\n"), nil
}

// foldedQuotes reports a quoted name that was folded: the text as it came would mean another.
func foldedQuotes(sql string, statement []token) bool {
	for _, t := range statement {
		if t.kind == quoted && sql[t.at:t.at+len(t.text)] != t.text {
			return true
		}
	}
	return false
}

func tooLarge(n int) *Refusal {
	return &Refusal{Code: "54000", Message: "Statement is too large.", Detail: sizes(n)}
}

// dispatch translates one statement by its first words.
func dispatch(s []token) ([]token, *Refusal) {
	first := s[0]
	if first.kind == punct && first.text == "(" {
		return query(s)
	}
	if first.kind != word {
		return nil, near(first)
	}
	switch first.text {
	case "select", "with", "insert", "update", "delete", "merge", "prepare", "execute", "declare", "call":
		return query(s)
	case "deallocate", "fetch", "close", "lock", "begin", "commit", "end", "abort":
		return s, nil
	case "start":
		if starts(s, "start", "transaction") {
			return s, nil
		}
	case "rollback":
		if find(s, 0, "to") >= 0 {
			return nil, unsupported("SQL command \""+print(s)+"\"", first.at)
		}
		return s, nil
	case "explain":
		return explain(s)
	case "set", "reset", "show":
		return setting(s)
	case "create":
		return create(s)
	case "alter":
		return alter(s)
	case "drop":
		return drop(s)
	case "grant", "revoke":
		return grant(s)
	case "comment", "refresh", "truncate":
		return s, nil
	case "analyze", "vacuum":
		return maintain(s)
	case "cancel":
		if len(s) >= 2 && s[1].kind == number {
			return block("CANCEL", "PERFORM pg_catalog.pg_cancel_backend("+s[1].text+")"), nil
		}
	case "unload":
		return unload(s)
	case "copy":
		return nil, standIn("COPY: it reads nothing from S3", first.at)
	case "savepoint", "release":
		return nil, unsupported("SQL command \""+print(s)+"\"", first.at)
	}
	// LISTEN, NOTIFY, DO, DISCARD, VALUES, TABLE, MOVE, REINDEX, CLUSTER and whatever came after 8.0.
	return nil, near(first)
}

func explain(s []token) ([]token, *Refusal) {
	at := 1
	if at < len(s) && s[at].is("verbose") {
		at++
	}
	if at >= len(s) {
		return nil, syntax("syntax error at end of input", s[0].at)
	}
	if s[at].kind != word || s[at].is("analyze") {
		return nil, near(s[at])
	}
	inner, refused := dispatch(s[at:])
	if refused != nil {
		return nil, refused
	}
	return append(append([]token{}, s[:at]...), inner...), nil
}

// maintain runs what there is of VACUUM and ANALYZE on PostgreSQL: options of Redshift's own fall away.
func maintain(s []token) ([]token, *Refusal) {
	out := []token{{kind: word, text: "analyze", at: s[0].at}}
	for _, t := range s[1:] {
		if t.kind == quoted || t.is(".") {
			out = append(out, t)
			continue
		}
		switch t.text {
		case "full", "sort", "delete", "only", "reindex", "recluster", "boost", "compression", "verbose", "all", "predicate", "columns":
			continue
		case "to", "comprows":
			return out, nil
		}
		out = append(out, t)
	}
	return out, nil
}

// tagPrefix begins the message by which a block tells the relay what it stood for.
const tagPrefix = "rsfake tag "

// block makes one statement of several, which tells the command tag that the client is to see.
func block(tag string, statements ...string) []token {
	body := "BEGIN " + strings.Join(statements, "; ") + "; RAISE INFO '%', " + quote(tagPrefix+tag) + "; END"
	for strings.Contains(body, "$rs$") {
		body = strings.ReplaceAll(body, "$rs$", "$rs_$")
	}
	return []token{{kind: word, text: "DO"}, {kind: dollar, text: "$rs$" + body + "$rs$"}}
}

// run is a statement inside a block that runs text, whatever stands in it.
func run(text string) string { return "EXECUTE " + quote(text) }
