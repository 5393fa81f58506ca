package control

import (
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
)

// allowed resolves the FunctionAllowLists of a connection against what its warehouse has. Which overload a call means, and which cast a type
// name runs, is the warehouse's to say; so where one is listed, all that could be meant must be.
func (b *builder) allowed(connection string, own catalog.Own) *catalog.Allowed {
	l := &allowing{b: b, own: own}
	for _, r := range b.set.FunctionAllowLists {
		if r.Connection == connection {
			l.add(r)
		}
	}
	for _, r := range b.set.FunctionAllowLists {
		if r.Connection == connection {
			l.complete(r)
		}
	}
	return catalog.NewAllowed(l.routines, l.operators, l.types)
}

type allowing struct {
	b         *builder
	own       catalog.Own
	routines  []catalog.Routine
	operators []catalog.Named
	types     []catalog.Named
	casts     []catalog.Cast
}

// plainSignature is a signature without spaces behind its commas and around its parentheses.
func plainSignature(s string) string {
	return strings.NewReplacer(", ", ",", " (", "(", "( ", "(", " )", ")").Replace(strings.TrimSpace(s))
}

// add finds what a list names.
func (l *allowing) add(r resource.FunctionAllowList) {
	label := "FunctionAllowList " + r.Name
	for _, name := range r.Functions {
		i := slices.IndexFunc(l.own.Routines, func(o catalog.Routine) bool { return plainSignature(o.Signature) == plainSignature(name) })
		if i < 0 {
			l.b.mistake(r.Pos, label, "the warehouse has no function %q of its own: write it with its schema and argument types, as regprocedure prints it", name)
			continue
		}
		l.routines = append(l.routines, l.own.Routines[i])
	}
	for _, name := range r.Operators {
		i := slices.IndexFunc(l.own.Operators, func(o catalog.Named) bool { return plainSignature(o.Signature) == plainSignature(name) })
		if i < 0 {
			l.b.mistake(r.Pos, label, "the warehouse has no operator %q of its own: write it with its schema and argument types, as regoperator prints it", name)
			continue
		}
		l.operators = append(l.operators, l.own.Operators[i])
	}
	for _, name := range r.Types {
		i := slices.IndexFunc(l.own.Types, func(o catalog.Named) bool { return o.Signature == strings.TrimSpace(name) })
		if i < 0 {
			l.b.mistake(r.Pos, label, "the warehouse has no type %q of its own", name)
			continue
		}
		l.types = append(l.types, l.own.Types[i])
	}
	for _, name := range r.Casts {
		source, target, ok := strings.Cut(name, " AS ")
		cast := catalog.Cast{Source: strings.TrimSpace(source), Target: strings.TrimSpace(target)}
		if !ok || !slices.Contains(l.own.Casts, cast) {
			l.b.mistake(r.Pos, label, "the warehouse has no cast %q with a function of its own: write it as source AS target", name)
			continue
		}
		l.casts = append(l.casts, cast)
	}
}

// complete says what could be meant by what a list names and is not listed.
func (l *allowing) complete(r resource.FunctionAllowList) {
	label := "FunctionAllowList " + r.Name
	for _, have := range l.routines {
		for _, o := range l.own.Routines {
			if o.Schema == have.Schema && o.Name == have.Name && !slices.Contains(l.routines, o) {
				l.b.mistake(r.Pos, label, "%s is listed and %s is not: a call could mean either", have.Signature, o.Signature)
			}
		}
	}
	for _, have := range l.operators {
		for _, o := range l.own.Operators {
			if o.Schema == have.Schema && o.Name == have.Name && !slices.Contains(l.operators, o) {
				l.b.mistake(r.Pos, label, "%s is listed and %s is not: a query could mean either", have.Signature, o.Signature)
			}
		}
	}
	for _, have := range l.types {
		for _, c := range l.own.Casts {
			if (c.Source == have.Signature || c.Target == have.Signature) && !slices.Contains(l.casts, c) {
				l.b.mistake(r.Pos, label, "type %s is listed and the cast %s AS %s is not: naming the type can run it", have.Signature, c.Source, c.Target)
			}
		}
	}
}
