// Package expr is the closed set of expressions that a decision may hold.
//
// Floor 0: imports nothing of Postern. It knows no SQL text: names are resolved, printing is sqlgen's.
//
//   - expr.go: Expr, the sum type of scalar expressions
//   - person.go: the expressions that ask about the person; they are replaced when a principal is bound
//   - query.go: Select, the uncorrelated sub-select that a row rule may hold
//   - walk.go: Walk and Rewrite over the whole set
//   - simplify.go: Simplify folds boolean constants
//
// The life of one Expr: policy/sqlparse makes it from a rule's SQL with every name resolved; policy binds it to a
// principal, which replaces the person's expressions by literals; sqlgen prints it.
//
// It must never grow a node that holds SQL text, and no switch over it may have a default that goes on.
package expr
