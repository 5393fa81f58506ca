package rewrite

import (
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// A Redshift's plan is text, line by line (Database Developer Guide, "EXPLAIN"): nodes, each with its costs, and beneath them what they filter, join and
// sort by, with the constants of every filter. Nothing of it is passed on but what the lists here name: which operators there are, in which order, over
// which of the names that the client itself wrote.

// explainRedshift judges EXPLAIN of a query for a Redshift.
func (r *resolver) explainRedshift(e *pg.ExplainStmt, st *Statement) error {
	st.Kind = KindExplain
	for _, n := range e.Options {
		switch name := strings.ToLower(n.GetDefElem().GetDefname()); name {
		case "policy": // off: see wantsPolicy
		case "verbose":
			return pgerror.NotSupported("EXPLAIN VERBOSE is not supported through Postern on Redshift: it prints the whole tree of the plan")
		default:
			return pgerror.NotSupported("EXPLAIN option %s is not supported through Postern on Redshift", name)
		}
	}
	e.Options = nil
	x := &Explain{Format: PlanText, lines: true, costs: true, known: readKnown(e.Query)}
	if err := r.inner(e.Query, st, "EXPLAIN"); err != nil {
		return err
	}
	x.see(r.uses)
	st.Explain = x
	return nil
}

// PlanReader turns the lines of one plan, in their order, into what the client is shown.
type PlanReader struct {
	x *Explain
	// open are the nodes around the next line, from the outside.
	open []openNode
}

// openNode is a node of the plan: where its line begins, the operator, and at which depth what stands beneath is shown.
type openNode struct {
	indent   int
	operator string
	depth    int
}

// Lines is a reader where the warehouse tells a plan line by line; nil where it is one document, for Rows.
func (x *Explain) Lines() *PlanReader {
	if !x.lines {
		return nil
	}
	return &PlanReader{x: x}
}

var (
	planNode   = regexp.MustCompile(`^( *)(->  )?(?:(?:XN|LD) )?([A-Z][^()]*?)(  \(cost=[0-9.]{1,40} rows=[0-9]{1,20} width=[0-9]{1,10}\))$`)
	planDetail = regexp.MustCompile(`^( DS_[A-Z_]+)?(?: on| )? ?("?[^" ]+"?)?( "?[^" ]+"?)?$`)
)

// Line is what is shown of a line; false where that is nothing.
func (p *PlanReader) Line(text string) (string, bool) {
	m := planNode.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	indent, operator := len(m[1])+len(m[2]), operatorOf(m[3])
	for len(p.open) > 0 && (p.open[len(p.open)-1].indent >= indent || len(p.open) > maxPlanDepth) {
		p.open = p.open[:len(p.open)-1]
	}
	depth, above := 0, ""
	if n := len(p.open); n > 0 {
		depth, above = p.open[n-1].depth, p.open[n-1].operator
	}
	if p.x.filtered && servesOnly(operator, above) {
		p.open = append(p.open, openNode{indent, operator, depth})
		return "", false
	}
	p.open = append(p.open, openNode{indent, operator, depth + 1})
	out := p.x.shownOperator(operator) + p.detail(strings.TrimPrefix(m[3], operator))
	if p.x.whole {
		out += m[4]
	}
	if depth > 0 {
		out = strings.Repeat(" ", depth*6-4) + "->  " + out
	}
	return out, true
}

// detail is what is shown behind an operator: where the rows go, if nothing is hidden, and the names that the client wrote.
func (p *PlanReader) detail(text string) string {
	m := planDetail.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	out := ""
	if p.x.whole {
		out = m[1]
	}
	var names []string
	for _, name := range m[2:] {
		if name = strings.Trim(name, ` "`); p.x.known.relations[name] {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		out += " on " + strings.Join(names, " ")
	}
	return out
}

// planOperators are the operators of Redshift's plans, those first that begin like another.
func planOperators() []string {
	return []string{"HashAggregate", "GroupAggregate", "Aggregate", "Hash Left Join", "Hash Right Join", "Hash Full Join", "Hash IN Join", "Hash NOT IN Join", "Hash Join",
		"Hash Intersect", "Hash Except", "Hash", "Merge Left Join", "Merge Right Join", "Merge Full Join", "Merge Join", "Merge", "Nested Loop Left Join", "Nested Loop",
		"S3 Query Scan", "S3 Seq Scan", "S3 Aggregate", "S3 HashAggregate", "Seq Scan", "Subquery Scan", "Multi Scan", "RLS SecureScan", "Function Scan", "CTE Scan", "Index Scan",
		"Partition Loop", "Append", "Sort", "Limit", "Unique", "Window", "Network", "Materialize", "Result", "SubPlan", "SetOp Intersect", "SetOp Except", "SetOp"}
}

// operatorOf is the operator at the beginning of a node; "" for one that is not known.
func operatorOf(text string) string {
	for _, name := range planOperators() {
		if rest, ok := strings.CutPrefix(text, name); ok && (rest == "" || rest[0] == ' ') {
			return name
		}
	}
	return ""
}

// shownOperator is what a node is called. Where rows are hidden, the ways in which the planner could have done the same are not told apart:
// it chose among them by what it knows of all rows.
func (x *Explain) shownOperator(operator string) string {
	switch {
	case operator == "":
		return "Other"
	case !x.filtered:
		return "XN " + operator
	case operator == "Subquery Scan":
		return "XN " + operator
	case strings.HasSuffix(operator, " Join"), strings.HasPrefix(operator, "Nested Loop"):
		return "XN Join"
	case strings.HasSuffix(operator, "Scan"):
		return "XN Scan"
	case strings.HasSuffix(operator, "Aggregate"):
		return "XN Aggregate"
	case strings.HasPrefix(operator, "SetOp"), operator == "Hash Intersect", operator == "Hash Except":
		return "XN SetOp"
	}
	return "XN " + operator
}

// servesOnly reports a node that is part of another one's method.
func servesOnly(operator, above string) bool {
	switch operator {
	case "Hash", "Network", "Materialize", "Merge", "Partition Loop":
		return true
	case "Sort":
		return strings.HasPrefix(above, "Merge") && above != "Merge" || above == "GroupAggregate" || above == "Unique" || strings.HasPrefix(above, "SetOp")
	}
	return false
}
