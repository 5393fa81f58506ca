package rewrite

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
)

// jsonPlan prints a plan as EXPLAIN (FORMAT JSON) does.
func jsonPlan(plan, summary object) string {
	var b strings.Builder
	b.WriteString("[\n  ")
	writeJSON(&b, append(object{{"Plan", plan}}, summary...), 2)
	b.WriteString("\n]")
	return b.String()
}

func writeJSON(b *strings.Builder, v any, indent int) {
	pad := strings.Repeat(" ", indent+2)
	switch v := v.(type) {
	case object:
		b.WriteString("{")
		for i, m := range v {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString("\n" + pad + jsonWord(m.name) + ": ")
			writeJSON(b, m.value, indent+2)
		}
		b.WriteString("\n" + strings.Repeat(" ", indent) + "}")
	case []any:
		b.WriteString("[")
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, item, indent+2)
		}
		b.WriteString("]")
	default:
		b.WriteString(jsonWord(v))
	}
}

func jsonWord(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

// yamlPlan prints a plan as EXPLAIN (FORMAT YAML) does.
func yamlPlan(plan, summary object) string {
	var b strings.Builder
	b.WriteString("- Plan: ")
	writeYAML(&b, plan, 4)
	for _, m := range summary {
		fmt.Fprintf(&b, "\n  %s: %v", m.name, m.value)
	}
	return b.String()
}

func writeYAML(b *strings.Builder, v any, indent int) {
	pad := "\n" + strings.Repeat(" ", indent)
	switch v := v.(type) {
	case object:
		for _, m := range v {
			b.WriteString(pad + m.name + ": ")
			writeYAML(b, m.value, indent+2)
		}
	case []any:
		for _, item := range v {
			if o, ok := item.(object); ok && len(o) > 0 {
				b.WriteString(pad + "- " + o[0].name + ": ")
				writeYAML(b, o[0].value, indent+4)
				writeYAML(b, o[1:], indent+2)
				continue
			}
			b.WriteString(pad + "- ")
			writeYAML(b, item, indent+2)
		}
	case string:
		b.WriteString(jsonWord(v))
	case nil:
		b.WriteString("null")
	default:
		fmt.Fprint(b, v)
	}
}

// xmlPlan prints a plan as EXPLAIN (FORMAT XML) does.
func xmlPlan(plan, summary object) string {
	var b strings.Builder
	b.WriteString(`<explain xmlns="http://www.postgresql.org/2009/explain">` + "\n  <Query>")
	writeXML(&b, "Plan", plan, 4)
	for _, m := range summary {
		writeXML(&b, m.name, m.value, 4)
	}
	b.WriteString("\n  </Query>\n</explain>")
	return b.String()
}

func writeXML(b *strings.Builder, name string, v any, indent int) {
	pad := "\n" + strings.Repeat(" ", indent)
	tag := strings.ReplaceAll(name, " ", "-")
	b.WriteString(pad + "<" + tag + ">")
	switch v := v.(type) {
	case object:
		for _, m := range v {
			writeXML(b, m.name, m.value, indent+2)
		}
		b.WriteString(pad)
	case []any:
		item := "Item"
		if name == "Plans" {
			item = "Plan"
		}
		for _, child := range v {
			writeXML(b, item, child, indent+2)
		}
		b.WriteString(pad)
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v))) // a strings.Builder never fails
	}
	b.WriteString("</" + tag + ">")
}
