// Package sqlgen prints decisions as SQL text.
//
// Floor 4: one file a dialect.
//
//   - dialect.go: Dialect, a value that says what a warehouse can print; Check
//   - view.go: the guarded SELECT over one base table, and its fence
//   - postgres.go, postgreskeyed.go: expressions for PostgreSQL
//   - profile.go: what deferred decisions look up of the person; StoredView; writableview.go: one that can be written to; rowpolicy.go: conditions of row policies; admission.go: what these ask first
//   - quote.go: names, constants, types; names.go: the same for those who print other statements
//   - redshift.go, redshifttype.go, redshiftop.go, redshiftcall.go, redshiftkeyed.go, redshiftbuiltin.go, redshiftregex.go, redshiftliteral.go,
//     redshiftquote.go, redshiftselect.go: the same for Amazon Redshift, each expression with its type
//   - redshiftstored.go, redshiftperson.go: deferred decisions for Amazon Redshift; redshiftprofile.go: the rows that they read of a person;
//     redshiftguarantee.go: how far they keep from people what is hidden
//
// cases_test.go runs testdata/cases, one story each, on a real server; total_test.go runs every mask over the ends of every
// type; meaning_test.go compares rules as written and as printed.
//
// The life of one View: policy decides, View prints `SELECT columns and masks FROM only-the-base-table WHERE filter` with
// every function, operator, type and table schema-qualified, so that no search path can change its meaning.
//
// It must never print a secret, and Check refuses when a policy is published, never later.
package sqlgen
