// Package push maintains inside a warehouse what the proxy enforces in front of it, for people who connect to it directly.
//
// Floor 5: sibling of rewrite and control, imports neither.
//
//   - settings.go, hazard.go, state.go: the words
//   - desired.go, writable.go, profile.go: Desire: policies and people become a State: pure
//   - admission.go, redshiftadmission.go: who is admitted to what, as rows: the other half of grants
//   - memory.go: what follows from a program and a person, for the next time
//   - groups.go: groups of people as roles; iam.go: log-in by AWS IAM
//   - facts.go, actual.go, acl.go: what is there, read in one snapshot; ungoverned.go, replication.go: ways to the data that are not closed
//   - defaults.go: what columns are where nothing is said: sequences that writers draw from, and defaults of views
//   - diff.go, plan.go, print.go: the difference as a Plan, ordered statements with hazards
//   - rowsecurity.go, rowsecurityactual.go, rowsecuritydiff.go: sources that row policies can say: what should be there, what is, and the difference;
//     rewrites.go: statements that are not run
//   - bootstrap.go: what schema postern_system holds
//   - dialect.go: all in which warehouses differ; postgres.go, postgresdesired.go: PostgreSQL, with the files above
//   - redshift.go, redshiftboot.go, redshiftdesired.go, redshiftread.go, redshiftacl.go, redshiftprint.go, redshiftperson.go, redshiftways.go: Amazon Redshift: the session and
//     the lease, what is kept there, views, what is there, privileges, statements, the profile, ways around
//   - redshiftimpersonate.go: what a Redshift holds for those who act as others; redshiftacts.go: who may, and what is on record of it
//   - sync.go, lock.go, quick.go, apply.go, sessions.go, remove.go: Syncer: one run, from the lock to what is read back; loop.go: runs whenever something changes
//   - lambdaaccess.go: LambdaAccess: who may have what masked by the functions of a Redshift: pure
//   - keeper.go, asked.go: Keeper: the loop of one database, and the runs that somebody asks for beside
//
// The life of one change: Desire works out what should be there; the Syncer takes the database's lock, crawls what is there of ours, and
// plans the difference: what narrows first, then what must be made or changed, then what is given. Where it fits it is one transaction.
// The plan is on record before anything changes. Afterwards it is all read back and compared.
//
// It must never leave anybody with more than they had before or shall have after, whenever it is stopped; never grant to a person; never
// take back or replace what it has not made; and never take a statement that did not fail for one that worked.
package push
