package lambda

import "github.com/posternsql/postern/tokenize"

// function is one that a cluster may call: its arguments are the domain, then its own.
type function struct {
	arguments int
	reveal    bool
	// call computes one result. An error means that there is none: NULL.
	call func(d *tokenize.Domain, args []string) (any, error)
}

// functions are those of the schema postern_functions on PostgreSQL, by name, and the inverse of the format-preserving one.
func functions() map[string]function {
	return map[string]function{
		"keyed_hash": {2, false, func(d *tokenize.Domain, args []string) (any, error) { return d.Hash(args[0]) }},
		"keyed_draw": {2, false, func(d *tokenize.Domain, args []string) (any, error) { return d.Draw(args[0]) }},
		"protect":    {2, false, func(d *tokenize.Domain, args []string) (any, error) { return d.Protect(args[0]) }},
		"reveal":     {2, true, func(d *tokenize.Domain, args []string) (any, error) { return d.Reveal(args[0]) }},
		"format_preserving": {3, false, func(d *tokenize.Domain, args []string) (any, error) {
			return d.FormatPreserving(args[0], args[1])
		}},
		"reveal_format_preserving": {3, true, func(d *tokenize.Domain, args []string) (any, error) {
			return d.RevealFormatPreserving(args[0], args[1])
		}},
	}
}
