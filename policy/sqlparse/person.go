package sqlparse

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// isPersonFunction reports whether a name, in lower case, is that of an @function.
func isPersonFunction(name string) bool {
	switch name {
	case "attributevaluescontains", "groupscontains", "purposescontains", "hasattribute", "isingroups", "isusingpurpose",
		"username", "columntagged", "columnreference", "value":
		return true
	}
	return false
}

// personFunction is `@name` or `@name(…)`. The grammar reads the @ as PostgreSQL's prefix operator for absolute values.
func (r *resolver) personFunction(n *pg_query.Node, location int32, s *scope) (expr.Expr, string, error) {
	if ref := n.GetColumnRef(); ref != nil {
		if parts := stringsOf(ref.Fields); len(parts) == 1 && len(ref.Fields) == 1 && parts[0] == "username" {
			return expr.Username{}, typeText, nil
		} else if len(parts) == 1 && len(ref.Fields) == 1 && parts[0] == "value" {
			return r.valueColumn(location, s)
		}
		return nil, "", r.at(location, "@%s is not known; for an absolute value write abs()", strings.Join(stringsOf(ref.Fields), "."))
	}
	if c := n.GetTypeCast(); c != nil {
		arg, from, err := r.personFunction(c.Arg, location, s)
		if err != nil {
			return nil, "", err
		}
		return r.castOf(c, arg, from)
	}
	if a := n.GetAExpr(); a != nil && a.Kind == pg_query.A_Expr_Kind_AEXPR_OP && a.Lexpr != nil {
		return r.personOperand(a, location, s)
	}
	c := n.GetFuncCall()
	if c == nil {
		return nil, "", r.at(location, "@ must stand in front of a function's name; for an absolute value write abs()")
	}
	names := stringsOf(c.Funcname)
	if len(names) != 1 || !isPersonFunction(names[0]) || c.AggStar || c.AggDistinct || c.AggWithinGroup || c.FuncVariadic ||
		len(c.AggOrder) > 0 || c.AggFilter != nil || c.Over != nil {
		return nil, "", r.at(location, "@%s is not known", strings.Join(names, "."))
	}
	switch name := names[0]; name {
	case "attributevaluescontains", "groupscontains", "purposescontains":
		return r.contains(name, c, s)
	case "hasattribute":
		args, err := r.words(c, 2, 2)
		if err != nil {
			return nil, "", err
		}
		return expr.HasAttribute{Name: args[0], Value: args[1]}, typeBool, nil
	case "isingroups":
		args, err := r.words(c, 1, 64)
		return expr.IsInGroups{Names: args}, typeBool, err
	case "isusingpurpose":
		args, err := r.words(c, 1, 64)
		return expr.IsUsingPurpose{Names: args}, typeBool, err
	case "username":
		_, err := r.words(c, 0, 0)
		return expr.Username{}, typeText, err
	case "value":
		if _, err := r.words(c, 0, 0); err != nil {
			return nil, "", err
		}
		return r.valueColumn(location, s)
	default:
		return r.columnFunction(name, c, s)
	}
}

// valueColumn is @value, the column that a custom mask masks.
func (r *resolver) valueColumn(location int32, s *scope) (expr.Expr, string, error) {
	switch {
	case r.value == nil:
		return nil, "", r.at(location, "@value is the masked column of a custom mask, and this is none")
	case s.inner:
		return nil, "", r.at(location, "a column of the source stands in a sub-select: a sub-select in a rule must not depend on the row that is tested")
	}
	return expr.Column{Name: r.value.Name, Type: expr.Type(r.value.Type)}, columnType(*r.value), nil
}

// personOperand is `@name(…) + x`, which the grammar reads as `@ (name(…) + x)`: arithmetic and casts bind more tightly than @ does.
func (r *resolver) personOperand(a *pg_query.A_Expr, location int32, s *scope) (expr.Expr, string, error) {
	names := stringsOf(a.Name)
	if len(names) != 1 || !slices.Contains([]string{"+", "-", "*", "/", "%", "^"}, names[0]) {
		return nil, "", r.at(location, "@ must stand in front of a function's name; for an absolute value write abs()")
	}
	left, leftType, err := r.personFunction(a.Lexpr, location, s)
	if err != nil {
		return nil, "", err
	}
	right, rightType, err := r.expr(a.Rexpr, s)
	if err != nil {
		return nil, "", err
	}
	return r.applied(a.Location, names[0], []expr.Expr{left, right}, []string{leftType, rightType})
}

