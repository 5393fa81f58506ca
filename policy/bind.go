package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// Binding is what is known of the person when a decision is made. The zero value is nobody and is denied everything.
type Binding struct {
	principal identity.Principal
	deferred  bool
	at        time.Time
}

// At says when the question is asked, for what expires. Without it everything that can expire has expired, which is the narrowest answer.
func (b Binding) At(now time.Time) Binding {
	b.at = now
	return b
}

// BindPrincipal binds a person of whom everything is known: decisions hold columns and literals only.
func BindPrincipal(p identity.Principal) Binding { return Binding{principal: p} }

// bind replaces the expressions about the person by literals.
func bind(e expr.Expr, p identity.Principal) expr.Expr {
	return expr.Rewrite(e, func(e expr.Expr) expr.Expr {
		switch v := e.(type) {
		case expr.AttributeContains:
			return membership(v.Arg, p.Attribute(v.Name), v.Placeholder)
		case expr.GroupsContain:
			return membership(v.Arg, p.Groups(), v.Placeholder)
		case expr.PurposesContain:
			return membership(v.Arg, p.Purposes(), v.Placeholder)
		case expr.HasAttribute:
			return truth(p.HasAttribute(v.Name, v.Value))
		case expr.IsInGroups:
			return truth(len(v.Names) > 0 && !slices.ContainsFunc(v.Names, func(n string) bool { return !p.InGroup(n) }))
		case expr.IsUsingPurpose:
			return truth(slices.ContainsFunc(v.Names, func(n string) bool { return usingPurpose(p, n) }))
		case expr.UsingAnyPurpose:
			return truth(len(p.Purposes()) > 0)
		case expr.Username:
			return expr.Literal{Type: "text", Value: p.User()}
		case expr.Literal, expr.Column, expr.Call, expr.Keyed, expr.Op, expr.And, expr.Or, expr.Not, expr.IsNull, expr.Cast,
			expr.Case, expr.In, expr.InSelect, expr.NullOf, expr.Now, expr.Pick, expr.CountOver:
			return e
		case expr.ConditionFlag, expr.KnownPerson:
			return expr.False // of deferred decisions
		}
		return expr.False
	})
}

// personal reports an expression that asks about the person.
func personal(e expr.Expr) (found bool) {
	expr.Walk(e, func(e expr.Expr) {
		switch e.(type) {
		case expr.AttributeContains, expr.GroupsContain, expr.PurposesContain, expr.HasAttribute, expr.IsInGroups, expr.IsUsingPurpose,
			expr.UsingAnyPurpose, expr.Username, expr.ConditionFlag, expr.KnownPerson:
			found = true
		case expr.Literal, expr.Column, expr.Call, expr.Keyed, expr.Op, expr.And, expr.Or, expr.Not, expr.IsNull, expr.Cast, expr.Case,
			expr.In, expr.InSelect, expr.NullOf, expr.Now, expr.Pick, expr.CountOver:
		}
	})
	return found
}

func truth(b bool) expr.Expr {
	if b {
		return expr.True
	}
	return expr.False
}

// membership is `arg::text IN (values)`. Without values the placeholder stands for them; without one nothing is a member.
func membership(arg expr.Expr, values []string, placeholder *string) expr.Expr {
	if len(values) == 0 && placeholder != nil {
		values = []string{*placeholder}
	}
	in := expr.In{Arg: expr.Cast{Arg: arg, Type: "text"}}
	if column, ok := arg.(expr.Column); ok {
		if bits := typeOfName(column.Type).integerBits(); bits > 0 {
			return integerMembership(column, values, bits)
		}
	}
	for _, v := range values {
		// Other text cannot be a value of the warehouse's.
		if utf8.ValidString(v) && !strings.ContainsRune(v, 0) {
			in.List = append(in.List, expr.Literal{Type: "text", Value: v})
		}
	}
	if len(in.List) == 0 {
		return expr.False
	}
	return in
}

// integerMembership compares numbers instead of their text, so that an index serves. Only values that are written as the
// warehouse writes a number can be equal to one as text.
func integerMembership(column expr.Column, values []string, bits int) expr.Expr {
	in := expr.In{Arg: column}
	for _, v := range values {
		if n, err := strconv.ParseInt(v, 10, bits); err == nil && strconv.FormatInt(n, 10) == v {
			in.List = append(in.List, expr.Literal{Type: column.Type, Value: v})
		}
	}
	if len(in.List) == 0 {
		return expr.False
	}
	return in
}
