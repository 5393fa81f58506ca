package explain

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

// Rewriter judges statements.
type Rewriter interface {
	Rewrite(ctx context.Context, r rewrite.Request) (*rewrite.Result, error)
}

// Explainer makes reports. All fields are wanted.
type Explainer struct {
	Rewriter Rewriter
	Dialect  sqlgen.Dialect
	// Now tells the time.
	Now func() time.Time
}

// Question is what a report is about.
type Question struct {
	Program   *policy.Program
	Principal identity.Principal
	// Connection is the name of the warehouse.
	Connection string
	// SQL is a statement; without one, Tables are explained.
	SQL string
	// SearchPath resolves the names in SQL.
	SearchPath []string
	Tables     []Table
	// Own is set where people ask about themselves: nothing is told of sources that they may not see, nor where rules are written.
	Own bool
}

// Table names a source.
type Table struct{ Schema, Name string }

// Explain makes the report. A statement that is refused is an answer and no error, but for Own, where the error is the refusal.
func (e *Explainer) Explain(ctx context.Context, q *Question) (*Report, error) {
	out := about(q)
	if out.Exempt {
		return out, nil
	}
	if q.SQL != "" {
		return out, e.statement(ctx, q, out)
	}
	for _, t := range q.Tables {
		if err := e.named(q, out, t, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// about is what is known of the person.
func about(q *Question) *Report {
	who := q.Principal
	out := &Report{
		User: who.User(), Groups: who.Groups(), Project: who.Project(), Purposes: who.Purposes(), Connection: q.Connection,
		Program: q.Program.Version(), Exempt: who.Exempt(), Sources: []Source{},
	}
	if who.Login() != who.User() {
		out.Login = who.Login()
	}
	for _, name := range who.AttributeNames() {
		if out.Attributes == nil {
			out.Attributes = map[string][]string{}
		}
		out.Attributes[name] = who.Attribute(name)
	}
	return out
}

// Statement explains to people themselves a statement that the rewriter has let through, without judging it again.
func (e *Explainer) Statement(q *Question, s *rewrite.Statement) (*Report, error) {
	out := about(q)
	if out.Exempt {
		return out, nil
	}
	return out, e.judged(q, out, s)
}

// statement explains the sources that a statement touches.
func (e *Explainer) statement(ctx context.Context, q *Question, out *Report) error {
	result, err := e.Rewriter.Rewrite(ctx, rewrite.Request{
		SQL: q.SQL, Program: q.Program, Principal: q.Principal, SearchPath: q.SearchPath, Database: q.Connection,
	})
	var told *pgerror.Error
	switch {
	case errors.As(err, &told) && !q.Own:
		out.Refused = &Refusal{told.Code, told.Message, told.Hint, told.Position}
		return e.refused(q, out)
	case err != nil:
		return err
	}
	for i := range result.Statements {
		if err := e.judged(q, out, &result.Statements[i]); err != nil {
			return err
		}
	}
	return nil
}

// judged explains a statement that the rewriter let through.
func (e *Explainer) judged(q *Question, out *Report, s *rewrite.Statement) error {
	if s.SQL != "" {
		out.SQL = append(out.SQL, s.SQL)
	}
	for j := range s.Decisions {
		var columns []string
		if j < len(s.Requested) {
			columns = s.Requested[j]
		}
		if err := e.add(q, out, s.Decisions[j].Table, columns); err != nil {
			return err
		}
	}
	return nil
}

// refused explains the tables that a refused statement names.
func (e *Explainer) refused(q *Question, out *Report) error {
	names, err := rewrite.Relations(q.SQL)
	if err != nil {
		return nil //nolint:nilerr // that it cannot be parsed is what the refusal says
	}
	for _, n := range names {
		path := q.SearchPath
		if n.Schema != "" {
			path = []string{n.Schema}
		}
		for _, schema := range path {
			if _, ok := q.Program.Snapshot().Table(schema, n.Name); ok {
				if err := e.named(q, out, Table{schema, n.Name}, nil); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// named explains a source by name. One that is not there is denied, as one is that nobody registered.
func (e *Explainer) named(q *Question, out *Report, t Table, columns []string) error {
	found, ok := q.Program.Snapshot().Table(t.Schema, t.Name)
	if ok {
		return e.add(q, out, found, columns)
	}
	if !q.Own {
		out.Sources = append(out.Sources, Source{Name: t.Schema + "." + t.Name, Steps: []Step{{Kind: "catalog", Outcome: string(policy.OutcomeFails), Detail: "there is no such table"}}})
	}
	return nil
}

// add explains one source, once.
func (e *Explainer) add(q *Question, out *Report, t *catalog.Table, columns []string) error {
	name := t.QualifiedName()
	if slices.ContainsFunc(out.Sources, func(s Source) bool { return s.Name == name }) {
		return nil
	}
	trace := q.Program.Trace(policy.BindPrincipal(q.Principal).At(e.Now()), policy.Want{Table: t})
	d := &trace.Decision
	if q.Own && !d.Allowed {
		return nil
	}
	s := Source{Name: name, Allowed: d.Allowed, ValidUntil: instant(d.ValidUntil), Steps: []Step{}}
	for _, p := range d.Privileges {
		s.Write = append(s.Write, string(p))
	}
	for _, u := range d.Unloads {
		s.Unload = append(s.Unload, u.To.String())
	}
	if !t.Registered {
		s.Steps = append(s.Steps, Step{Kind: "catalog", Outcome: string(policy.OutcomeFails), Detail: "the table is not registered"})
	}
	var err error
	if s.Filter, err = e.print(d.Filter); err != nil {
		return err
	}
	if err := e.columns(&s, d, columns); err != nil {
		return err
	}
	for _, step := range trace.Steps {
		if step.Column != "" && columns != nil && !slices.Contains(columns, step.Column) {
			continue
		}
		made, err := e.step(q, step)
		if err != nil {
			return err
		}
		s.Steps = append(s.Steps, made)
	}
	if at := s.ValidUntil; at != nil && (out.ValidUntil == nil || at.Before(*out.ValidUntil)) {
		out.ValidUntil = at
	}
	out.Sources = append(out.Sources, s)
	return nil
}

// columns lists those that were asked for; nil means all.
func (e *Explainer) columns(s *Source, d *policy.Decision, columns []string) error {
	if !d.Allowed {
		return nil
	}
	for _, c := range d.Columns {
		if columns != nil && !slices.Contains(columns, c.Column.Name) {
			continue
		}
		column := Column{Name: c.Column.Name}
		if c.Mask != nil {
			column.Mask, column.Policy = c.Kind.String(), c.Policy
			var err error
			if column.Reads, err = e.print(c.Mask); err != nil {
				return err
			}
		}
		s.Columns = append(s.Columns, column)
	}
	for _, name := range columns {
		if _, ok := d.Column(name); !ok {
			s.Columns = append(s.Columns, Column{Name: name, Hidden: true})
		}
	}
	return nil
}

func (e *Explainer) step(q *Question, step policy.Step) (Step, error) {
	out := Step{
		Kind: string(step.Kind), Policy: step.Policy, Rule: step.Rule + 1, Column: step.Column, Outcome: string(step.Outcome), Detail: step.Detail,
	}
	if step.Pos != (policy.Pos{}) && !q.Own {
		out.At = step.Pos.String()
	}
	if step.Mask != policy.MaskNone {
		out.Mask = step.Mask.String()
	}
	for _, p := range step.Privileges {
		out.Write = append(out.Write, string(p))
	}
	for _, u := range step.Unloads {
		out.Unload = append(out.Unload, u.To.String())
	}
	if step.Unloading && out.Unload == nil {
		out.Unload = []string{"anywhere"}
	}
	for _, c := range step.Conditions {
		made := Condition{Field: c.Field, Text: c.Text, Gives: "false"}
		switch {
		case c.Failed:
			made.Gives = "error"
		case c.Value:
			made.Gives = "true"
		}
		for _, a := range c.Atoms {
			made.Because = append(made.Because, a.String())
		}
		out.Conditions = append(out.Conditions, made)
	}
	var err error
	out.Filter, err = e.print(step.Filter)
	return out, err
}

// print is empty for none.
func (e *Explainer) print(x expr.Expr) (string, error) {
	if x == nil {
		return "", nil
	}
	return e.Dialect.Expr(x)
}

// instant is nil for never.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
