package sqlgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// CheckStored reports what the dialect cannot say of a deferred decision, as Check does of a bound one. It is asked when policies are
// published for a connection that is pushed to.
func (d Dialect) CheckStored(dec *policy.Decision) error {
	_, err := d.StoredView(dec)
	return err
}

// redshiftStoredView prints
//
//	SELECT columns and masks FROM table AS "postern_t", (SELECT what is asked of the person FROM the profile HAVING (count(*) = 1)) AS "postern_u" WHERE filter
//
// The second relation is of one row, or of none for who has no profile, who then sees nothing. It is an aggregate: the lists of the profile are searched
// once a query and not once a row, and two rows of one person are none. With an Admission the profile's row is there for who is admitted alone.
func redshiftStoredView(d Dialect, dec *policy.Decision, a *Admission) (View, error) {
	r := newRedshift(d)
	r.profile = &redshiftProfile{}
	if a != nil {
		r.profile.admitted = r.admitted(*a)
	}
	open := *dec
	open.Filter = knownPerson(dec.Filter)
	open.Columns = slices.Clone(dec.Columns)
	for i, c := range open.Columns {
		open.Columns[i].Mask = knownPerson(c.Mask)
	}
	if open.Filter != nil && expr.IsTrue(open.Filter) {
		open.Filter = nil
	}
	view := View{SQL: r.view(&open), Fence: FenceUnproven}
	if r.reads && dec.Table.Kind == catalog.KindForeignTable {
		// A function of the reader's own of the name of a built-in one would be given the keys.
		r.refuse("a key in a view over an external table: names in it are looked up when it is read, and it is not known that nobody's own sha2 could come first")
	}
	if err := r.finish(len(view.SQL)); err != nil {
		return View{}, fmt.Errorf("printing the stored view of %s: %w", dec.Table.QualifiedName(), err)
	}
	return view, nil
}

// redshiftStoredExpr prints one expression over the profile's own row, which stands behind the alias postern_u.
func redshiftStoredExpr(e expr.Expr) (string, error) {
	if e == nil {
		return "", fmt.Errorf("printing no expression")
	}
	r := &redshift{profile: &redshiftProfile{own: true}}
	out := r.expr(knownPerson(e))
	return out.sql, r.finish(len(out.sql))
}

// knownPerson says of the person that they have a profile, since to all others the join shows nothing, and drops what is then never so.
func knownPerson(e expr.Expr) expr.Expr {
	if e == nil {
		return nil
	}
	known := expr.Rewrite(e, func(e expr.Expr) expr.Expr {
		if _, ok := e.(expr.KnownPerson); ok {
			return expr.True
		}
		return e
	})
	return expr.Rewrite(expr.Simplify(known), func(e expr.Expr) expr.Expr {
		switch v := e.(type) { //nolint:gochecksumtype // the others stay
		case expr.Not:
			if twice, ok := v.Arg.(expr.Not); ok {
				return twice.Arg
			}
		case expr.Case:
			// Its last arm is printed alone, and cast.
			v.Whens = slices.DeleteFunc(slices.Clone(v.Whens), func(w expr.When) bool { return expr.IsFalse(w.Cond) })
			return v
		}
		return e
	})
}

// redshiftProfile is what one SELECT asks of the profile.
type redshiftProfile struct {
	// own is true for an expression over the profile's row itself.
	own     bool
	columns []string
	// admitted joins the admission of the person, "" where none is asked for.
	admitted string
	names    map[string]string
}

// profileRow is the profile's alias inside the relation that is joined.
const profileRow = "postern_p"

// column is the column of the profile, where what is asked is put together.
func (p *redshiftProfile) column(name string) string {
	if p.own {
		return `"` + profileAlias + `"."` + name + `"`
	}
	return `max("` + profileRow + `"."` + name + `")`
}

// asked adds an expression over column to what is asked, and returns what stands for it where rows are read. An empty name is numbered.
func (p *redshiftProfile) asked(name, sql string) string {
	if p.own {
		return sql
	}
	if p.names == nil {
		p.names = map[string]string{}
	}
	if _, ok := p.names[sql]; !ok {
		if name == "" {
			name = "c" + strconv.Itoa(len(p.columns)+1)
		}
		p.names[sql] = name
		p.columns = append(p.columns, sql+` AS "`+name+`"`)
	}
	return `"` + profileAlias + `"."` + p.names[sql] + `"`
}

// relation is what is asked, as a relation of one row or none.
func (p *redshiftProfile) relation() string {
	columns := p.columns
	if len(columns) == 0 {
		columns = []string{`count(*) AS "people"`}
	}
	return "(SELECT " + strings.Join(columns, ", ") + ` FROM "` + RedshiftSystemSchema + `"."` + RedshiftProfileView + `" AS "` + profileRow + `"` + p.admitted +
		` HAVING (count(*) = 1)) AS "` + profileAlias + `"`
}
