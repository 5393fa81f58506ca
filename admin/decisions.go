package admin

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

// maxTables bounds the tables of one request.
const maxTables = 500

// decisionRequest asks what a person may see. Exactly one of Tables and SQL is given.
type decisionRequest struct {
	User       string         `json:"user"`
	Connection string         `json:"connection"`
	Tables     []tableRequest `json:"tables,omitempty"`
	SQL        string         `json:"sql,omitempty"`
	// SearchPath is for SQL; without it public.
	SearchPath []string `json:"searchPath,omitempty"`
}

type tableRequest struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
	// Columns that matter; without them all visible ones.
	Columns []string `json:"columns,omitempty"`
}

// decisionAnswer is documented in docs/decisions.md.
type decisionAnswer struct {
	User       string          `json:"user"`
	Connection string          `json:"connection"`
	Program    uint64          `json:"program"`
	Allowed    bool            `json:"allowed"`
	Exempt     bool            `json:"exempt,omitempty"`
	ValidUntil *time.Time      `json:"validUntil"`
	Tables     []tableDecision `json:"tables"`
}

type tableDecision struct {
	Schema     string           `json:"schema"`
	Table      string           `json:"table"`
	Allowed    bool             `json:"allowed"`
	Filter     *string          `json:"filter"`
	Columns    []columnDecision `json:"columns"`
	Hidden     []string         `json:"hidden,omitempty"`
	Because    []reason         `json:"because"`
	ValidUntil *time.Time       `json:"validUntil"`
}

type columnDecision struct {
	Name   string  `json:"name"`
	Mask   *string `json:"mask"`
	Kind   string  `json:"kind,omitempty"`
	Policy string  `json:"policy,omitempty"`
}

type reason struct {
	Policy string `json:"policy"`
	Rule   int    `json:"rule"`
	Effect string `json:"effect"`
	Detail string `json:"detail,omitempty"`
}

// subject is the program and the person that a question about a statement, or about so many tables, names.
func (c *call) subject(user, connection, sql string, tables int) (*policy.Program, identity.Principal, error) {
	if (tables == 0) == (sql == "") || tables > maxTables {
		return nil, identity.Principal{}, refuse(http.StatusBadRequest, "give either sql or tables, %d at most", maxTables)
	}
	program, ok := c.state.Program(connection)
	if !ok {
		return nil, identity.Principal{}, refuse(http.StatusNotFound, "there is no connection %.100q", connection)
	}
	who, err := c.state.Principal(user)
	if err != nil || who.IsZero() {
		return nil, identity.Principal{}, refuse(http.StatusNotFound, "there is no user %.100q who may log in", user)
	}
	return program, who, nil
}

// decisions answers POST /v1/decisions. Nothing is answered before it is on record.
func (a *API) decisions(c *call) (any, error) {
	var q decisionRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	program, who, err := c.subject(q.User, q.Connection, q.SQL, len(q.Tables))
	if err != nil {
		return nil, err
	}
	out := &decisionAnswer{User: who.User(), Connection: q.Connection, Program: program.Version(), Allowed: true, Exempt: who.Exempt()}
	if err := a.fill(c, &q, program, who, out); err != nil {
		return nil, err
	}
	e := a.event(c, "decision.ask", q.Connection)
	e.User, e.Connection, e.SQL, e.Program = who.User(), q.Connection, q.SQL, strconv.FormatUint(program.Version(), 10)
	for _, t := range out.Tables {
		e.Sources = append(e.Sources, audit.Source{Name: q.Connection + "." + t.Schema + "." + t.Table, RowFilter: t.Filter != nil})
	}
	if err := a.Audit.Record(c.Context(), e); err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the audit log is not available, so nothing is answered")
	}
	return out, nil
}

