// Command testsum reads the events of `go test -json` and prints what a person wants to know: each package as it ends, the
// output of what failed, and how many tests really ran.
//
// It is tooling, outside the floors.
//
//	main.go       arguments and streams
//	summary.go    from events to counts
//	required.go   the committed list of tests that must have run
//	named_test.go the names that scripts give to -run and -skip are those of tests
//
// It fails where a test failed, where a test was skipped (the project's tests do not skip: what they need and do not find is
// a failure), where no test ran at all, and where one of testdata/required-tests.txt did not pass.
package main
