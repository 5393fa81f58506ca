package policy

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/posternsql/postern/identity"
)

// The bounds of a condition on people.
const (
	maxConditionRunes = 4096
	maxConditionDepth = 32
	// conditionCost bounds one evaluation, in CEL's cost units; a condition of ten calls costs some tens.
	conditionCost = 100_000
)

// condition is a compiled CEL condition on a person. It is safe for concurrent use.
type condition struct {
	text    string
	program cel.Program
	// groups that it names.
	groups groupsAsked
	// number is its place in the memory.
	number int
	memory *verdicts
}

// holds reports that the condition is true. An error, of any kind, is not true.
func (c *condition) holds(p identity.Principal) bool { return c.ask(p) == saidTrue }

// fails reports that the condition is false. An error, of any kind, is not false either.
func (c *condition) fails(p identity.Principal) bool { return c.ask(p) == saidFalse }

func (c *condition) evaluate(p identity.Principal) (value, ok bool) {
	if p.IsZero() || c.program == nil {
		return false, false
	}
	out, _, err := c.program.Eval(personActivation{p})
	if err != nil {
		return false, false
	}
	b, ok := out.(types.Bool)
	return bool(b), ok
}

// conditions compiles conditions, each text once.
type conditions struct {
	env    *cel.Env
	known  map[string]*condition
	memory *verdicts
}

// newConditions declares the functions: isInGroups, hasAttribute, isUsingPurpose and username. Comprehensions are left out,
// so that the cost of a condition is that of its text.
func newConditions() (*conditions, error) {
	env, err := cel.NewCustomEnv(
		cel.StdLib(), cel.ClearMacros(), cel.Macros(personMacros()...),
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true),
		cel.ParserExpressionSizeLimit(maxConditionRunes), cel.ParserRecursionLimit(maxConditionDepth),
		cel.Variable(personVariable, personType),
		cel.Function("@isInGroups", cel.Overload("is_in_groups", []*cel.Type{personType, cel.ListType(cel.StringType)}, cel.BoolType,
			cel.BinaryBinding(all(func(p identity.Principal, name string) bool { return p.InGroup(name) })))),
		cel.Function("@isUsingPurpose", cel.Overload("is_using_purpose", []*cel.Type{personType, cel.ListType(cel.StringType)}, cel.BoolType,
			cel.BinaryBinding(some(usingPurpose)))),
		cel.Function("@hasAttribute", cel.Overload("has_attribute", []*cel.Type{personType, cel.StringType, cel.StringType}, cel.BoolType,
			cel.FunctionBinding(hasAttribute))),
		cel.Function("@username", cel.Overload("username", []*cel.Type{personType}, cel.StringType, cel.UnaryBinding(username))),
	)
	if err != nil {
		return nil, fmt.Errorf("declaring the condition functions: %w", err)
	}
	memory, err := newVerdicts()
	if err != nil {
		return nil, err
	}
	return &conditions{env: env, known: map[string]*condition{}, memory: memory}, nil
}

// compile checks a condition. The error names line and column in its text.
func (c *conditions) compile(text string) (*condition, error) {
	if known, ok := c.known[text]; ok {
		return known, nil
	}
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the condition is empty")
	}
	checked, issues := c.env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, conditionError(issues)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("the condition must be true or false, not a %s", checked.OutputType())
	}
	program, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(conditionCost))
	if err != nil {
		return nil, fmt.Errorf("compiling the condition: %w", err)
	}
	out := &condition{text: text, program: program, groups: groupsOfCondition(checked.NativeRep().Expr()), number: len(c.known), memory: c.memory}
	c.known[text] = out
	return out, nil
}

// conditionError puts all of CEL's issues on one line, each with its place.
func conditionError(issues *cel.Issues) error {
	var parts []string
	for _, e := range issues.Errors() {
		message := strings.ReplaceAll(e.Message, "'@", "'")
		if at := e.Location; at != nil && at.Line() > 0 {
			message = fmt.Sprintf("line %d, column %d: %s", at.Line(), at.Column()+1, message)
		}
		parts = append(parts, message)
	}
	return errors.New(strings.Join(parts, "; "))
}

