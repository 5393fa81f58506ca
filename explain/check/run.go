package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/explain"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

type clock = func() time.Time

// Config says where tests run.
type Config struct {
	// Server is the address, with password, of an account that may create databases and roles on a PostgreSQL that is not the
	// warehouse: postgres://user:password@host:port/database.
	Server string
	// Only names the tests to run; nil runs all.
	Only func(f *File, t *Test) bool
	// Now tells the time; nil is time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Outcome is what came of one test.
type Outcome struct {
	File string `json:"file" yaml:"file"`
	Line int    `json:"line" yaml:"line"`
	Name string `json:"name" yaml:"name"`
	As   string `json:"as" yaml:"as"`
	// Failures say what differs; none is a test that passed.
	Failures []string `json:"failures,omitempty" yaml:"failures,omitempty"`
	// Report explains what the person saw; nil for a test that passed.
	Report *explain.Report `json:"report,omitempty" yaml:"report,omitempty"`
}

// Passed reports a test without failures.
func (o *Outcome) Passed() bool { return len(o.Failures) == 0 }

// maxRows bounds the rows of a result that are compared.
const maxRows = 100_000

// Run runs the tests of one file against the resources. An error means that they could not be run: nothing is known of them.
func Run(ctx context.Context, c Config, set *resource.Set, f *File) (_ []Outcome, err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	dir, err := os.MkdirTemp("", "postern-check-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := openScratch(ctx, c.Server)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := s.load(ctx, f); err != nil {
		return nil, err
	}
	p, err := publish(ctx, set, f, s, dir, c.Now, c.Log)
	if err != nil {
		return nil, err
	}
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		return nil, err
	}
	r := &runner{config: c, file: f, published: p, rewriter: rewriter}
	var out []Outcome
	for i := range f.Tests {
		if c.Only != nil && !c.Only(f, &f.Tests[i]) {
			continue
		}
		o, err := r.test(ctx, &f.Tests[i])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", f.Path, f.Tests[i].Line, err)
		}
		out = append(out, o)
	}
	return out, nil
}

type runner struct {
	config    Config
	file      *File
	published *published
	rewriter  *rewrite.Rewriter
}

// test runs one test on a connection of its own.
func (r *runner) test(ctx context.Context, t *Test) (Outcome, error) {
	out := Outcome{File: r.file.Path, Line: t.Line, Name: t.Name, As: t.As}
	fail := func(format string, args ...any) { out.Failures = append(out.Failures, fmt.Sprintf(format, args...)) }
	who, err := r.person(ctx, t)
	if err != nil {
		fail("%s", err)
		return out, nil
	}
	r.decisions(t, who, fail)
	if t.Query != "" {
		got, err := r.query(ctx, t, who)
		if err != nil {
			return out, err
		}
		compare(t, got, fail)
	}
	if !out.Passed() {
		out.Report, err = r.report(ctx, t, who)
	}
	return out, err
}

// person is who asks, in their project.
func (r *runner) person(ctx context.Context, t *Test) (identity.Principal, error) {
	g := r.published.publisher.Current()
	if _, err := g.Principal(t.As); err != nil {
		return identity.Principal{}, fmt.Errorf("%q is no User who may log in", t.As)
	}
	by := audit.Event{User: t.As, Login: t.As}
	if t.Project != "" {
		if err := g.Acknowledge(ctx, by, t.Project); err != nil {
			return identity.Principal{}, err
		}
	}
	if err := g.SetProject(ctx, by, t.Project); err != nil {
		return identity.Principal{}, err
	}
	return g.Principal(t.As)
}

