package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// PolicyQuestion is an EXPLAIN (POLICY): somebody asks what their own statement becomes, and why.
type PolicyQuestion struct {
	Program   *policy.Program
	Principal identity.Principal
	Database  string
	// Statement is what the statement became; it is not run.
	Statement *Statement
	// JSON asks for one line that holds a JSON document, instead of lines for people to read.
	JSON bool
}

// PolicyExplainer answers EXPLAIN (POLICY), line by line.
type PolicyExplainer func(q PolicyQuestion) ([]string, error)

// wantsPolicy reports EXPLAIN (POLICY). With it there is no other option but FORMAT.
func wantsPolicy(options []*pg.Node) (wants, json bool, err error) {
	others := ""
	for _, n := range options {
		o := n.GetDefElem()
		name := strings.ToLower(o.GetDefname())
		on, isBool := optionBool(o)
		switch {
		case name == "policy" && !isBool:
			return false, false, pgerror.Syntax("policy requires a Boolean value", 0)
		case name == "policy":
			wants = on
		case name == "format" && strings.EqualFold(optionText(o), "json"):
			json = true
		case name == "format" && strings.EqualFold(optionText(o), "text"):
			json = false
		default:
			others = name
		}
	}
	if wants && others != "" {
		return false, false, pgerror.NotSupported("EXPLAIN option %s cannot be used with POLICY", others)
	}
	return wants, json, nil
}

// explainStatement judges EXPLAIN of either kind.
func (r *resolver) explainStatement(raw *pg.RawStmt, e *pg.ExplainStmt, st *Statement) error {
	wants, json, err := wantsPolicy(e.Options)
	if err != nil {
		return err
	}
	if wants {
		return r.explainPolicy(raw, e.Query, st, json)
	}
	return r.explain(e, st)
}

// explainPolicy judges the statement and has the warehouse answer with what the explainer says of it: a list of literals, so that every
// protocol and client sees rows like those of any EXPLAIN. The statement itself is not sent.
func (r *resolver) explainPolicy(raw *pg.RawStmt, query *pg.Node, st *Statement, json bool) error {
	explain := r.rw.config.ExplainPolicy
	if explain == nil {
		return pgerror.NotSupported("EXPLAIN (POLICY) is not supported by this server")
	}
	// The statement by itself is what is told; judging it in its place here as well puts its tables on record.
	alone := &pg.RawStmt{Stmt: proto.Clone(query).(*pg.Node)}
	if err := r.inner(query, st, "EXPLAIN"); err != nil {
		return err
	}
	told, _, err := r.rw.statement(r.req, alone, r.path)
	if err != nil {
		return err
	}
	lines, err := explain(PolicyQuestion{Program: r.req.Program, Principal: r.req.Principal, Database: r.req.Database, Statement: &told, JSON: json})
	if err != nil {
		return err
	}
	if r.rw.redshift() {
		raw.Stmt = linesForRedshift(lines)
		st.Kind, st.Inner, st.Tag = KindSelect, 0, "EXPLAIN"
		return nil
	}
	tree, err := pg.Parse(rowsOf(lines, json))
	if err != nil || len(tree.Stmts) != 1 {
		return unprintable()
	}
	raw.Stmt = tree.Stmts[0].Stmt
	st.Kind, st.Inner, st.Tag = KindSelect, 0, "EXPLAIN"
	return nil
}

// rowsOf is a query that gives the lines, in order, in one column named as EXPLAIN names its.
func rowsOf(lines []string, json bool) string {
	typ := "text"
	if json {
		typ = "json"
	}
	var b strings.Builder
	b.WriteString(`SELECT l::pg_catalog.` + typ + ` AS "QUERY PLAN" FROM (VALUES `)
	for i, line := range lines {
		if i > 0 {
			b.WriteByte(',')
		}
		// No literal of the server's can hold a zero byte.
		line = strings.ReplaceAll(line, "\x00", "")
		b.WriteString("(" + strconv.Itoa(i) + ", '" + strings.ReplaceAll(line, "'", "''") + "')")
	}
	b.WriteString(`) AS v(n, l) ORDER BY n`)
	return b.String()
}
