package direct

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
)

// event says of a statement what is known of it. as is the account as which its session acted, "" for its own.
func (c *Collector) event(ctx context.Context, r *ran, state State, as string) audit.Event {
	e := audit.Event{
		Kind: audit.Direct, ID: r.id(), Time: r.record.Time, Session: r.record.Session,
		Client: r.record.Client, Login: r.record.User, Application: r.record.Application, Connection: c.config.Connection,
		Statement: command(r.record.Tag), SQL: r.statement.Text, Duration: r.statement.Duration,
	}
	if r.statement.Failed {
		e.SQLState, e.Error = r.record.SQLState, r.statement.Error
	}
	e.Rows, e.Bytes = r.statement.Rows, r.statement.Bytes
	unknown := slices.Clone(r.statement.Unknown)
	if r.statement.Text == "" {
		unknown = append(unknown, "the text is not in the log")
	}
	who := identity.Principal{}
	if user, ok := c.person(state, r.record.User); ok {
		e.User = user
	} else {
		unknown = append(unknown, "the account is nobody's")
	}
	if as != "" {
		unknown = append(unknown, c.impersonated(&e, state, as))
	}
	if e.User != "" {
		who, _ = state.Principal(e.User) // a person who may not log in has no decisions to tell
	}
	program, ok := state.Program(c.config.Connection)
	if !ok {
		e.Detail = strings.Join(append(unknown, "there are no policies for the connection"), "; ")
		return e
	}
	if at, known := c.config.InForce(r.began()); known {
		e.Program = strconv.FormatUint(at, 10)
	} else {
		unknown = append(unknown, "which policies were in force is not known")
	}
	j := &join{collector: c, program: program, who: who, unknown: unknown}
	e.Sources = j.sources(ctx, r)
	e.Detail = strings.Join(j.unknown, "; ")
	return e
}

// impersonated makes the event that of the person as whom the account acted, and says in words who acted as whom.
func (c *Collector) impersonated(e *audit.Event, state State, as string) string {
	really := e.User
	if really == "" {
		really = "nobody who is known"
	}
	other, known := c.person(state, as)
	e.User = other
	if !known {
		return really + " acts as account " + as + ", which is nobody's"
	}
	return really + " acts as " + other + " (account " + as + ")"
}

// join finds the sources of one statement.
type join struct {
	collector *Collector
	program   *policy.Program
	who       identity.Principal
	unknown   []string
}

// touched is one registered source, and whether it was read by the view that push keeps of it.
type touched struct {
	table *catalog.Table
	view  bool
}

func (j *join) sources(ctx context.Context, r *ran) (out []audit.Source) {
	var found []touched
	for _, n := range j.names(r) {
		if t, ok := j.find(n); ok && !slices.ContainsFunc(found, func(have touched) bool { return have.table == t.table }) {
			found = append(found, t)
		}
	}
	var columns map[*catalog.Table][]string
	if !r.statement.Cut {
		columns = j.columns(ctx, j.collector.readable(r.statement.Text), found)
	}
	for _, t := range found {
		s := audit.Source{Name: j.collector.config.Connection + "." + t.table.QualifiedName(), ColumnsRequested: columns[t.table]}
		if t.view && !j.who.IsZero() {
			j.decided(&s, t.table)
		}
		out = append(out, s)
	}
	if len(found) > 0 && columns == nil {
		j.unknown = append(j.unknown, "which columns were used is not known")
	}
	return out
}

// names are the relations of the statement: as pgaudit found them, or else as the text has them.
func (j *join) names(r *ran) (out []rewrite.Relation) {
	if len(r.statement.Objects) > 0 {
		for _, o := range r.statement.Objects {
			schema, name, ok := strings.Cut(o, ".")
			if ok {
				out = append(out, rewrite.Relation{Schema: strings.Trim(schema, `"`), Name: strings.Trim(name, `"`)})
			}
		}
		return out
	}
	if r.statement.Text == "" {
		return nil
	}
	relations := rewrite.Relations
	if j.collector.config.Redshift {
		relations = redshiftRelations
	}
	out, err := relations(r.statement.Text)
	if err != nil {
		j.unknown = append(j.unknown, "the text cannot be parsed, so its tables are not known")
	}
	return out
}