// decisions compares masks and who may see which tables.
func (r *runner) decisions(t *Test, who identity.Principal, fail func(string, ...any)) {
	decide := func(schema, table string) policy.Decision {
		program := r.published.program(r.file.Connection)
		found, ok := program.Snapshot().Table(schema, table)
		if !ok {
			return policy.Decision{}
		}
		return program.Decide(policy.BindPrincipal(who).At(r.config.Now()), []policy.Want{{Table: found}})[0]
	}
	for _, c := range []struct {
		names []string
		want  bool
	}{{t.Sees, true}, {t.Denied, false}} {
		for _, name := range c.names {
			schema, table, _ := strings.Cut(name, ".")
			if d := decide(schema, table); d.Allowed != c.want {
				fail("%s: %s, want %s", name, seen(d.Allowed), seen(c.want))
			}
		}
	}
	for name, want := range t.Masks {
		parts := strings.SplitN(name, ".", 3)
		if got := maskOf(decide(parts[0], parts[1]), parts[2]); got != want {
			fail("%s: the mask is %s, want %s", name, got, want)
		}
	}
}

func seen(allowed bool) string {
	if allowed {
		return "seen"
	}
	return "denied"
}

// maskOf is the kind of a column's mask in words.
func maskOf(d policy.Decision, column string) string {
	c, ok := d.Column(column)
	switch {
	case !d.Allowed:
		return "none: the table is denied"
	case !ok:
		return "hidden"
	case c.Mask == nil:
		return "raw"
	}
	return c.Kind.String()
}

// result is what a query gave.
type result struct {
	columns []string
	rows    [][]*string
	// state is the SQLSTATE of a refusal or an error, and message its text.
	state, message string
}

// query rewrites the test's statement and runs it as the service role.
func (r *runner) query(ctx context.Context, t *Test, who identity.Principal) (*result, error) {
	guarded, err := r.rewriter.Rewrite(ctx, rewrite.Request{
		SQL: t.Query, Program: r.published.program(r.file.Connection), Principal: who, SearchPath: []string{"public"}, Database: r.file.Connection, Single: true,
	})
	var told *pgerror.Error
	if errors.As(err, &told) {
		return &result{state: told.Code, message: told.Message}, nil
	}
	if err != nil {
		return nil, err
	}
	conn, err := warehouse.Dial(ctx, r.published.config, map[string]string{"search_path": "pg_catalog, pg_temp", "application_name": "postern:check"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	out := &result{}
	for _, s := range guarded.Statements {
		if s.SQL == "" {
			continue
		}
		if err := out.read(conn.ExecParams(ctx, s.SQL, nil, nil, nil, nil)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// read takes the rows over, in text form.
func (r *result) read(rr *pgconn.ResultReader) error {
	for _, f := range rr.FieldDescriptions() {
		r.columns = append(r.columns, f.Name)
	}
	for rr.NextRow() {
		if len(r.rows) == maxRows {
			_, _ = rr.Close()
			return fmt.Errorf("the query gives more than %d rows", maxRows)
		}
		var row []*string
		for _, v := range rr.Values() {
			if v == nil {
				row = append(row, nil)
				continue
			}
			text := string(v)
			row = append(row, &text)
		}
		r.rows = append(r.rows, row)
	}
	_, err := rr.Close()
	var told *pgconn.PgError
	if errors.As(err, &told) {
		r.state, r.message, r.rows, r.columns = told.Code, told.Message, nil, nil
		return nil
	}
	return err
}

// report explains a failure.
func (r *runner) report(ctx context.Context, t *Test, who identity.Principal) (*explain.Report, error) {
	e := explain.Explainer{Rewriter: r.rewriter, Dialect: r.published.dialect, Now: r.config.Now}
	q := &explain.Question{
		Program: r.published.program(r.file.Connection), Principal: who, Connection: r.file.Connection, SQL: t.Query, SearchPath: []string{"public"},
	}
	if q.SQL == "" {
		q.Tables = tablesOf(t)
	}
	report, err := e.Explain(ctx, q)
	if err != nil && e.Dialect != sqlgen.Postgres() {
		// The tables here are PostgreSQL's, with types that a Redshift may not have.
		e.Dialect = sqlgen.Postgres()
		return e.Explain(ctx, q)
	}
	return report, err
}
