package sqlparse

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/posternsql/postern/catalog"
)

// functionsTSV has a row for each overload of the scalar functions that a rule may call, and of those that it may not
// because they depend on the session: the difference must be told from the argument types.
//
//go:embed functions.tsv
var functionsTSV string

// operatorsTSV is the same for operators.
//
//go:embed operators.tsv
var operatorsTSV string

// signature is one overload of a built-in function or operator.
type signature struct {
	args     []string
	variadic bool
	returns  string
	// session is true if the result depends on settings, the time or the user.
	session bool
}

// takes reports whether a call with n arguments can mean this overload.
func (s signature) takes(n int) bool {
	if s.variadic {
		return n >= len(s.args)
	}
	return n == len(s.args)
}

// arg is the type of the i-th argument.
func (s signature) arg(i int) string {
	if s.variadic && i >= len(s.args)-1 {
		return strings.TrimSuffix(s.args[len(s.args)-1], "[]")
	}
	return s.args[i]
}

type builtins struct{ functions, operators map[string][]signature }

// loadBuiltins reads the embedded lists once; what it returns is never changed.
var loadBuiltins = sync.OnceValue(func() builtins {
	b := builtins{functions: map[string][]signature{}, operators: map[string][]signature{}}
	for _, f := range tsvRows(functionsTSV, 4) {
		s := signature{returns: f[2], session: f[3] != "pure"}
		if f[1] != "" {
			s.args = strings.Split(f[1], ", ")
			last := &s.args[len(s.args)-1]
			*last, s.variadic = strings.CutPrefix(*last, "variadic ")
		}
		b.functions[f[0]] = append(b.functions[f[0]], s)
	}
	for _, f := range tsvRows(operatorsTSV, 5) {
		s := signature{args: []string{f[1], f[2]}, returns: f[3], session: f[4] != "pure"}
		if f[1] == "-" {
			s.args = s.args[1:]
		}
		b.operators[f[0]] = append(b.operators[f[0]], s)
	}
	return b
})

// tsvRows splits an embedded list into records of n fields; lines that begin with "# " are comments.
func tsvRows(text string, n int) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if !strings.HasPrefix(line, "# ") && len(f) == n {
			out = append(out, f)
		}
	}
	return out
}

// functionSignatures returns the overloads that a call of the built-in function with n arguments can mean; none if it is
// not on the lists.
func functionSignatures(name string, n int) []signature {
	if !catalog.SafeFunction(name, n) {
		return nil
	}
	return taking(loadBuiltins().functions[name], n)
}

// operatorSignatures is functionSignatures for operators with n operands.
func operatorSignatures(name string, n int) []signature {
	if !catalog.SafeOperator(name) {
		return nil
	}
	return taking(loadBuiltins().operators[name], n)
}

func taking(all []signature, n int) []signature {
	var out []signature
	for _, s := range all {
		if s.takes(n) {
			out = append(out, s)
		}
	}
	return out
}
