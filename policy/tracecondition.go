package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/posternsql/postern/identity"
)

// ConditionTrace is one condition on people and what came of it.
type ConditionTrace struct {
	// Field of the rule that has the condition: when, exceptFor, onlyFor.
	Field string
	Text  string
	// Value is what the condition gave. Failed says that it could not be evaluated, so that it neither holds nor fails.
	Value, Failed bool
	// Atoms are the questions about the person that stand in it, in the order of the text, each once.
	Atoms []Atom
}

// Atom is one question about a person.
type Atom struct {
	// Call as an author writes it: isInGroups('analysts').
	Call  string
	Value bool
	// Has is what the person has of what was asked: their groups of those named, the attribute's values, their purposes.
	Has []string
}

// conditionTracer evaluates the parts of conditions.
type conditionTracer struct {
	who        identity.Principal
	conditions *conditions
}

func newConditionTracer(who identity.Principal) *conditionTracer {
	// Without an environment conditions are traced as a whole.
	known, err := newConditions()
	if err != nil {
		known = nil
	}
	return &conditionTracer{who, known}
}

func (t *conditionTracer) trace(field string, c *condition) ConditionTrace {
	out := ConditionTrace{Field: field, Text: c.text}
	value, ok := c.evaluate(t.who)
	out.Value, out.Failed = value, !ok
	if t.conditions == nil {
		return out
	}
	checked, issues := t.conditions.env.Compile(c.text)
	if issues != nil && issues.Err() != nil {
		return out
	}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		if atom, ok := t.atom(e.AsCall()); ok && !slices.ContainsFunc(out.Atoms, func(have Atom) bool { return have.Call == atom.Call }) {
			out.Atoms = append(out.Atoms, atom)
		}
	}))
	return out
}

// atom answers one call whose arguments are constants.
func (t *conditionTracer) atom(call ast.CallExpr) (Atom, bool) {
	name, args := strings.TrimPrefix(call.FunctionName(), "@"), call.Args()
	if name == call.FunctionName() || len(args) == 0 {
		return Atom{}, false
	}
	if name == "username" {
		return Atom{Call: "username()", Value: true, Has: []string{t.who.User()}}, true
	}
	var texts []string
	for _, arg := range args[1:] {
		list, ok := constants(arg)
		if !ok {
			return Atom{}, false
		}
		texts = append(texts, list...)
	}
	out := Atom{Call: name + "(" + quotedNames(texts) + ")"}
	switch name {
	case "isInGroups":
		out.Has = kept(texts, t.who.InGroup)
		out.Value = len(texts) > 0 && len(out.Has) == len(texts)
	case "isUsingPurpose":
		out.Has = t.who.Purposes()
		out.Value = slices.ContainsFunc(texts, func(n string) bool { return usingPurpose(t.who, n) })
	case "hasAttribute":
		if len(texts) != 2 {
			return Atom{}, false
		}
		out.Has = t.who.Attribute(texts[0])
		out.Value = t.who.HasAttribute(texts[0], texts[1])
	default:
		return Atom{}, false
	}
	return out, true
}

// constants are the texts of a literal, or of a list of literals.
func constants(e ast.Expr) ([]string, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		text, ok := e.AsLiteral().Value().(string)
		return []string{text}, ok
	case ast.ListKind:
		var out []string
		for _, element := range e.AsList().Elements() {
			one, ok := constants(element)
			if !ok {
				return nil, false
			}
			out = append(out, one...)
		}
		return out, true
	case ast.UnspecifiedExprKind, ast.CallKind, ast.ComprehensionKind, ast.IdentKind, ast.MapKind, ast.SelectKind, ast.StructKind:
	}
	return nil, false
}

func kept(names []string, has func(string) bool) (out []string) {
	for _, n := range names {
		if has(n) && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func quotedNames(texts []string) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = "'" + strings.Trim(strconv.Quote(text), `"`) + "'"
	}
	return strings.Join(out, ", ")
}

// String says the atom and what the person has: `hasAttribute('clearance', 'high') is false (has: low)`.
func (a Atom) String() string {
	has := "nothing"
	if len(a.Has) > 0 {
		has = strings.Join(a.Has, ", ")
	}
	return fmt.Sprintf("%s is %t (has: %s)", a.Call, a.Value, has)
}
