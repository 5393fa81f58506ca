// Package lex splits SQL into tokens, by PostgreSQL's rules and by Amazon Redshift's.
//
// Floor 0: it imports nothing of Postern.
//
//   - token.go: Token and its kinds; Rules
//   - scan.go: Scan, the one scanner for both rules; quoted.go: strings and names in quotes; number.go, operator.go: the rest
//   - gate.go: Same, which lets a text pass only where both rules agree
//   - reserved.go: the words that Redshift reserves and PostgreSQL does not
//
// Where the two differ (Database Developer Guide, "Names and identifiers", "Reserved words"; PostgreSQL manual, 4.1):
//
//   - in an ordinary string a backslash takes the next character with it on Redshift, and is a character on PostgreSQL;
//   - a name in quotes keeps its case on PostgreSQL, and is folded on Redshift, where enable_case_sensitive_identifier is off;
//   - a name has 63 bytes on PostgreSQL, which cuts the rest off, and 127 on Redshift;
//   - Redshift has no E'…', U&'…', B'…' and X'…', no numbers in other bases or with underscores, and names that begin with #.
//
// The life of one text: Scan reads it once from left to right, and returns its tokens with their places and what they mean, or the
// first thing in it that is no token. Same scans it twice and compares.
//
// It must never panic, never read a byte twice without end, and never guess: what neither manual says is an error.
package lex
