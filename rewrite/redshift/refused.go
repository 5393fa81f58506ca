package redshift

import (
	"strings"

	"github.com/posternsql/postern/lex"
)

// refusedStatement names a statement that is never let in, as the Database Developer Guide calls it. Most of them PostgreSQL's parser knows nothing of, and would
// only say at which word it stopped. What it does not know either is left to the parser; what names a temporary table is refused as that.
func (p *pass) refusedStatement() error {
	for _, t := range p.tokens {
		if t.Kind == lex.Temporary {
			return nil
		}
	}
	if p.kind(0) != lex.Name {
		return nil
	}
	switch verb := p.tokens[0].Value; verb {
	case "delete":
		if !p.is(1, "from") {
			return p.refuse(0, "DELETE without FROM")
		}
	case "merge", "call", "lock", "cancel", "use", "comment", "vacuum", "grant", "revoke":
		return p.refuse(0, "%s", strings.ToUpper(verb))
	case "create", "alter", "drop", "attach", "detach", "refresh", "analyze", "analyse", "desc", "describe":
		return p.refuse(0, "%s", p.object(verb))
	case "set":
		if p.is(1, "session") && p.is(2, "characteristics") {
			return p.refuse(0, "SET SESSION CHARACTERISTICS")
		}
	}
	return nil
}

// object is a verb with the kind of object behind it, as far as it is one of the guide's: no word of the client's own is repeated.
func (p *pass) object(verb string) string {
	words := []string{strings.ToUpper(verb)}
	i := 1
	if p.is(i, "or") && p.is(i+1, "replace") {
		i += 2
	}
	for ; p.kind(i) == lex.Name && len(words) < 4; i++ {
		w := p.tokens[i].Value
		switch w {
		case "external", "masking", "rls", "identity", "materialized", "default", "temporary", "temp", "local":
			words = append(words, strings.ToUpper(w))
			continue
		case "table", "view", "schema", "database", "function", "procedure", "aggregate", "library", "model", "datashare", "policy", "provider", "privileges", "user", "group", "role",
			"system", "compression", "index", "sequence", "type", "catalog", "template":
			words = append(words, strings.ToUpper(w))
		}
		break
	}
	return strings.Join(words, " ")
}
