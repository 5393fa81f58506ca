// Package rewrite turns client SQL into guarded SQL.
//
// Floor 5: sibling of push and control, imports neither.
//
//   - rewriter.go: Rewriter, Request, Statement: the interface to the proxy
//   - parse.go, limits.go: text to tree, bounded
//   - classify.go: the one readable table of statements: what is allowed, and as what
//   - allow.go: functions, operators and types
//   - scope.go, resolve.go: names to relations and columns
//   - splice.go: base tables become their Views
//   - cache.go: exact-text cache
//
// The life of one statement: parse (pg_query), classify by allow-list, resolve every name, decide all tables in one call,
// splice the Views in, print canonical text. What is sent is always text that Postern printed.
//
// It must never pass on what it does not know: default deny for statements, nodes, functions, operators and types.
package rewrite
