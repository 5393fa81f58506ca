// Package sqlparse turns the SQL of a row rule into an expression.
//
// Floor 2: imports catalog and policy/expr. No I/O.
//
//   - parse.go: Parse, text to tree, bounded; Error with its position in the rule
//   - glue.go: `=@name` is read as `= @name`
//   - resolve.go: Rule.Resolve, tree to expr for one source
//   - operators.go, functions.go, person.go, query.go: the nodes that are let through
//   - types.go, builtins.go: types, and what the built-in functions and operators take and depend on
//
// The life of one rule: it is parsed once (pg_query, PostgreSQL's own grammar); for each source that the policy selects it
// is resolved: every name becomes a known table, column, function, operator or type; the result is printed by sqlgen.
//
// It must never pass on what it does not know, never guess what a name means, and never let a rule's meaning depend on a
// setting that the person could change (TimeZone, DateStyle and the like).
package sqlparse
