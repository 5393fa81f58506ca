package evaluator

import (
	"fmt"
	"strings"
)

// Value is a text, a whole number or NULL. Null wins.
type Value struct {
	Null bool
	Text string
	Num  int64
}

// Null is the value that is none.
func null() Value { return Value{Null: true} }

func txt(s string) Value { return Value{Text: s} }

func num(n int64) Value { return Value{Num: n} }

// Column has a name and is of type integer or text.
type Column struct {
	Name    string
	Integer bool
}

// Table is one of the warehouse, with all of its rows.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]Value
}

func (t Table) column(name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Tables are the whole warehouse: a and b with rows that raise errors where one divides by amount or casts code, c, and d with what few may see.
func Tables() []Table {
	a := Table{Name: "a", Columns: []Column{{"id", true}, {"region", false}, {"owner", false}, {"amount", true}, {"code", false}}}
	regions := []Value{txt("EU"), txt("US"), txt("AS"), null()}
	owners := []Value{txt("ann"), txt("bob"), null(), txt("cyd"), txt("o'neil"), txt("")}
	codes := []Value{txt("g1"), txt("12"), txt("g2"), txt("b3x"), null(), txt("7"), txt("A1B2")}
	amounts := []Value{num(5), num(0), num(-15), null(), num(24), num(25), num(1000)}
	for i := range int64(60) {
		a.Rows = append(a.Rows, []Value{num(i + 1), regions[i%4], owners[i%6], amounts[i%7], codes[(i/2)%7]})
	}
	b := Table{Name: "b", Columns: []Column{{"id", true}, {"a_id", true}, {"region", false}, {"note", false}, {"qty", true}}}
	notes := []Value{txt("first"), null(), txt("call 0123"), txt("%_"), txt("g3")}
	for i := range int64(40) {
		ref := num(i*3%70 + 1)
		if i%9 == 8 {
			ref = null()
		}
		b.Rows = append(b.Rows, []Value{num(i + 1), ref, regions[(i/3)%4], notes[i%5], amounts[(i*2)%7]})
	}
	c := Table{Name: "c", Columns: []Column{{"id", true}, {"label", false}}}
	for i := range int64(4) {
		c.Rows = append(c.Rows, []Value{num(i), regions[i]})
	}
	d := Table{Name: "d", Columns: []Column{{"id", true}, {"secret", false}}, Rows: [][]Value{{num(1), txt("MK hidden")}, {num(2), null()}}}
	return []Table{a, b, c, d}
}

// Create makes a table with rows in a schema, as SQL text.
func (t Table) Create(schema string, rows [][]Value) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s.%s (", schema, t.Name)
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name + map[bool]string{true: " integer", false: " text"}[c.Integer])
	}
	b.WriteString(");\n")
	for i, row := range rows {
		b.WriteString(map[bool]string{true: "INSERT INTO " + schema + "." + t.Name + " VALUES (", false: ", ("}[i == 0])
		for j, v := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(t.literal(j, v))
		}
		b.WriteString(")")
	}
	if len(rows) > 0 {
		b.WriteString(";\n")
	}
	return b.String()
}

func (t Table) literal(column int, v Value) string {
	switch {
	case v.Null:
		return "NULL"
	case t.Columns[column].Integer:
		return fmt.Sprint(v.Num)
	}
	return quoted(v.Text)
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
