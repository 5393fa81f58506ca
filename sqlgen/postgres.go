package sqlgen

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// printer prints one expression for PostgreSQL. It stops at the first error.
type printer struct {
	b     strings.Builder
	err   error
	depth int
	// counted is set by what counts rows: the View then wants a fence.
	counted bool
	// deferred prints what is about the person as look-ups in the profile; otherwise it is an error.
	deferred bool
	// table stands before columns of the base table in place of its alias; nil in a View.
	table *expr.Name
	// admission is asked before a row is read; nil asks nothing.
	admission *Admission
}

// maxDepth bounds the nesting of what is printed; policies are bounded lower when they are published.
const maxDepth = 256

// tableAlias is the alias of the base table in a View.
const tableAlias = "postern_t"

// functionSchema holds the functions that registration installs.
const functionSchema = "postern_functions"

func (p *printer) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *printer) put(text string) { p.b.WriteString(text) }

// ident prints an identifier.
func (p *printer) ident(name string) {
	text, err := ident(name)
	if err != nil {
		p.fail(err)
	}
	p.put(text)
}

// name prints a qualified name; an unqualified one is an error.
func (p *printer) name(n expr.Name) {
	text, err := qualified(n.Schema, n.Name)
	if err != nil {
		p.fail(err)
	}
	p.put(text)
}

func (p *printer) typ(t expr.Type) {
	text, err := typeName(string(t))
	if err != nil {
		p.fail(err)
	}
	p.put(text)
}

func (p *printer) quoted(value string) {
	text, err := literal(value)
	if err != nil {
		p.fail(err)
	}
	p.put(text)
}

// expr prints one node so that it can stand anywhere: what is not an atom is in parentheses.
func (p *printer) expr(e expr.Expr) {
	if p.depth++; p.depth > maxDepth {
		p.fail(fmt.Errorf("printing an expression deeper than %d", maxDepth))
		return
	}
	defer func() { p.depth-- }()
	switch v := e.(type) {
	case expr.Literal:
		p.literal(v)
	case expr.Column:
		p.column(v)
	case expr.Call:
		p.call(v)
	case expr.Keyed:
		p.keyed(v)
	case expr.Op:
		p.op(v)
	case expr.And:
		p.junction(" AND ", "true", v.Args)
	case expr.Or:
		p.junction(" OR ", "false", v.Args)
	case expr.Not:
		p.wrapped("(NOT ", v.Arg, ")")
	case expr.IsNull:
		p.wrapped("(", v.Arg, choose(v.Negate, " IS NOT NULL)", " IS NULL)"))
	case expr.Cast:
		p.cast(v)
	case expr.Case:
		p.caseExpr(v)
	case expr.In:
		p.in(v)
	case expr.InSelect:
		p.inSelect(v)
	case expr.NullOf:
		// The second element of an array of one.
		p.wrapped("(ARRAY[", v.Column, "])[2]")
	case expr.Now:
		p.put("pg_catalog.now()")
	case expr.Pick:
		p.pick(v)
	case expr.CountOver:
		p.countOver(v)
	case expr.AttributeContains, expr.GroupsContain, expr.PurposesContain, expr.HasAttribute, expr.IsInGroups,
		expr.IsUsingPurpose, expr.UsingAnyPurpose, expr.Username, expr.ConditionFlag, expr.KnownPerson:
		p.person(v)
	default:
		p.fail(fmt.Errorf("printing an unknown expression %T", v))
	}
}

