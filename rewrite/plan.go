package rewrite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxPlanDepth bounds the nesting of plans that are read.
const maxPlanDepth = 2_000

// member and object are JSON with its order, which is the order in which plans are printed.
type member struct {
	name  string
	value any // string, json.Number, bool, nil, object or []any
}

type object []member

func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (o object) text(name string) string {
	s, _ := o.get(name).(string)
	return s
}

// Rows turns the warehouse's answer to an EXPLAIN statement into what the client is shown: one value per row.
func (x *Explain) Rows(answer []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	tree, err := readJSON(d, 0)
	if err != nil {
		return nil, fmt.Errorf("reading a plan: %w", err)
	}
	list, _ := tree.([]any)
	if len(list) != 1 {
		return nil, errors.New("reading a plan: it is not a list of one")
	}
	top, _ := list[0].(object)
	plan, ok := top.get("Plan").(object)
	if !ok {
		return nil, errors.New("reading a plan: it has none")
	}
	shown := x.node(plan, true)
	var summary object
	for _, m := range top {
		number, isNumber := m.value.(json.Number)
		if isNumber && x.summary && (m.name == "Planning Time" || m.name == "Execution Time") {
			summary = append(summary, member{m.name, number})
		}
	}
	switch x.Format {
	case PlanText:
		return x.textRows(shown, summary), nil
	case PlanJSON:
		return []string{jsonPlan(shown, summary)}, nil
	case PlanYAML:
		return []string{yamlPlan(shown, summary)}, nil
	case PlanXML:
		return []string{xmlPlan(shown, summary)}, nil
	}
	return nil, fmt.Errorf("printing a plan: format %d is not known", x.Format)
}

func readJSON(d *json.Decoder, depth int) (any, error) {
	if depth > maxPlanDepth {
		return nil, errors.New("it is nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		var o object
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			text, _ := name.(string)
			o = append(o, member{text, v})
		}
		_, err := d.Token()
		return o, err
	}
	return token, nil
}

// node is THE list of what is shown of one node of a plan. Whatever is not named here is dropped.
func (x *Explain) node(n object, root bool) object {
	var out object
	kind := x.kind(n)
	for _, m := range n {
		switch m.name {
		case "Node Type":
			out = append(out, member{m.name, kind})
		case "Parent Relationship", "Join Type", "Subplan Name", "Operation", "Command":
			out = append(out, m)
		case "Strategy", "Partial Mode", "Parallel Aware", "Async Capable", "Scan Direction":
			if !x.filtered {
				out = append(out, m)
			}
		case "Relation Name", "Schema":
			if name, ok := m.value.(string); ok && (x.whole || x.known.relations[name]) {
				out = append(out, m)
			}
		case "Alias", "CTE Name", "Function Name":
			if name, ok := m.value.(string); ok && (x.whole || x.known.names[name]) {
				out = append(out, m)
			}
		case "Filter", "Join Filter", "Hash Cond", "Merge Cond", "Index Cond", "Recheck Cond", "One-Time Filter", "Sort Key", "Group Key",
			"Presorted Key", "TID Cond", "Order By", "Cache Key", "Output", "Run Condition":
			if value := x.conditions(m, n); value != nil {
				name := m.name
				if x.filtered && (name == "Hash Cond" || name == "Merge Cond") {
					name = "Join Cond"
				}
				out = append(out, member{name, value})
			}
		case "Index Name", "Startup Cost", "Total Cost", "Plan Rows", "Plan Width", "Actual Startup Time", "Actual Total Time",
			"Actual Loops", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck", "Heap Fetches", "Sort Method",
			"Sort Space Used", "Sort Space Type", "Inner Unique", "Single Copy", "Workers Planned", "Workers Launched", "Hash Buckets",
			"Hash Batches", "Peak Memory Usage", "Exact Heap Blocks", "Lossy Heap Blocks", "Planned Partitions", "HashAgg Batches", "Disk Usage",
			"Subplans Removed", "Cache Mode":
			if x.whole {
				out = append(out, m)
			}
		case "Actual Rows":
			if x.whole || root { // what the client would have got
				out = append(out, m)
			}
		}
	}
	if children := x.children(n); len(children) > 0 {
		out = append(out, member{"Plans", children})
	}
	return out
}

// kind is what a node is called. Where rows are hidden, the ways in which the planner could have done the same are not told apart:
// it chose among them by what it knows of all rows.
func (x *Explain) kind(n object) string {
	kind := n.text("Node Type")
	if !slices.Contains(nodeTypes(), kind) {
		return "Other"
	}
	if !x.filtered {
		return kind
	}
	switch kind {
	case "Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan", "Tid Range Scan", "Sample Scan", "Foreign Scan":
		return "Scan"
	case "Nested Loop", "Hash Join", "Merge Join":
		return "Join"
	case "Incremental Sort":
		return "Sort"
	case "Merge Append":
		return "Append"
	}
	return kind
}

// children are the nodes below. Where rows are hidden, nodes that only serve another one's method are left out.
func (x *Explain) children(n object) []any {
	list, _ := n.get("Plans").([]any)
	var out []any
	for _, v := range list {
		child, ok := v.(object)
		if !ok {
			continue
		}
		helper := false
		if x.filtered {
			switch child.text("Node Type") {
			case "Hash", "Materialize", "Memoize", "Gather", "Gather Merge", "BitmapAnd", "BitmapOr":
				helper = true
			case "Bitmap Index Scan":
				continue
			case "Sort", "Incremental Sort":
				switch n.text("Node Type") {
				case "Merge Join", "Aggregate", "Group", "Unique", "SetOp":
					helper = true
				}
			}
		}
		if helper {
			out = append(out, x.children(child)...)
			continue
		}
		out = append(out, x.node(child, false))
	}
	return out
}

// conditions are the parts of a condition or list that the client itself wrote; nil if there is none.
func (x *Explain) conditions(m member, n object) any {
	if x.whole {
		return m.value
	}
	// Where a table is read, a condition that is equal to the client's guess of a filter would tell that the guess is right.
	if m.name == "Output" || x.filtered && n.text("Relation Name") != "" {
		return nil
	}
	switch v := m.value.(type) {
	case string:
		if own := x.known.ownParts(v); len(own) > 0 {
			return "(" + strings.Join(own, " AND ") + ")"
		}
	case []any:
		var out []any
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				continue
			}
			if own := x.known.ownParts(text); len(own) == 1 {
				out = append(out, own[0])
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// nodeTypes are the names of nodes that are passed on (explain.c).
func nodeTypes() []string {
	return []string{"Result", "ProjectSet", "ModifyTable", "Append", "Merge Append", "Recursive Union", "BitmapAnd", "BitmapOr", "Nested Loop",
		"Merge Join", "Hash Join", "Seq Scan", "Sample Scan", "Gather", "Gather Merge", "Index Scan", "Index Only Scan", "Bitmap Index Scan",
		"Bitmap Heap Scan", "Tid Scan", "Tid Range Scan", "Subquery Scan", "Function Scan", "Table Function Scan", "Values Scan", "CTE Scan",
		"Named Tuplestore Scan", "WorkTable Scan", "Foreign Scan", "Materialize", "Memoize", "Sort", "Incremental Sort", "Group", "Aggregate",
		"WindowAgg", "Unique", "SetOp", "LockRows", "Limit", "Hash"}
}
