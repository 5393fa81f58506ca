package sqlgen

import (
	"errors"
	"fmt"
	"strings"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Redshift is the dialect of Amazon Redshift. What it cannot be sure of it refuses; docs/redshift-dialect.md says what it takes
// for granted.
func Redshift() Dialect { return Dialect{name: "redshift"} }

const (
	// maxRedshiftSQL keeps a View below the 16 MB that a statement may have, with room for the statement that it stands in.
	maxRedshiftSQL = 8 << 20
	// maxRedshiftColumns is the most columns of a view.
	maxRedshiftColumns = 1600
)

// redshift prints expressions for Amazon Redshift. It knows the type of all that it prints, because numbers overflow and text is
// cut there by rules of their own: what could do either is refused. It stops at the first error.
type redshift struct {
	err   error
	depth int
	// counted is set by what counts rows.
	counted bool
	// mask is set while a mask is printed: sub-selects cannot stand in a CASE.
	mask bool
	// profile is what is asked of the person in the SELECT that is printed; nil where a person was bound.
	profile *redshiftProfile
	// keys are what the SELECT that is printed reads of keys; nil where keyed masks are the Lambda's.
	keys *redshiftKeys
	// reads is set by what reads a key.
	reads bool
	// truth is set before an expression is printed of which only truth counts.
	truth bool
}

// newRedshift prints for one of Redshift's dialects.
func newRedshift(d Dialect) *redshift {
	r := &redshift{}
	if d.builtin {
		r.keys = &redshiftKeys{}
	}
	return r
}

// finish is the error, also that of a text too long for a statement.
func (r *redshift) finish(length int) error {
	if r.err == nil && length > maxRedshiftSQL {
		r.refuse("the SQL has %d bytes, more than the %d that are safe in a statement of Redshift's", length, maxRedshiftSQL)
	}
	return r.err
}

// refuse names what Redshift cannot say, and returns what stands in its place.
func (r *redshift) refuse(format string, args ...any) typed {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	return typed{}
}

// redshiftView prints `SELECT columns and masks FROM table AS "postern_t" WHERE filter`.
func redshiftView(d Dialect, dec *policy.Decision) (View, error) {
	r := newRedshift(d)
	view := View{SQL: r.view(dec)}
	if dec.Filter != nil || r.counted {
		view.Fence = FenceUnproven
	}
	if err := r.finish(len(view.SQL)); err != nil {
		return View{}, fmt.Errorf("printing the view of %s: %w", dec.Table.QualifiedName(), err)
	}
	return view, nil
}

func (r *redshift) view(dec *policy.Decision) string {
	switch n := len(dec.Columns); {
	case n == 0:
		r.refuse("no column is visible, and Redshift has no SELECT of no columns")
	case n > maxRedshiftColumns:
		r.refuse("%d columns are more than the %d of a view", n, maxRedshiftColumns)
	}
	columns := make([]string, len(dec.Columns))
	for i, c := range dec.Columns {
		columns[i] = r.viewColumn(c)
	}
	where := ""
	if dec.Filter != nil {
		r.truth = true
		where = " WHERE " + r.expr(dec.Filter).sql
	}
	from := r.name(expr.Name{Schema: dec.Table.Schema, Name: dec.Table.Name}) + ` AS "` + tableAlias + `"`
	if r.profile != nil {
		from += ", " + r.profile.relation()
	}
	for _, keys := range r.keyRelations() {
		from += ", " + keys
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + from + where
}

// viewColumn prints one column; its type must be one of Redshift's, and a mask must keep it.
func (r *redshift) viewColumn(c policy.ColumnDecision) string {
	want, err := redshiftColumn(c.Column.Type)
	if err != nil {
		r.refuse("column %s: %w", c.Column.Name, err)
		return ""
	}
	if c.Mask == nil {
		return r.column(expr.Column{Name: c.Column.Name, Type: expr.Type(c.Column.Type)}).sql
	}
	before := r.err
	r.mask = true
	got := r.expr(c.Mask)
	r.mask = false
	if r.err != nil && before == nil {
		r.err = fmt.Errorf("column %s: %w", c.Column.Name, r.err)
		return ""
	}
	if got.String() != want.String() {
		r.refuse("column %s: the mask has type %s and not %s", c.Column.Name, got, want)
	}
	return got.sql + " AS " + r.ident(c.Column.Name)
}

// expr prints one node so that it can stand anywhere: what is not an atom is in parentheses.
func (r *redshift) expr(e expr.Expr) typed {
	if r.depth++; r.depth > maxDepth {
		return r.refuse("an expression deeper than %d", maxDepth)
	}
	defer func() { r.depth-- }()
	truth := r.truth
	r.truth = false
	if r.err != nil {
		return typed{}
	}
	switch v := e.(type) {
	case expr.Literal:
		return r.literal(v)
	case expr.Column:
		return r.column(v)
	case expr.Call:
		return r.call(v)
	case expr.Keyed:
		return r.keyed(v)
	case expr.Op:
		return r.op(v)
	case expr.And:
		return r.junction(" AND ", "true", v.Args, truth)
	case expr.Or:
		return r.junction(" OR ", "false", v.Args, truth)
	case expr.Not:
		return boolean("(NOT " + r.expr(v.Arg).sql + ")")
	case expr.IsNull:
		return boolean("(" + r.expr(v.Arg).sql + choose(v.Negate, " IS NOT NULL)", " IS NULL)"))
	case expr.Cast:
		return r.cast(v)
	case expr.Case:
		return r.caseExpr(v)
	case expr.In:
		return r.in(v)
	case expr.InSelect:
		return r.inSelect(v)
	case expr.NullOf:
		return r.refuse("NULL of the type %s: its cast is not known not to fail", v.Column.Type)
	case expr.Now:
		// In the session's zone, and the cast reads it in the same.
		return typed{sql: "CAST(getdate() AS timestamp with time zone)", base: typeTimestampTZ}
	case expr.Pick:
		return r.pick(v)
	case expr.CountOver:
		return r.countOver(v)
	case expr.AttributeContains, expr.GroupsContain, expr.PurposesContain, expr.HasAttribute, expr.IsInGroups,
		expr.IsUsingPurpose, expr.UsingAnyPurpose, expr.Username, expr.ConditionFlag, expr.KnownPerson:
		return r.person(v, truth)
	}
	return r.refuse("printing an unknown expression %T", e)
}

func boolean(sql string) typed { return typed{sql: sql, base: "boolean"} }

// junction prints AND and OR, which are true by what of them is true.
func (r *redshift) junction(word, none string, args []expr.Expr, truth bool) typed {
	if len(args) == 0 {
		return boolean(none)
	}
	parts := make([]string, len(args))
	for i, a := range args {
		r.truth = truth
		parts[i] = r.expr(a).sql
	}
	return boolean("(" + strings.Join(parts, word) + ")")
}

func (r *redshift) column(c expr.Column) typed {
	t, err := redshiftColumn(string(c.Type))
	if err != nil {
		return r.refuse("column %s: %w", c.Name, err)
	}
	relation := `"` + tableAlias + `"`
	if c.Relation != "" {
		relation = r.ident(c.Relation)
	}
	t.sql = relation + "." + r.ident(c.Name)
	return t
}

func (r *redshift) caseExpr(c expr.Case) typed {
	switch {
	case len(c.Whens) == 0 && c.Else == nil:
		return r.refuse("a CASE without an arm")
	case len(c.Whens) == 0:
		return r.expr(c.Else)
	}
	out, sql := typed{}, "CASE"
	for _, w := range c.Whens {
		result := r.expr(w.Result)
		out = r.unite(out, result)
		sql += " WHEN " + r.expr(w.Cond).sql + " THEN " + result.sql
	}
	if c.Else != nil {
		result := r.expr(c.Else)
		out = r.unite(out, result)
		sql += " ELSE " + result.sql
	}
	out.sql = sql + " END"
	return out
}

func (r *redshift) in(v expr.In) typed {
	if len(v.List) == 0 {
		return boolean(choose(v.Negate, "true", "false"))
	}
	if is, ok := r.isNamed(v); ok {
		return is
	}
	arg := r.expr(v.Arg)
	items := make([]string, len(v.List))
	for i, e := range v.List {
		item := r.expr(e)
		r.comparable("IN", arg, item)
		items[i] = item.sql
	}
	return boolean("(" + arg.sql + choose(v.Negate, " NOT IN (", " IN (") + strings.Join(items, ", ") + "))")
}

// redshiftExpr prints one expression alone.
func redshiftExpr(d Dialect, e expr.Expr) (string, error) {
	if e == nil {
		return "", errors.New("printing no expression")
	}
	r := newRedshift(d)
	return r.expr(e).sql, r.err
}
