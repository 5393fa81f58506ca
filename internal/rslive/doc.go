// Package rslive asks a real Amazon Redshift what no test without one can show: each Point says what it would prove, and tries it.
//
// Outside the floors: it uses the product's own way to log in, its reader of the history of statements and its registration, as a test does.
//
//   - point.go: Point, Outcome; report.go: Run, and what is printed
//   - cluster.go: Cluster, which logs in and makes what a point needs in a schema of its own, and drops it
//   - sqlpoints.go, viewpoints.go, procedurepoints.go, accountpoints.go, historypoints.go, nativepoints.go: the points
//   - run: the program behind `make test-redshift`
//
// The life of a run: without a cluster every point is printed as not run, and nothing is taken for proven. With one, each point's statements are
// run by themselves; what the cluster says either is as the product takes it to be, or is not, or is only told. Against the stand-in the same
// statements run, which shows that the points work, and every one of them stays unproven.
//
// It must never leave anything in the cluster, touch what it has not made, or call proven what a stand-in says.
package rslive