// words takes arguments that must be string constants, between low and high of them.
func (r *resolver) words(c *pg_query.FuncCall, low, high int) ([]string, error) {
	if len(c.Args) < low || len(c.Args) > high {
		return nil, r.at(c.Location, "wrong number of arguments: %d", len(c.Args))
	}
	out := make([]string, len(c.Args))
	for i, n := range c.Args {
		v, ok := n.GetAConst().GetVal().(*pg_query.A_Const_Sval)
		if !ok {
			return nil, r.at(c.Location, "argument %d must be text in quotes", i+1)
		}
		out[i] = v.Sval.GetSval()
	}
	return out, nil
}

// contains is @attributeValuesContains('name', value [, 'placeholder']) and its two relatives without a name.
func (r *resolver) contains(function string, c *pg_query.FuncCall, s *scope) (expr.Expr, string, error) {
	args, name := c.Args, ""
	if function == "attributevaluescontains" {
		if len(args) < 2 {
			return nil, "", r.at(c.Location, "@attributeValuesContains wants an attribute's name and a value")
		}
		first, err := r.words(&pg_query.FuncCall{Args: args[:1], Location: c.Location}, 1, 1)
		if err != nil {
			return nil, "", err
		}
		name, args = first[0], args[1:]
	}
	if len(args) < 1 || len(args) > 2 {
		return nil, "", r.at(c.Location, "wrong number of arguments: %d", len(c.Args))
	}
	arg, typ, err := r.expr(args[0], s)
	if err != nil {
		return nil, "", err
	}
	if !fixedText(typ) {
		return nil, "", r.at(c.Location, "a value of type %s cannot be compared as text: its text form depends on settings, or is not known", describe([]string{typ}))
	}
	var placeholder *string
	if len(args) == 2 {
		last, err := r.words(&pg_query.FuncCall{Args: args[1:], Location: c.Location}, 1, 1)
		if err != nil {
			return nil, "", err
		}
		placeholder = &last[0]
	}
	if r.negated {
		r.note("A negated @function lets a person without values see the row: nothing is in an empty list.")
	}
	switch function {
	case "attributevaluescontains":
		return expr.AttributeContains{Name: name, Arg: arg, Placeholder: placeholder}, typeBool, nil
	case "groupscontains":
		return expr.GroupsContain{Arg: arg, Placeholder: placeholder}, typeBool, nil
	case "purposescontains":
		return expr.PurposesContain{Arg: arg, Placeholder: placeholder}, typeBool, nil
	}
	return nil, "", r.at(c.Location, "@%s is not known", function)
}

// columnFunction is @columnTagged('Tag') and @columnReference('name'): exactly one column of the source.
func (r *resolver) columnFunction(name string, c *pg_query.FuncCall, s *scope) (expr.Expr, string, error) {
	args, err := r.words(c, 1, 1)
	if err != nil {
		return nil, "", err
	}
	if s.inner {
		return nil, "", r.at(c.Location, "a column of the source stands in a sub-select: a sub-select in a rule must not depend on the row that is tested")
	}
	var found []catalog.Column
	for _, col := range r.source.Columns {
		tagged := slices.ContainsFunc(col.Tags, func(tag string) bool { return tag == args[0] || strings.HasPrefix(tag, args[0]+".") })
		if name == "columntagged" && tagged || name == "columnreference" && col.Name == args[0] {
			found = append(found, col)
		}
	}
	written := "@columnTagged"
	if name == "columnreference" {
		written = "@columnReference"
	}
	switch len(found) {
	case 0:
		return nil, "", r.at(c.Location, "%s has no column for %s('%s')", r.source.QualifiedName(), written, args[0])
	case 1:
		e := expr.Column{Name: found[0].Name, Type: expr.Type(found[0].Type)}
		return e, columnType(found[0]), nil
	}
	return nil, "", r.at(c.Location, "%s has %d columns for %s('%s'): it must name one", r.source.QualifiedName(), len(found), written, args[0])
}
