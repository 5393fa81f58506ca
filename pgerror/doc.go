// Package pgerror holds the only errors whose text reaches a client.
//
// Floor 0: imports nothing of Postern.
//
//   - error.go: Error, the fields of an ErrorResponse (PostgreSQL manual, "Error and Notice Message Fields")
//   - codes.go: one constructor for each situation in which Postern itself speaks, carrying its SQLSTATE
//
// The life of one Error: a package that refuses something calls a constructor; errors travel wrapped with %w; the
// proxy's session finds the Error with errors.As and writes it to the client. Any other error is our own bug or an
// operational detail: the client gets Internal with an id, and the detail stays in the log.
//
// It must never hold a value of a row, a policy's constant or a secret.
package pgerror
