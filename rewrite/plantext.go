package rewrite

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The forms in which a plan is printed: as PostgreSQL's own (explain.c), with what was left.

// textRows prints a plan line by line.
func (x *Explain) textRows(plan, summary object) []string {
	p := textPlan{x: x}
	p.node(plan, 0, "")
	for _, m := range summary {
		p.lines = append(p.lines, fmt.Sprintf("%s: %v ms", m.name, m.value))
	}
	return p.lines
}

type textPlan struct {
	x     *Explain
	lines []string
}

// node prints one node; indent is where its own text begins.
func (p *textPlan) node(n object, indent int, arrow string) {
	head := nodeTitle(n)
	if cost := p.cost(n); cost != "" {
		head += "  " + cost
	}
	if actual := p.actual(n); actual != "" {
		head += " " + actual
	}
	p.lines = append(p.lines, strings.Repeat(" ", max(0, indent-len(arrow)))+arrow+head)
	inner := strings.Repeat(" ", indent+2)
	for _, m := range n {
		switch m.name {
		case "Node Type", "Parent Relationship", "Join Type", "Subplan Name", "Strategy", "Partial Mode", "Parallel Aware", "Async Capable",
			"Scan Direction", "Relation Name", "Alias", "CTE Name", "Function Name", "Schema", "Index Name", "Startup Cost", "Total Cost",
			"Plan Rows", "Plan Width", "Actual Startup Time", "Actual Total Time", "Actual Rows", "Actual Loops", "Operation", "Command",
			"Inner Unique", "Single Copy", "Plans":
			continue
		case "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck", "Subplans Removed", "Lossy Heap Blocks":
			if m.value == json.Number("0") {
				continue
			}
		}
		p.lines = append(p.lines, inner+m.name+": "+textValue(m.value))
	}
	children, _ := n.get("Plans").([]any)
	for _, v := range children {
		child, _ := v.(object)
		next := indent + 6
		if name := child.text("Subplan Name"); name != "" {
			p.lines = append(p.lines, inner+name)
			next += 2
		}
		p.node(child, next, "->  ")
	}
}

func textValue(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	words := make([]string, len(list))
	for i, item := range list {
		words[i] = fmt.Sprint(item)
	}
	return strings.Join(words, ", ")
}

// nodeTitle is the first line of a node, up to its costs.
func nodeTitle(n object) string {
	kind := n.text("Node Type")
	switch {
	case kind == "Aggregate":
		kind = strings.TrimPrefix(map[string]string{"Hashed": "Hash", "Sorted": "Group", "Mixed": "Mixed"}[n.text("Strategy")]+"Aggregate", " ")
		if mode := n.text("Partial Mode"); mode == "Partial" || mode == "Finalize" {
			kind = mode + " " + kind
		}
	case kind == "SetOp" && n.text("Strategy") == "Hashed":
		kind = "HashSetOp"
	}
	if join := n.text("Join Type"); join != "" && join != "Inner" {
		if strings.HasSuffix(kind, "Join") {
			kind = strings.TrimSpace(strings.TrimSuffix(kind, "Join")) + " " + join + " Join"
		} else {
			kind += " " + join + " Join"
		}
	}
	if command := n.text("Command"); command != "" {
		kind += " " + command
	}
	if n.get("Parallel Aware") == true {
		kind = "Parallel " + kind
	}
	if n.text("Scan Direction") == "Backward" {
		kind += " Backward"
	}
	if index := n.text("Index Name"); index != "" {
		if kind == "Bitmap Index Scan" {
			kind += " on " + quoteIdent(index)
		} else {
			kind += " using " + quoteIdent(index)
		}
	}
	return strings.TrimSpace(kind) + scanned(n)
}

// scanned is what a node reads: "" or " on …".
func scanned(n object) string {
	name := ""
	for _, of := range []string{"Relation Name", "CTE Name", "Function Name"} {
		if name == "" {
			name = n.text(of)
		}
	}
	alias := n.text("Alias")
	switch {
	case name == "" && alias == "":
		return ""
	case name == "":
		return " on " + quoteIdent(alias)
	}
	out := " on "
	if schema := n.text("Schema"); schema != "" {
		out += quoteIdent(schema) + "."
	}
	out += quoteIdent(name)
	if alias != "" && alias != name {
		out += " " + quoteIdent(alias)
	}
	return out
}

func (p *textPlan) cost(n object) string {
	if !p.x.costs || n.get("Total Cost") == nil {
		return ""
	}
	return fmt.Sprintf("(cost=%v..%v rows=%v width=%v)", n.get("Startup Cost"), n.get("Total Cost"), n.get("Plan Rows"), n.get("Plan Width"))
}

func (p *textPlan) actual(n object) string {
	rows := n.get("Actual Rows")
	switch {
	case rows == nil:
		return ""
	case n.get("Actual Loops") == nil:
		return fmt.Sprintf("(actual rows=%v)", rows)
	case n.get("Actual Total Time") != nil:
		return fmt.Sprintf("(actual time=%v..%v rows=%v loops=%v)", n.get("Actual Startup Time"), n.get("Actual Total Time"), rows, n.get("Actual Loops"))
	}
	return fmt.Sprintf("(actual rows=%v loops=%v)", rows, n.get("Actual Loops"))
}
