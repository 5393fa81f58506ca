package sqlgen

import (
	"fmt"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// The profile of PostgreSQL is a view of one row, that of the person who asks (current_user), or of none:
//
//	postern_system.user_profile (user_name text, groups text[], purposes text[], attributes jsonb, flags text[])
//
// No column is null. attributes is an object of arrays of strings; flags are those of policy.Program.Flags. Each look-up is a
// sub-select that depends on nothing, so the server makes it once a query.
const (
	systemSchema = "postern_system"
	// ticketTable has one row with a ticket of type uuid; the keyed functions of the schema take it before their other arguments and answer NULL to any other.
	ticketTable  = systemSchema + ".ticket"
	profileView  = systemSchema + ".user_profile"
	profileAlias = "postern_u"
)

// StoredView prints a deferred decision (policy.BindDeferred): what depends on the person is looked up in the profile. Such a
// view is for the warehouse's own users, and never for the proxy, whose session is nobody's.
func (d Dialect) StoredView(dec *policy.Decision) (View, error) { return d.storedView(dec, nil) }

func (d Dialect) storedView(dec *policy.Decision, a *Admission) (View, error) {
	if err := d.known(); err != nil {
		return View{}, err
	}
	if err := printable(dec); err != nil {
		return View{}, err
	}
	if d.IsRedshift() {
		return redshiftStoredView(d, dec, a)
	}
	p := &printer{deferred: true, admission: a}
	fence := p.view(dec)
	if p.err != nil {
		return View{}, fmt.Errorf("printing the stored view of %s: %w", dec.Table.QualifiedName(), p.err)
	}
	return View{SQL: p.b.String(), Fence: fence}, nil
}

// StoredExpr prints one expression of a deferred decision, such as policy.Write's, with look-ups in the profile. On Redshift it has to stand over the
// profile itself: SELECT … FROM postern_system.user_profile AS postern_u.
func (d Dialect) StoredExpr(e expr.Expr) (string, error) {
	if err := d.known(); err != nil {
		return "", err
	}
	if d.IsRedshift() {
		return redshiftStoredExpr(e)
	}
	p := &printer{deferred: true}
	p.expr(e)
	return p.b.String(), p.err
}

// person prints an expression about the person. Only a deferred decision may hold one.
func (p *printer) person(e expr.Expr) {
	if !p.deferred {
		p.fail(fmt.Errorf("printing %T, which no person was bound to", e))
		return
	}
	switch v := e.(type) { //nolint:gochecksumtype // called for these only
	case expr.KnownPerson:
		p.put("EXISTS (SELECT FROM " + profileView + ")")
	case expr.Username:
		p.put("(SELECT " + profileAlias + ".user_name FROM " + profileView + " AS " + profileAlias + ")")
	case expr.ConditionFlag:
		p.lookUp(func() {
			p.typed(v.Name)
			p.put(" OPERATOR(pg_catalog.=) ANY (" + profileAlias + ".flags)")
		})
	case expr.IsInGroups:
		p.overlap("groups", "@>", v.Names)
	case expr.IsUsingPurpose:
		p.overlap("purposes", "&&", v.Names)
	case expr.UsingAnyPurpose:
		p.lookUp(func() { p.put("pg_catalog.cardinality(" + profileAlias + ".purposes) OPERATOR(pg_catalog.>) 0") })
	case expr.HasAttribute:
		p.lookUp(func() {
			p.put("COALESCE(pg_catalog.jsonb_exists(" + profileAlias + ".attributes OPERATOR(pg_catalog.->) ")
			p.typed(v.Name)
			p.put(", ")
			p.typed(v.Value)
			p.put("), false)")
		})
	case expr.GroupsContain:
		p.member(v.Arg, func() { p.put(profileAlias + ".groups") }, v.Placeholder)
	case expr.PurposesContain:
		p.member(v.Arg, func() { p.put(profileAlias + ".purposes") }, v.Placeholder)
	case expr.AttributeContains:
		p.member(v.Arg, func() {
			p.put("ARRAY(SELECT pg_catalog.jsonb_array_elements_text(" + profileAlias + ".attributes OPERATOR(pg_catalog.->) ")
			p.typed(v.Name)
			p.put("))")
		}, v.Placeholder)
	default:
		p.fail(fmt.Errorf("printing an unknown expression %T", v))
	}
}

// lookUp prints a scalar sub-select of one expression over the profile.
func (p *printer) lookUp(value func()) {
	p.put("(SELECT ")
	value()
	p.put(" FROM " + profileView + " AS " + profileAlias + ")")
}

// typed prints a constant of type text.
func (p *printer) typed(value string) {
	p.quoted(value)
	p.put("::text")
}

// overlap compares a list of the profile with names. No names is false.
func (p *printer) overlap(column, operator string, names []string) {
	if len(names) == 0 {
		p.put("false")
		return
	}
	p.lookUp(func() {
		p.put(profileAlias + "." + column + " OPERATOR(pg_catalog." + operator + ") ARRAY[")
		for i, name := range names {
			if i > 0 {
				p.put(", ")
			}
			p.typed(name)
		}
		p.put("]::text[]")
	})
}

// member prints `arg::text = ANY (list of the profile)`; a placeholder stands for an empty list.
func (p *printer) member(arg expr.Expr, list func(), placeholder *string) {
	p.put("((")
	p.expr(arg)
	p.put(")::text OPERATOR(pg_catalog.=) ANY (")
	p.lookUp(func() {
		if placeholder == nil {
			list()
			return
		}
		p.put("CASE WHEN pg_catalog.cardinality(")
		list()
		p.put(") OPERATOR(pg_catalog.=) 0 THEN ARRAY[")
		p.typed(*placeholder)
		p.put("] ELSE ")
		list()
		p.put(" END")
	})
	p.put("::text[]))")
}
