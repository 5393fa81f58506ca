// Package redshift stands between a client's SQL for Amazon Redshift, PostgreSQL's parser, and the SQL that a Redshift gets.
//
// Floor 4: it imports lex, pgerror and the parser. The rewriter (package rewrite) judges between its two halves.
//
// In front of the parser:
//
//   - statement.go: Translate, a client's text as statements in PostgreSQL's grammar; pass.go: the tokens of one
//   - word.go: what each of Redshift's words means, or why it is refused; clause.go: TOP, MINUS, QUALIFY, EXCLUDE, GROUP BY ALL;
//     call.go: CONVERT, APPROXIMATE, LISTAGG, IGNORE NULLS; dateparts.go, literal.go: date parts, strings, intervals; unload.go: UNLOAD; show.go: SHOW of what there is;
//     refused.go: what is never let in, by name
//   - desugar.go: the parsed tree without what only stands for something
//   - viewtext.go: the stored query of a view, late-binding or not, by the same way
//
// Behind the judge:
//
//   - print.go: Print, a judged tree as text for a Redshift; printselect.go, printfrom.go, printexpr.go, printconst.go, printcall.go, printwindow.go,
//     printstmt.go, printwrite.go, printunload.go: its forms. What no file names is refused
//   - readback.go: the printed text must pass lex.Same, and Translate and the parser must make the judged tree of it again
//   - functions.go, functions.tsv: the functions that may be called; types.go: the types that may be named
//
// The life of one statement: its tokens by Redshift's rules; what PostgreSQL has no grammar for becomes a form that it has, or a call of a
// function whose name begins with postern_rs_, which no client may write; parsed; judged (package rewrite); printed in Redshift's own
// words; read back.
//
// It must never pass on a byte of the client's text, nor print a form that it does not name.
package redshift
