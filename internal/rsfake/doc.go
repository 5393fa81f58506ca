// Package rsfake is a stand-in for Amazon Redshift: a server that speaks Redshift's protocol and runs what it is told on a
// real PostgreSQL, as the user who logged in. It is for tests and for the demo, where no Redshift is at hand.
//
// It is tooling, outside the floors, and imports nothing of the product: what it knows of Redshift it knows by itself, from
// the Database Developer Guide and the source of AWS's drivers, so that it can be held against what the product believes.
//
// Layers, from the socket inwards:
//
//   - config.go, server.go: Config, Start, what tests can ask; rsfaketest: the same for tests
//   - startup.go: TLS, the start-up packet, cancel requests; auth.go, digest.go: codes 3, 5, 13 and 14, never SCRAM
//   - session.go, frame.go: the relay, and what is replaced on the way back
//   - translate.go: Translate, one statement after the other; lex.go, tokens.go: Redshift's tokens, in which a backslash in a
//     string is an escape and quoted names are folded
//   - query.go, lateral.go, functions.go, lists.go: SELECT and its like; ddl.go, routine.go, external.go, principal.go, grant.go, scoped.go, settings.go
//   - querylog.go: the log of statements, which sys_query_history and stl_query show
//   - unload.go, s3.sql: UNLOAD, into a folder that stands for S3
//   - shim.sql, catalog.sql: Redshift's functions and system views
//
// The life of one statement: its tokens are read by Redshift's rules; what Redshift refuses is refused with an SQLSTATE; what
// PostgreSQL says otherwise is put into its words; the rest is sent as it came. PostgreSQL runs it with
// standard_conforming_strings off, as the person's own role. What is refused reaches PostgreSQL as a text that its parser
// refuses, so that the state of the session is PostgreSQL's own doing, and the error is replaced on its way back. A statement
// that needs several of PostgreSQL's is a DO block, which tells by a message what tag the client is to see.
//
// What it does not do, so that nothing shown on it proves this of Redshift: planning and pushing of predicates, distribution,
// late binding (a view WITH NO SCHEMA BINDING is an ordinary one with a mark), SUPER and PartiQL, COPY, UNLOAD in other formats than text, CSV and JSON, datashares and scoped permissions (there are rows of
// them, which open nothing), row-level security and masking policies, Lambda functions (they can be made, and a call of
// one fails), statements of procedures in the log of statements, and statements in it that still run, other databases, comparisons that ignore trailing blanks, names of more than 63
// bytes, primary keys that are not enforced, TRUNCATE that commits, one cursor per session, and text that a procedure puts
// together and runs by EXECUTE, which is not translated.
//
// What it must never do: accept what it knows Redshift to refuse, offer SCRAM, let a session act as another user than the one
// who logged in, allocate by a length that a client has announced beyond 64 MiB, or panic on any text.
package rsfake
