package redshift

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// View is the query of a stored view, as pg_get_viewdef tells of it.
type View struct {
	// Query is it for PostgreSQL's parser; DesugarView completes its tree.
	Query Statement
	// Late marks a late-binding view, whose text is its author's own: stars in it mean what the tables have now.
	Late bool
	// Named marks one whose columns have a list of names of their own.
	Named bool
}

// TranslateView reads the definition of a view by Redshift's rules. Of an ordinary view it is the query; of a late-binding one it is the statement
// that made it, CREATE VIEW … WITH NO SCHEMA BINDING, as it was written.
func TranslateView(definition string) (View, error) {
	tokens, err := lex.Scan(definition, lex.Redshift())
	if err != nil {
		return View{}, lexical(definition, err)
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].Sign(";") {
		tokens = tokens[:len(tokens)-1]
	}
	view := View{}
	if len(tokens) > 0 && tokens[0].Is("create") {
		if tokens, view.Named, err = lateBinding(definition, tokens); err != nil {
			return View{}, err
		}
		view.Late = true
	}
	for _, t := range tokens {
		if t.Sign(";") {
			return View{}, pgerror.NotSupported("the definition is not one query")
		}
	}
	if len(tokens) == 0 || !(tokens[0].Is("select") || tokens[0].Is("with") || tokens[0].Sign("(")) {
		return View{}, pgerror.NotSupported("the definition is not one query")
	}
	p := newPass(definition, tokens)
	p.stored = true
	if err := p.run(); err != nil {
		return View{}, err
	}
	view.Query = Statement{Text: definition, source: definition}
	view.Query.SQL, view.Query.places = p.text()
	return view, nil
}

// lateBinding is what stands between CREATE VIEW name [(columns)] AS and WITH NO SCHEMA BINDING.
func lateBinding(definition string, tokens []lex.Token) (query []lex.Token, named bool, _ error) {
	p := newPass(definition, tokens)
	i := 1
	if p.is(i, "or") && p.is(i+1, "replace") {
		i += 2
	}
	if !p.is(i, "view") {
		return nil, false, pgerror.NotSupported("the definition is that of no plain view")
	}
	for i += 2; p.is(i, "."); {
		i += 2
	}
	if p.is(i, "(") && p.pair[i] > 0 {
		named, i = true, p.pair[i]+1
	}
	end := len(tokens) - 4
	if !p.is(i, "as") || end <= i+1 || !p.is(end, "with") || !p.is(end+1, "no") || !p.is(end+2, "schema") || !p.is(end+3, "binding") {
		return nil, false, pgerror.NotSupported("the definition is that of no plain view")
	}
	return tokens[i+1 : end], named, nil
}

// matching are the operators by which a stored query says LIKE and ILIKE.
func matching(operator string) (string, bool) {
	word, ok := map[string]string{"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}[operator]
	return word, ok
}

// DesugarView is Desugar for a stored query, which has its date parts as texts with a type: date_part('year'::text, x).
func DesugarView(n *pg.Node) error {
	walk(n.ProtoReflect(), func(m protoreflect.Message) {
		f, ok := m.Interface().(*pg.FuncCall)
		if !ok || len(f.Args) == 0 {
			return
		}
		if name := FunctionName(f); !bareParts(name) && name != "date_trunc" {
			return
		}
		if cast := f.Args[0].GetTypeCast(); cast.GetArg().GetAConst().GetSval() != nil {
			f.Args[0] = cast.Arg
		}
	})
	return Desugar(n)
}
