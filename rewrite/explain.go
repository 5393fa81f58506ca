package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// PlanFormat is the form in which a client wants a plan.
type PlanFormat uint8

// The forms of EXPLAIN (FORMAT …).
const (
	PlanText PlanFormat = iota + 1
	PlanJSON
	PlanYAML
	PlanXML
)

// Explain says how the plan that the warehouse answers in JSON is told to the client; see Rows. The zero value tells nothing of it.
type Explain struct {
	Format PlanFormat
	// Analyze marks a plan with what happened when the statement ran.
	Analyze bool
	// whole says that every relation of the statement is shown to the person without a filter, a mask or a hidden column, so
	// that nothing in the plan can tell more than the tables do.
	whole bool
	// filtered says that some relation hides rows: then what the planner chose by its statistics is not told either.
	filtered bool
	// lines marks a plan that comes line by line, from a Redshift.
	lines   bool
	known   known
	costs   bool
	timing  bool
	summary bool
}

// known is what the client's own text says.
type known struct {
	// names are the tables, aliases, common table expressions and functions in it.
	names map[string]bool
	// relations are the tables that the client names and sees, and their schemas: an alias or a WITH query of the client's may bear the name of one
	// that it does not see, and to show that name would tell that there is one.
	relations map[string]bool
	// masks are the masks of the tables, in canonical form.
	masks map[string]bool
	// conditions are its expressions in canonical form; see canonical.
	conditions map[string]bool
}

// see notes what the tables of the query hide. What stands behind a plain view has filters of its own, and its definition is not the client's text.
func (x *Explain) see(uses []*use) {
	x.whole = true
	x.known.see(uses)
	for _, u := range uses {
		d := &u.view.decision
		hides := u.view.catalog || d.Filtered() || u.view.body != nil
		x.filtered = x.filtered || hides
		x.whole = x.whole && !hides && len(d.Columns) == len(d.Table.Columns)
		for _, c := range d.Columns {
			x.whole = x.whole && c.Mask == nil
		}
	}
}

// explain judges EXPLAIN of a query. The warehouse is always asked for JSON, with as little as the client may be told.
func (r *resolver) explain(e *pg.ExplainStmt, st *Statement) error {
	if r.rw.redshift() {
		return r.explainRedshift(e, st)
	}
	st.Kind = KindExplain
	x := &Explain{Format: PlanText, costs: true, timing: true}
	options, err := x.options(e.Options)
	if err != nil {
		return err
	}
	query := e.Query
	if d := query.GetDeclareCursorStmt(); d != nil {
		query = d.Query // it is planned, and no cursor is made
		e.Query = query
	}
	if run := query.GetExecuteStmt(); run != nil {
		if err := r.explainExecute(run, x, st); err != nil {
			return err
		}
	} else {
		x.known = readKnown(query)
		if err := r.inner(query, st, "EXPLAIN"); err != nil {
			return err
		}
	}
	x.see(r.uses)
	for _, u := range r.uses {
		for _, n := range u.view.tree.GetTargetList() {
			if value := n.GetResTarget().GetVal(); value.GetColumnRef() == nil {
				x.known.masks[canonical(value)] = true
			}
		}
	}
	if !x.whole {
		options = append(options, planOption("costs", false))
		if x.Analyze {
			options = append(options, planOption("timing", false))
		}
	}
	e.Options = append(options, &pg.Node{Node: &pg.Node_DefElem{DefElem: &pg.DefElem{Defname: "format", Arg: pg.MakeStrNode("json"),
		Defaction: pg.DefElemAction_DEFELEM_UNSPEC, Location: -1}}})
	st.Explain = x
	return nil
}

// options reads the client's options and returns those for the warehouse.
func (x *Explain) options(list []*pg.Node) ([]*pg.Node, error) {
	var out []*pg.Node
	summary := false
	for _, n := range list {
		o := n.GetDefElem()
		name := strings.ToLower(o.GetDefname())
		if name == "format" {
			switch strings.ToLower(optionText(o)) {
			case "text":
				x.Format = PlanText
			case "json":
				x.Format = PlanJSON
			case "yaml":
				x.Format = PlanYAML
			case "xml":
				x.Format = PlanXML
			default:
				return nil, &pgerror.Error{Code: pgerror.CodeInvalidParameter,
					Message: `unrecognized value for EXPLAIN option "format": "` + optionText(o) + `"`}
			}
			continue
		}
		if name == "policy" {
			continue // off: see wantsPolicy
		}
		on, ok := optionBool(o)
		if !ok {
			return nil, pgerror.NotSupported("EXPLAIN option %s is not supported through Postern with this value", name)
		}
		switch name {
		case "analyze":
			x.Analyze = on
		case "costs":
			x.costs = on
		case "timing":
			x.timing = on
		case "summary":
			x.summary, summary = on, true
		case "verbose", "generic_plan":
		case "settings", "buffers", "wal", "memory":
			continue // what they would add is the warehouse's own, and never shown
		default:
			return nil, pgerror.NotSupported("EXPLAIN option %s is not supported through Postern", name)
		}
		if name != "timing" || !on {
			out = append(out, planOption(name, on))
		}
	}
	if !summary {
		x.summary = x.Analyze
	}
	x.timing = x.timing && x.Analyze
	return out, nil
}

func planOption(name string, on bool) *pg.Node {
	word := "off"
	if on {
		word = "on"
	}
	return &pg.Node{Node: &pg.Node_DefElem{DefElem: &pg.DefElem{Defname: name, Arg: pg.MakeStrNode(word),
		Defaction: pg.DefElemAction_DEFELEM_UNSPEC, Location: -1}}}
}

func optionText(o *pg.DefElem) string { return o.GetArg().GetString_().GetSval() }

// optionBool reads a boolean option as PostgreSQL does (defGetBoolean).
func optionBool(o *pg.DefElem) (on, ok bool) {
	switch v := o.GetArg().GetNode().(type) {
	case nil:
		return true, true
	case *pg.Node_Integer:
		return v.Integer.Ival == 1, v.Integer.Ival == 0 || v.Integer.Ival == 1
	case *pg.Node_Boolean:
		return v.Boolean.Boolval, true
	case *pg.Node_String_:
		switch strings.ToLower(v.String_.Sval) {
		case "true", "on":
			return true, true
		case "false", "off":
			return false, true
		}
	}
	return false, false
}
