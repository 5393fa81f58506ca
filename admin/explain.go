package admin

import (
	"net/http"
	"strconv"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/explain"
)

// explainRequest asks what a person sees, and why. Exactly one of Tables and SQL is given.
type explainRequest struct {
	User       string         `json:"user"`
	Connection string         `json:"connection"`
	SQL        string         `json:"sql,omitempty"`
	SearchPath []string       `json:"searchPath,omitempty"`
	Tables     []explainTable `json:"tables,omitempty"`
}

type explainTable struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
}

// explain answers POST /v1/explain with an explain.Report. Nothing is run, and nothing is answered before it is on record.
func (a *API) explain(c *call) (any, error) {
	var q explainRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	program, who, err := c.subject(q.User, q.Connection, q.SQL, len(q.Tables))
	if err != nil {
		return nil, err
	}
	question := &explain.Question{Program: program, Principal: who, Connection: q.Connection, SQL: q.SQL, SearchPath: q.SearchPath}
	if question.SearchPath == nil {
		question.SearchPath = []string{"public"}
	}
	for _, t := range q.Tables {
		question.Tables = append(question.Tables, explain.Table{Schema: t.Schema, Name: t.Table})
	}
	explainer := explain.Explainer{Rewriter: a.Rewriter, Dialect: a.dialect(q.Connection), Now: a.Now}
	report, err := explainer.Explain(c.Context(), question)
	if err != nil {
		return nil, err
	}
	e := a.event(c, "explain.ask", q.Connection)
	e.User, e.Connection, e.SQL, e.Program = who.User(), q.Connection, q.SQL, strconv.FormatUint(program.Version(), 10)
	for _, s := range report.Sources {
		e.Sources = append(e.Sources, audit.Source{Name: q.Connection + "." + s.Name, RowFilter: s.Filter != ""})
	}
	if err := a.Audit.Record(c.Context(), e); err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the audit log is not available, so nothing is answered")
	}
	return report, nil
}
