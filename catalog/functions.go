package catalog

import (
	_ "embed" // functions.tsv
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Function is what is known of the built-in functions of one name that take a given number of arguments.
type Function struct {
	// Min and Max bound the number of arguments; Max is -1 where there is no bound (VARIADIC).
	Min, Max int
	// Kinds holds the letters of pg_proc.prokind that occur: f function, a aggregate, w window function.
	Kinds string
	// Volatility holds the letters of pg_proc.provolatile that occur: i, s, v.
	Volatility string
	// Set is true if an overload returns a set.
	Set bool
	// Shape says which columns the function has in FROM.
	Shape FunctionShape
	// Out names the columns if Shape is ShapeNamed.
	Out []string
}

// FunctionShape says which columns a function has when it stands in FROM.
type FunctionShape uint8

const (
	// ShapeScalar is one column, named after the alias or else the function.
	ShapeScalar FunctionShape = iota + 1
	// ShapeNamed has the columns of Function.Out.
	ShapeNamed
	// ShapeRecord returns record: the query must define the columns.
	ShapeRecord
	// ShapeArgument returns the row type of an argument.
	ShapeArgument
)

// functionsTSV is derived from pg_proc of PostgreSQL 15 by the rule that its first lines state.
//
//go:embed functions.tsv
var functionsTSV string

// LookupFunction finds the built-in function that a query may call under this name with nargs arguments. It answers only
// where every pg_catalog function that such a call could resolve to is safe: it is a function of its arguments, or of
// harmless session state (now(), version(), DateStyle), and it runs no SQL, reads no table, file, setting or other session, and
// changes nothing. Absent means refused.
func LookupFunction(name string, nargs int) (Function, bool) {
	for _, f := range loadFunctions()[name] {
		if nargs >= f.Min && (f.Max < 0 || nargs <= f.Max) {
			return f, true
		}
	}
	return Function{}, false
}

// SafeFunction reports whether a query may call the built-in function. See LookupFunction.
func SafeFunction(name string, nargs int) bool {
	_, ok := LookupFunction(name, nargs)
	return ok
}

// KnownFunction reports whether a built-in function of the name may be called with any number of arguments.
func KnownFunction(name string) bool { return len(loadFunctions()[name]) > 0 }

// loadFunctions parses the embedded table once; the result is never changed.
var loadFunctions = sync.OnceValue(func() map[string][]Function {
	byName := make(map[string][]Function, 1200)
	for _, fields := range tsvRows(functionsTSV, 7) {
		f := Function{
			Min: tableNumber(fields[1]), Max: tableNumber(fields[2]),
			Kinds: fields[3], Volatility: fields[4], Set: fields[5] == "t",
		}
		switch fields[6] {
		case "-":
			f.Shape = ShapeScalar
		case "record":
			f.Shape = ShapeRecord
		case "argument":
			f.Shape = ShapeArgument
		default:
			f.Shape, f.Out = ShapeNamed, strings.Split(fields[6], ",")
		}
		byName[fields[0]] = append(byName[fields[0]], f)
	}
	return byName
})

// tsvRows splits an embedded table. Lines that begin with "# " are comments; operators may begin with "#".
func tsvRows(text string, width int) [][]string {
	var rows [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != width {
			panic(fmt.Sprintf("embedded table: %d fields in %q", len(fields), line))
		}
		rows = append(rows, fields)
	}
	return rows
}

func tableNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("embedded table: %v", err))
	}
	return n
}
