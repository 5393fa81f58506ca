package redshift

import (
	_ "embed" // functions.tsv
	"strconv"
	"strings"
	"sync"
)

// Function is what is known of one function of Redshift's for a number of arguments.
type Function struct {
	// Min and Max bound the number of arguments; Max is -1 where there is no bound.
	Min, Max int
	// Aggregate and Window say that it is one; a function can be both.
	Aggregate, Window bool
	// Leader functions run on the leader node alone, and so not beside tables.
	Leader bool
	// Total functions give no error for any argument of the types that they take, so that a condition of them tells nothing of a row.
	Total bool
	// Volatile functions may differ from row to row.
	Volatile bool
}

//go:embed functions.tsv
var functionsTSV string

var table = sync.OnceValue(func() map[string][]Function {
	out := map[string][]Function{}
	for line := range strings.Lines(functionsTSV) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(fields) < 4 {
			continue
		}
		least, _ := strconv.Atoi(fields[1])
		most, _ := strconv.Atoi(fields[2])
		has := func(letter string) bool { return strings.Contains(fields[3], letter) }
		out[fields[0]] = append(out[fields[0]], Function{Min: least, Max: most, Aggregate: has("a"), Window: has("w"), Leader: has("l"),
			Total: has("t"), Volatile: has("v")})
	}
	return out
})

// Lookup finds the function that a query may call under this name with that many arguments. Absent means refused.
func Lookup(name string, arguments int) (Function, bool) {
	for _, f := range table()[name] {
		if arguments >= f.Min && (f.Max < 0 || arguments <= f.Max) {
			return f, true
		}
	}
	return Function{}, false
}

// Known reports a function that may be called with any number of arguments.
func Known(name string) bool { return len(table()[name]) > 0 }

// Aggregate reports the name of an aggregate, those of placeholders included.
func Aggregate(name string) bool {
	switch p, _ := Placeholder(name); p {
	case "approximate_count", "approximate_percentile_disc", "listagg_distinct":
		return true
	}
	for _, f := range table()[name] {
		if f.Aggregate {
			return true
		}
	}
	return false
}