// fill decides for each table of the request.
func (a *API) fill(c *call, q *decisionRequest, program *policy.Program, who identity.Principal, out *decisionAnswer) error {
	out.Tables = []tableDecision{}
	if who.Exempt() {
		return nil // not governed
	}
	if q.SQL != "" {
		decisions, requested, err := a.ofText(c, q, program, who)
		if err != nil {
			return err
		}
		for i := range decisions {
			if err := a.table(out, &decisions[i], nil, requested[i]); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range q.Tables {
		t := &q.Tables[i]
		d := policy.Decision{}
		// A table that is not there looks like one that the person may not see.
		if found, ok := program.Snapshot().Table(t.Schema, t.Table); ok {
			d = program.Decide(policy.BindPrincipal(who).At(a.Now()), []policy.Want{{Table: found, Columns: t.Columns}})[0]
		}
		if err := a.table(out, &d, t, t.Columns); err != nil {
			return err
		}
	}
	return nil
}

// ofText takes the tables out of a SQL text, with the columns that it touches.
func (a *API) ofText(c *call, q *decisionRequest, program *policy.Program, who identity.Principal) (all []policy.Decision, requested [][]string, err error) {
	path := q.SearchPath
	if path == nil {
		path = []string{"public"}
	}
	result, err := a.Rewriter.Rewrite(c.Context(), rewrite.Request{SQL: q.SQL, Program: program, Principal: who, SearchPath: path, Database: q.Connection})
	var told *pgerror.Error
	if errors.As(err, &told) {
		f := refuse(http.StatusUnprocessableEntity, "%s", told.Message)
		f.code = told.Code
		return nil, nil, f
	}
	if err != nil {
		return nil, nil, err
	}
	seen := map[*catalog.Table]int{}
	for _, s := range result.Statements {
		for i := range s.Decisions {
			var columns []string
			if i < len(s.Requested) {
				columns = s.Requested[i]
			}
			at, again := seen[s.Decisions[i].Table]
			switch {
			case !again:
				seen[s.Decisions[i].Table] = len(all)
				all, requested = append(all, s.Decisions[i]), append(requested, columns)
			case columns == nil || requested[at] == nil:
				requested[at] = nil
			default:
				requested[at] = append(requested[at], columns...)
			}
		}
	}
	return all, requested, nil
}

// table adds one decision to the answer.
func (a *API) table(out *decisionAnswer, d *policy.Decision, asked *tableRequest, columns []string) error {
	t := tableDecision{Allowed: d.Allowed, Columns: []columnDecision{}, Because: []reason{}, ValidUntil: instant(d.ValidUntil)}
	if asked != nil {
		t.Schema, t.Table = asked.Schema, asked.Table
	} else {
		t.Schema, t.Table = d.Table.Schema, d.Table.Name
	}
	for _, r := range d.Because {
		t.Because = append(t.Because, reason{r.Policy, r.Rule, string(r.Effect), r.Detail})
	}
	out.Allowed = out.Allowed && d.Allowed
	if at := d.ValidUntil; !at.IsZero() && (out.ValidUntil == nil || at.Before(*out.ValidUntil)) {
		out.ValidUntil = instant(at)
	}
	if d.Allowed {
		if err := a.contents(out.Connection, &t, d, columns); err != nil {
			return err
		}
		out.Allowed = out.Allowed && len(t.Hidden) == 0
	}
	out.Tables = append(out.Tables, t)
	return nil
}

// contents prints filter and masks. Columns that were asked for and are not visible are listed as hidden.
func (a *API) contents(connection string, t *tableDecision, d *policy.Decision, columns []string) (err error) {
	if d.Filter != nil {
		if t.Filter, err = a.print(connection, d.Filter); err != nil {
			return err
		}
	}
	wanted := map[string]bool{}
	for _, name := range columns {
		if wanted[name] {
			continue
		}
		wanted[name] = true
		if _, ok := d.Column(name); !ok {
			t.Hidden = append(t.Hidden, name)
		}
	}
	for _, c := range d.Columns {
		if columns != nil && !wanted[c.Column.Name] {
			continue
		}
		column := columnDecision{Name: c.Column.Name}
		if c.Mask != nil {
			column.Kind, column.Policy = c.Kind.String(), c.Policy
			if column.Mask, err = a.print(connection, c.Mask); err != nil {
				return err
			}
		}
		t.Columns = append(t.Columns, column)
	}
	return nil
}

func (a *API) print(connection string, e expr.Expr) (*string, error) {
	text, err := a.dialect(connection).Expr(e)
	return &text, err
}

// dialect is that of a connection's warehouse.
func (a *API) dialect(connection string) sqlgen.Dialect {
	if a.DialectOf == nil {
		return a.Dialect
	}
	return a.DialectOf(connection)
}

// instant is nil for never.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
