// Package difftest proves that what Postern lets through gives the answers of a database that holds nothing else.
//
// It is a harness: its tests run the whole of Postern, and nothing imports it.
//
//	sanitised/           the raw warehouse, and for each person a copy with only what that person may see, made by hand
//	querygen/            random queries, and how a failing one is made small
//	testdata/cases       queries written by hand; cases_test.go says what the lines with @ mean
//	evaluator/           generated policies, and a second meaning of them without a database
//	testdata/policies    the policies whose effect the copies have
//	server_test.go       Postern as `postern serve` wires it, in this process, and the ways in which mutation runs break it
//	wiretap_test.go      looks for markers of hidden values in every byte that a client receives
//	answer_test.go       one statement on one session: rows, columns, types, tag, error
//	oracle_test.go       one statement on both sides, and the verdict
//	cases_test.go        queries written by hand
//	generated_test.go    generated queries; `make oracle` runs many
//	pushed_test.go       generated queries of people who connect directly, where push maintains the raw database
//	pushedcases_test.go  the case files of the module's testdata/cases, proxied, direct and as they say; policycases_test.go reads them
//	rowsecurity_test.go  the same comparisons, and those of generated policies and case files, with row policies on the tables
//	pushedwriters_test.go  the same statements that write, through the proxy and directly, on tables that are alike
//	policies_test.go     generated policies, proxied, direct and evaluated: three answers that must be one; policyqueries_test.go has the queries,
//	                     generatedpolicies_test.go runs them, policymutation_test.go breaks what is pushed
//	redshiftlab_test.go  a stand-in for a Redshift, registered, pushed to, and a proxy in front of it; redshiftpolicies_test.go asks under generated policies, redshiftcases_test.go
//	                     under those of the case files, and redshiftmutation_test.go breaks what is pushed
//	sqlsmith_test.go     what sqlsmith makes up: robustness only
//	mutation_test.go     without filters, masks, reviews or fences the oracle turns red
//
// The life of one comparison: a query is sent through Postern on the raw database and, as it is, to the person's copy; both answers must
// be equal in rows, names, types and tag, or be the same error; and no byte of Postern's may hold a marker.
//
// What says which answer is right must never import policy, sqlgen or rewrite.
package difftest