// personVariable cannot be written in a condition: only the macros name it.
const personVariable = "@person"

// personMacros turn `isInGroups('a', 'b')` into `@isInGroups(@person, ['a', 'b'])` and so on, so that the functions take
// any number of names and know whom they ask about.
func personMacros() []cel.Macro {
	list := func(function string) cel.Macro {
		return cel.GlobalVarArgMacro(function, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
			if len(args) == 0 {
				return nil, eh.NewError(0, function+" wants at least one name")
			}
			return eh.NewCall("@"+function, eh.NewIdent(personVariable), eh.NewList(args...)), nil
		})
	}
	fixed := func(function string, n int) cel.Macro {
		return cel.GlobalMacro(function, n, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
			return eh.NewCall("@"+function, append([]ast.Expr{eh.NewIdent(personVariable)}, args...)...), nil
		})
	}
	return []cel.Macro{list("isInGroups"), list("isUsingPurpose"), fixed("hasAttribute", 2), fixed("username", 0)}
}

// usingPurpose reports whether the active project has the purpose.
func usingPurpose(p identity.Principal, name string) bool {
	for _, have := range p.Purposes() {
		if have == name {
			return true
		}
	}
	return false
}

// all binds a function that wants every name of a list; none is not all.
func all(has func(identity.Principal, string) bool) func(person, names ref.Val) ref.Val {
	return func(person, names ref.Val) ref.Val {
		return overNames(person, names, func(p identity.Principal, names []string) bool {
			for _, n := range names {
				if !has(p, n) {
					return false
				}
			}
			return len(names) > 0
		})
	}
}

// some binds a function that wants one name of a list.
func some(has func(identity.Principal, string) bool) func(person, names ref.Val) ref.Val {
	return func(person, names ref.Val) ref.Val {
		return overNames(person, names, func(p identity.Principal, names []string) bool {
			for _, n := range names {
				if has(p, n) {
					return true
				}
			}
			return false
		})
	}
}

func overNames(person, names ref.Val, f func(identity.Principal, []string) bool) ref.Val {
	p, ok := person.(personValue)
	list, isList := names.(traits.Lister)
	if !ok || !isList {
		return types.NewErr("no such overload")
	}
	var out []string
	for it := list.Iterator(); it.HasNext() == types.True; {
		s, ok := it.Next().(types.String)
		if !ok {
			return types.NewErr("a name must be a string")
		}
		out = append(out, string(s))
	}
	return types.Bool(f(p.Principal, out))
}

func hasAttribute(args ...ref.Val) ref.Val {
	if len(args) == 3 {
		p, ok := args[0].(personValue)
		name, isName := args[1].(types.String)
		value, isValue := args[2].(types.String)
		if ok && isName && isValue {
			return types.Bool(p.HasAttribute(string(name), string(value)))
		}
	}
	return types.NewErr("no such overload")
}

func username(person ref.Val) ref.Val {
	if p, ok := person.(personValue); ok {
		return types.String(p.User())
	}
	return types.NewErr("no such overload")
}

// personType is a type of which conditions can do nothing but ask the functions.
var personType = cel.OpaqueType("postern.Person")

// personValue is a principal inside CEL (common/types/ref.Val).
type personValue struct{ identity.Principal }

func (personValue) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("a person cannot be converted")
}
func (personValue) ConvertToType(ref.Type) ref.Val {
	return types.NewErr("a person cannot be converted")
}
func (personValue) Equal(ref.Val) ref.Val { return types.False }
func (personValue) Type() ref.Type        { return personType }
func (v personValue) Value() any          { return v.Principal }

// personActivation resolves the one variable that conditions have.
type personActivation struct{ p identity.Principal }

// ResolveName implements cel.Activation.
func (a personActivation) ResolveName(name string) (any, bool) {
	if name != personVariable {
		return nil, false
	}
	return personValue{a.p}, true
}

// Parent implements cel.Activation.
func (personActivation) Parent() cel.Activation { return nil }