// find resolves a name to a registered source. One without a schema is taken where a single source has it: the session's search path is not in
// the log.
func (j *join) find(n rewrite.Relation) (touched, bool) {
	if n.Database != "" && n.Database != j.collector.config.Database {
		return touched{}, false
	}
	prefix := j.collector.config.SchemaPrefix
	snapshot := j.program.Snapshot()
	if n.Schema != "" {
		base, view := strings.CutPrefix(n.Schema, prefix)
		view = view && prefix != ""
		if !view {
			base = n.Schema
		}
		t, ok := snapshot.Table(base, n.Name)
		return touched{t, view}, ok && t.Registered
	}
	var found []*catalog.Table
	for _, t := range snapshot.Tables() {
		if t.Registered && t.Name == n.Name {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return touched{}, false
	case 1:
		return touched{found[0], false}, true
	}
	j.unknown = append(j.unknown, "which table "+n.Name+" is, of those of that name, is not known")
	return touched{}, false
}

// columns asks the rewriter which columns the text uses, where it can resolve the text as the warehouse did: by names without a schema, or
// with those of base tables. nil says that it cannot.
func (j *join) columns(ctx context.Context, text string, found []touched) map[*catalog.Table][]string {
	if j.who.IsZero() || len(found) == 0 || text == "" {
		return nil
	}
	var path []string
	for _, t := range found {
		if !slices.Contains(path, t.table.Schema) {
			path = append(path, t.table.Schema)
		}
	}
	result, err := j.collector.config.Rewriter.Rewrite(ctx, rewrite.Request{
		SQL: j.withoutPrefix(text, found), Program: j.program, Principal: j.who, SearchPath: path, Database: j.collector.config.Connection,
	})
	if err != nil {
		return nil
	}
	out := map[*catalog.Table][]string{}
	for i := range result.Statements {
		s := &result.Statements[i]
		for k := range s.Decisions {
			if k >= len(s.Requested) {
				continue
			}
			columns := s.Requested[k]
			if columns == nil {
				for _, c := range s.Decisions[k].Columns {
					columns = append(columns, c.Column.Name)
				}
			}
			out[s.Decisions[k].Table] = columns
		}
	}
	return out
}

// withoutPrefix names base tables where the text names push's views of them, as far as that can be said of words: the result is only asked which
// columns it uses.
func (j *join) withoutPrefix(text string, found []touched) string {
	for _, t := range found {
		if t.view {
			text = strings.ReplaceAll(text, j.collector.config.SchemaPrefix+t.table.Schema+".", t.table.Schema+".")
		}
	}
	return text
}

// decided adds what policy says now of a source that was read by its view.
func (j *join) decided(s *audit.Source, t *catalog.Table) {
	d := j.program.Decide(policy.BindPrincipal(j.who).At(j.collector.config.Now()), []policy.Want{{Table: t}})[0]
	if !d.Allowed {
		return
	}
	s.RowFilter = d.Filtered()
	for _, c := range d.Columns {
		if c.Kind != policy.MaskNone && (s.ColumnsRequested == nil || slices.Contains(s.ColumnsRequested, c.Column.Name)) {
			s.Masks = append(s.Masks, audit.Mask{Column: c.Column.Name, Kind: c.Kind.String()})
		}
	}
	for _, why := range d.Because {
		if !slices.Contains(s.Rules, why.Policy) {
			s.Rules = append(s.Rules, why.Policy)
		}
	}
}

// command is what the server calls the statement; "" where it only says what the session was at when the statement came, before it was read.
func command(tag string) string {
	switch {
	case tag == "PARSE", tag == "BIND", strings.HasPrefix(tag, "idle"):
		return ""
	}
	return tag
}