func choose(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

func (p *printer) wrapped(before string, e expr.Expr, after string) {
	p.put(before)
	p.expr(e)
	p.put(after)
}

func (p *printer) list(args []expr.Expr, separator string) {
	for i, a := range args {
		if i > 0 {
			p.put(separator)
		}
		p.expr(a)
	}
}

func (p *printer) junction(word, none string, args []expr.Expr) {
	if len(args) == 0 {
		p.put(none)
		return
	}
	p.put("(")
	p.list(args, word)
	p.put(")")
}

var digits = regexp.MustCompile(`^[0-9]{1,1000}$`)
var fraction = regexp.MustCompile(`^[0-9]{1,1000}\.[0-9]{1,1000}$`)

// literal prints a constant. Numbers stand bare where the bare form has exactly the type that is meant.
func (p *printer) literal(l expr.Literal) {
	if l.Null {
		p.put("NULL")
		if l.Type != "" {
			p.put("::")
			p.typ(l.Type)
		}
		return
	}
	switch {
	case l.Type == "":
		p.quoted(l.Value)
		return
	case l.Type == "boolean" && (l.Value == "true" || l.Value == "false"):
		p.put(l.Value)
		return
	case bare(l):
		p.put(l.Value)
		return
	}
	if l.Type == "numeric" && digits.MatchString(l.Value) {
		p.put(l.Value)
	} else {
		p.quoted(l.Value)
	}
	p.put("::")
	p.typ(l.Type)
}

// bare reports whether the lexer gives the digits the literal's type by itself (PostgreSQL manual, 4.1.2.6).
func bare(l expr.Literal) bool {
	switch l.Type {
	case "integer":
		_, err := strconv.ParseInt(l.Value, 10, 32)
		return err == nil && digits.MatchString(l.Value)
	case "bigint":
		n, err := strconv.ParseInt(l.Value, 10, 64)
		return err == nil && digits.MatchString(l.Value) && n > 1<<31-1
	case "numeric":
		return fraction.MatchString(l.Value)
	}
	return false
}

func (p *printer) column(c expr.Column) {
	switch {
	case c.Relation != "":
		p.ident(c.Relation)
	case p.table != nil:
		p.name(*p.table)
	default:
		p.put(tableAlias)
	}
	p.put(".")
	p.ident(c.Name)
}

func (p *printer) call(c expr.Call) {
	p.name(c.Func)
	p.put("(")
	p.list(c.Args, ", ")
	p.put(")")
}

// operatorForm is PostgreSQL's set of operator characters (manual, 4.1.3).
var operatorForm = regexp.MustCompile("^[-+*/<>=~!@#%^&|`?]{1,63}$")

func (p *printer) op(o expr.Op) {
	if !operatorForm.MatchString(o.Name) || strings.Contains(o.Name, "--") || strings.Contains(o.Name, "/*") {
		p.fail(fmt.Errorf("printing the operator %q", o.Name))
	}
	p.put("(")
	if o.Left != nil {
		p.expr(o.Left)
		p.put(" ")
	}
	p.put("OPERATOR(pg_catalog." + o.Name + ") ")
	p.expr(o.Right)
	p.put(")")
}

func (p *printer) cast(c expr.Cast) {
	switch c.Arg.(type) { //nolint:gochecksumtype // brackets are right around anything; these three read better without
	case expr.Column, expr.Call, expr.Keyed:
		p.expr(c.Arg)
	default:
		p.wrapped("(", c.Arg, ")")
	}
	p.put("::")
	p.typ(c.Type)
}

func (p *printer) caseExpr(c expr.Case) {
	if len(c.Whens) == 0 {
		p.fail(errors.New("printing a CASE without an arm"))
	}
	p.put("CASE")
	for _, w := range c.Whens {
		p.wrapped(" WHEN ", w.Cond, " THEN ")
		p.expr(w.Result)
	}
	if c.Else != nil {
		p.wrapped(" ELSE ", c.Else, "")
	}
	p.put(" END")
}

// in prints IN (…). Constants of type text stand bare beside something that is cast to text: they can only be text there.
func (p *printer) in(v expr.In) {
	if len(v.List) == 0 {
		p.put(choose(v.Negate, "true", "false"))
		return
	}
	cast, isCast := v.Arg.(expr.Cast)
	asText := isCast && cast.Type == "text"
	p.wrapped("(", v.Arg, choose(v.Negate, " NOT IN (", " IN ("))
	for i, e := range v.List {
		if i > 0 {
			p.put(", ")
		}
		if l, ok := e.(expr.Literal); ok && asText && l.Type == "text" && !l.Null {
			p.quoted(l.Value)
			continue
		}
		p.expr(e)
	}
	p.put("))")
}

func (p *printer) inSelect(v expr.InSelect) {
	p.wrapped("(", v.Arg, choose(v.Negate, " NOT IN (", " IN ("))
	p.query(v.Query)
	p.put("))")
}

func (p *printer) query(q *expr.Select) {
	if q == nil || len(q.From) == 0 {
		p.fail(errors.New("printing a sub-select without FROM"))
		return
	}
	p.wrapped("SELECT ", q.Target, " FROM ")
	for i, r := range q.From {
		p.relation(r, i == 0)
	}
	if q.Where != nil {
		p.wrapped(" WHERE ", q.Where, "")
	}
}

func (p *printer) relation(r expr.Relation, first bool) {
	if first && r.Join != expr.JoinCross || (r.Join == expr.JoinCross) != (r.On == nil) {
		p.fail(fmt.Errorf("printing a malformed join of %s", r.Alias))
	}
	if !first {
		switch r.Join {
		case expr.JoinCross:
			p.put(" CROSS JOIN ")
		case expr.JoinInner:
			p.put(" JOIN ")
		case expr.JoinLeft:
			p.put(" LEFT JOIN ")
		default:
			p.fail(fmt.Errorf("printing an unknown kind of join %d", r.Join))
		}
	}
	p.name(r.Table)
	p.put(" AS ")
	p.ident(r.Alias)
	if r.On != nil {
		p.wrapped(" ON ", r.On, "")
	}
}
