package sqlgen

import (
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// person prints an expression about the person. Only a deferred decision may hold one. With truth it is where NULL and false are the same.
func (r *redshift) person(e expr.Expr, truth bool) typed {
	if r.profile == nil {
		return r.refuse("printing %T, which no person was bound to", e)
	}
	switch v := e.(type) { //nolint:gochecksumtype // called for these only
	case expr.KnownPerson:
		return boolean("true") // the join
	case expr.Username:
		return typed{sql: r.profile.asked("user_name", r.profile.column("user_name")), base: "character varying", n: redshiftMaxUser}
	case expr.ConditionFlag:
		return r.has("flags", []string{redshiftItem(v.Name)}, "")
	case expr.IsInGroups:
		return r.has("groups", redshiftItems(v.Names), " AND ")
	case expr.IsUsingPurpose:
		return r.has("purposes", redshiftItems(v.Names), " OR ")
	case expr.UsingAnyPurpose:
		return boolean(r.profile.asked("", "(octet_length("+r.profile.column("purposes")+") > 0)"))
	case expr.HasAttribute:
		return r.has("attributes", []string{redshiftNamed(v.Name) + redshiftItem(v.Value)}, "")
	case expr.GroupsContain:
		return r.member(v.Arg, redshiftSet{RedshiftKindGroup, "", "groups"}, v.Placeholder, truth)
	case expr.PurposesContain:
		return r.member(v.Arg, redshiftSet{RedshiftKindPurpose, "", "purposes"}, v.Placeholder, truth)
	case expr.AttributeContains:
		return r.member(v.Arg, redshiftSet{RedshiftKindAttribute, v.Name, "attributes"}, v.Placeholder, truth)
	}
	return r.refuse("printing an unknown expression %T", e)
}

func redshiftItems(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = redshiftItem(v)
	}
	return out
}

// has looks for constants in a list of the profile. None is false.
func (r *redshift) has(list string, items []string, word string) typed {
	if len(items) == 0 {
		return boolean("false")
	}
	tests := make([]string, len(items))
	for i, item := range items {
		if strings.HasSuffix(item, "%x%;") {
			return r.refuse("a name that is not text")
		}
		tests[i] = "(strpos(" + r.profile.column(list) + ", " + r.text(item).sql + ") > 0)"
	}
	sql := tests[0]
	if len(tests) > 1 {
		sql = "(" + strings.Join(tests, word) + ")"
	}
	return boolean(r.profile.asked("", sql))
}

// isNamed is `@username IN (constants)`, letter by letter: the warehouse's own comparison would ignore blanks at the end.
func (r *redshift) isNamed(v expr.In) (typed, bool) {
	if _, ok := v.Arg.(expr.Username); !ok || r.profile == nil {
		return typed{}, false
	}
	names := make([]string, len(v.List))
	for i, e := range v.List {
		l, ok := e.(expr.Literal)
		if !ok || l.Null || l.Type != "text" {
			return typed{}, false
		}
		names[i] = r.text(l.Value + ";").sql
	}
	is := r.profile.asked("", "(("+r.profile.column("user_name")+" || ';') IN ("+strings.Join(names, ", ")+"))")
	return boolean(choose(v.Negate, "(NOT "+is+")", is)), true
}

// redshiftSet is what a column is compared with: the rows of an entitlement, which a list of the profile holds, too.
type redshiftSet struct{ kind, name, list string }

// any is true if there is something in the set, and holds if there is something that the warehouse can hold.
func (s redshiftSet) any(r *redshift) string {
	if s.kind == RedshiftKindAttribute {
		return s.has(r, redshiftNamed(s.name)+"%")
	}
	return r.profile.asked("", "(octet_length("+r.profile.column(s.list)+") > 0)")
}

func (s redshiftSet) holds(r *redshift) string {
	if s.kind == RedshiftKindAttribute {
		return s.has(r, redshiftNamed(s.name)+"%v")
	}
	return s.has(r, "%v")
}

func (s redshiftSet) has(r *redshift, what string) string {
	return r.profile.asked("", "(strpos("+r.profile.column(s.list)+", "+r.text(what).sql+") > 0)")
}

// member prints `arg::text is one of the set`; a placeholder stands for an empty set.
//
// Where only truth counts this is IN over the entitlements, which the warehouse can make a join of. Elsewhere, as in a CASE, under NOT and before IS NULL,
// it is a search in the list: no sub-select stands there. Of an empty set nothing is a member, NULL neither; in another, NULL may be one.
func (r *redshift) member(e expr.Expr, set redshiftSet, placeholder *string, truth bool) typed {
	arg := r.toText(r.expr(e))
	if r.err != nil {
		return typed{}
	}
	other := ""
	if placeholder != nil {
		other = "(" + arg.sql + " = " + r.text(*placeholder).sql + ")"
	}
	switch {
	case truth && !r.profile.own && other == "":
		return boolean(r.entitled(arg, set))
	case truth && !r.profile.own:
		return boolean("(" + r.entitled(arg, set) + " OR ((NOT " + set.any(r) + ") AND " + other + "))")
	case other == "":
		return boolean("(" + set.holds(r) + " AND " + r.listed(arg, set) + ")")
	}
	return boolean("CASE WHEN " + set.any(r) + " THEN (" + set.holds(r) + " AND " + r.listed(arg, set) + ") ELSE " + other + " END")
}

func (r *redshift) entitled(arg typed, set redshiftSet) string {
	const alias = `"postern_e"`
	return "(" + arg.sql + " IN (SELECT " + alias + `."value" FROM "` + RedshiftSystemSchema + `"."` + RedshiftEntitlementView + `" AS ` + alias +
		" WHERE ((" + alias + `."kind" = ` + r.text(set.kind).sql + ") AND (" + alias + `."name" = ` + r.text(redshiftName(set.name)).sql + "))))"
}

// listed searches the list. What is longer than any value of the list is in none, and is not put together.
func (r *redshift) listed(arg typed, set redshiftSet) string {
	before := "%v"
	if set.kind == RedshiftKindAttribute {
		before = redshiftNamed(set.name) + before
	}
	item := r.text(before).sql + " || replace(rtrim(" + arg.sql + ", ' '), '%', '%25') || '%e'"
	sql := "(strpos(" + r.profile.asked(set.list, r.profile.column(set.list)) + ", (" + item + ")) > 0)"
	if arg.n > redshiftMaxValue {
		sql = "CASE WHEN (octet_length(" + arg.sql + ") > " + strconv.Itoa(redshiftMaxValue) + ") THEN false ELSE " + sql + " END"
	}
	return sql
}
