package redshift

import "github.com/posternsql/postern/lex"

// unload is the query in UNLOAD ('query') TO …. What follows it is not looked at: nothing of it is ever sent.
func (p *pass) unload() (string, error) {
	if !p.is(1, "(") || p.kind(2) != lex.String || !p.is(3, ")") {
		return "", p.refuse(0, "UNLOAD of anything but a query in one string")
	}
	if t := p.tokens[2]; t.Doubt != "" {
		return "", p.refuse(2, "the escape %s in the query of UNLOAD", t.Doubt)
	}
	return p.tokens[2].Value, nil
}
