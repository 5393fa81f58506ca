package redshift

import (
	"reflect"
	"strings"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// PrintUnload is an UNLOAD of a query that Print has printed. The query stands in a string within the statement: by the rules of both engines the string is
// exactly the query, which itself reads alike by both. The error is a *pgerror.Error.
func PrintUnload(u *Unload, query string) (string, error) {
	if err := unloadable(query); err != nil {
		return "", err
	}
	p := &printer{}
	p.put("UNLOAD (")
	p.text(query)
	p.put(") TO ")
	p.text(u.To)
	p.put(" IAM_ROLE ")
	if u.Role == "default" {
		p.put("DEFAULT")
	} else {
		p.text(u.Role)
	}
	if u.Key != "" {
		p.put(" KMS_KEY_ID ")
		p.text(u.Key)
	}
	if u.Encrypted {
		p.put(" ENCRYPTED")
	}
	if u.Auto {
		p.put(" AUTO")
	}
	if len(u.Partition) > 0 {
		p.put(" PARTITION BY (")
		for i, name := range u.Partition {
			if i > 0 {
				p.put(", ")
			}
			p.ident(name)
		}
		p.put(")")
		if u.Include {
			p.put(" INCLUDE")
		}
	}
	for _, option := range u.Options {
		p.put(" ", option)
	}
	if p.err != nil {
		return "", p.err
	}
	text := p.b.String()
	return text, readBackUnload(u, query, text)
}

// unloadable wants one query without parameters, which nothing would bind within a string.
func unloadable(query string) error {
	if err := lex.Same(query); err != nil {
		return unprintable()
	}
	tokens, err := lex.Scan(query, lex.Redshift())
	if err != nil {
		return unprintable()
	}
	for _, t := range tokens {
		if t.Kind == lex.Parameter {
			return pgerror.NotSupported("a parameter in the query of UNLOAD is not supported through Postern on Redshift")
		}
		if t.Sign(";") {
			return unprintable()
		}
	}
	return nil
}

// readBackUnload holds a printed text against what it was printed from: both engines split it alike, with the query as the one string in the first brackets, and
// by the way that a client's text goes it is the same UNLOAD again.
func readBackUnload(u *Unload, query, text string) error {
	if err := lex.Same(text); err != nil {
		return unprintable()
	}
	for _, rules := range []lex.Rules{lex.Postgres(), lex.Redshift()} {
		tokens, err := lex.Scan(text, rules)
		if err != nil || len(tokens) < 7 || tokens[2].Kind != lex.String || tokens[2].Value != query || tokens[5].Value != u.To {
			return unprintable()
		}
	}
	statements, err := Translate(text)
	if err != nil || len(statements) != 1 || statements[0].Unload == nil || strings.Contains(query, `\`) {
		return unprintable()
	}
	want := *u
	want.Query, want.seen = query, nil
	if !reflect.DeepEqual(&want, statements[0].Unload) {
		return unprintable()
	}
	return nil
}
