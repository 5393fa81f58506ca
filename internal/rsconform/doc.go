// Package rsconform checks that a text for Amazon Redshift is of the narrow form that Postern prints.
//
// It is tooling, outside the floors, and imports nothing of the product: its lexer and its lists are its own, so that it and the printers
// cannot be wrong together by sharing code.
//
//   - unload.go: Unload, of UNLOAD and the query in it
//   - conform.go: Check; lex.go: the tokens; scope.go: CheckStored, Binding, of the query of a view; lists.go: keywords, functions and types of the Database Developer Guide
//
// The life of one text: split twice, with and without backslashes as escapes, which must give the same; then each token is looked at in its
// place, with a stack of the brackets around it. Every relation must have its schema or be a query of WITH, every sub-select in FROM a name;
// what runs on the leader node alone must not stand beside a relation.
//
// It must never accept a word that is not on its lists.
package rsconform
