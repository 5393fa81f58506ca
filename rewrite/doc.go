// Package rewrite turns client SQL into guarded SQL.
//
// Floor 5: sibling of push and control, imports neither.
//
// The interface to the proxy, and the way of one text:
//
//   - rewriter.go: Request, Statement, Result; config.go: Config; run.go: New and Rewriter.Rewrite
//   - predicates.go: masked columns that may only be shown; rawequality.go, rawtypes.go, lookup.go: those by whose raw value rows can be
//     looked up
//   - limits.go, nesting.go, paramtypes.go: what is refused before the parser sees it
//   - parse.go: text to tree, errors and positions as PostgreSQL has them
//   - classify.go: the one readable table of statements; settings.go, copy.go: those that need a closer look
//   - explain.go: EXPLAIN; explainexecute.go: of a prepared statement; plan.go: what is shown of a plan; planknown.go: what of it the client wrote itself; plantext.go, planforms.go: its forms
//   - prepared.go: PREPARE, EXECUTE, DECLARE; namesview.go: pg_cursors and pg_prepared_statements
//   - personal.go: settings that are about the person, which the warehouse never gets
//   - path.go: the client's search_path through the statements of one string
//   - walk.go: through a tree; print.go: tree to text, which must read back as the same tree; places.go: where its nodes stand in the client's text
//   - cache.go: exact-text cache
//
// Judging a query, by resolver.go:
//
//   - query.go, with.go: SELECT, VALUES, set operations, WITH; from.go, join.go, fromfunc.go: items of FROM
//   - expr.go: every form of expression; sqljson.go: those of SQL/JSON; functions.go: calls; allow.go: operators, types, collations, constants;
//     listed.go: those of the warehouse's own that an administrator lists
//   - scope.go, resolve.go: names to relations and columns; names.go: what an output column is called
//   - groupkey.go, giveback.go: what a sub-select would lose: GROUP BY a primary key; TABLESAMPLE, row types; tableoid.go: tableoid
//   - tables.go: a name in FROM to a View; views.go: Views per program, person and table; viewbody.go: the stored query of a plain view;
//     fence.go: what keeps the planner from telling
//   - the fences that a statement needs: fenceguard.go, what is known of each filtered table and each column; fenceweigh.go, fenceop.go,
//     fencetypes.go, what an expression may tell; fencelevel.go, the conditions of one query; pushdown.go, what may run below a fence;
//     fencefinish.go, putting them up;
//     flatten.go, tables in the place of Views that need none
//
// For a Redshift (package redshift reads and prints its SQL):
//
//   - dialect.go: the way of one text, the statements that are let in; dialects.go: Rewriters, which choose by the database
//   - dialectwrite.go: the statements that write; dialectunload.go: UNLOAD; redshiftkeys.go: Views that join keys of masks
//   - dialectshow.go: SHOW of what there is
//   - planlines.go: EXPLAIN there, line by line
//   - dialectview.go: the stored query of a view there
//   - dialectcall.go: functions, types, settings, EXCLUDE, lateral aliases, what could be taken for navigation
//   - dialectfence.go: what can fail there, and the guards; dialectcatalog.go: the system views that are answered,
//     dialectpgcatalog.go: pg_class and its like, for psql and psqlODBC
//
// Judging a statement that writes: write.go, the table that is written and what guards it; writestatements.go, each statement; mergecheck.go, the new rows of MERGE; sandbox.go, tables that people make of
// what they see, and sandboxwrite.go, the statements that make them.
//
// The virtual catalogue, which answers for pg_catalog and information_schema:
//
//   - catalog.sql: each relation as a View; builtin.go: a name in FROM to one of these; facts.go: what the person may see, put into
//     their texts; cataloglookup.go: look-ups by oid and name
//   - catalogfuncs.go, catalogtemplates.go: functions about objects; privileges.go: has_table_privilege and its like; regcast.go: regclass
//     and its like
//
// The life of one statement: parse (pg_query), classify by allow-list, resolve every name, ask the program for each table, splice
// the Views in, print canonical text. What is sent is always text that Postern printed.
//
// It must never pass on what it does not know: default deny for statements, nodes, functions, operators and types.
package rewrite
