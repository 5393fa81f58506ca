// Package control holds what is in force: people, connections and compiled policies, as one generation that is swapped
// atomically.
//
// Floor 5: sibling of rewrite and push, imports neither. It imports sqlgen, policy, warehouse, catalog, identity, and
// control/resource below it.
//
//   - generation.go: Generation, an immutable answer to "who, what, where"
//   - again.go: what of a publication the next one need not work out anew
//   - publisher.go: Publisher: Current, Publish, Subscribe
//   - freshness.go: Freshness: until when what is in force may be acted on unconfirmed
//   - compile.go: one set of resources and the crawls become a Generation, or every mistake at once
//   - snapshot.go: a crawl and Source resources become a catalog.Snapshot
//   - objects.go, binding.go, tainted.go: what is known of the warehouses' objects, and which sources still are what their authors meant; objectdiff.go: what
//     became of them, told once; objectsync.go: looking, and accepting what somebody has looked at;
//     catalogwatch.go: looking when there is something to see
//   - reviews.go, reviewfile.go: which columns were there when their source was registered
//   - approvals.go, projects.go: Approval, Project and Purpose resources become what policies decide by
//   - standing.go, acting.go: in which project each person acts, what they acknowledged, for whom they act; control/store keeps it
//   - procedures.go: what people ask by procedures in a warehouse
//   - outside.go: what identity sources other than the resources say of people
//   - expiry.go: what ends is published anew at its instant
//   - people.go: users become principals and verifiers
//   - check.go: what must hold of a program: every dialect can print it, every key is there
//   - sessions.go: one session in each warehouse that has to be listened to
//   - dialing.go: how each connection is dialed, with what AWS gave for it
//   - trials.go: what authors wrote in SQL is prepared by the warehouse before it is published
//   - push.go: Pushes, the warehouses in which something is maintained, and what cannot be said there
//   - register.go: Registration, what a connection's warehouse needs for a set
//   - state.go, lease.go, collecting.go, queue.go, access.go: what control/store keeps
//   - registry.go, filechanges.go, plan.go, apply.go, listing.go: Registry: all resources, of files and stored, and their changes
//   - follower.go: Follower keeps one server in step with a state that several share
//   - webhook: the room of what tells endpoints of changes, from queue.go
//   - desk.go: Desk takes requests for access and has them answered
//   - watcher.go: Watcher: files that change are published again
//
// The life of one Generation: resource files are read as a Set; passwords become verifiers; each connection is crawled;
// sources give tags and reviews to what the crawl found; the policies are compiled against it; every view is printed once.
// Any mistake on the way: nothing changes, and all mistakes are reported together. Otherwise the pointer is swapped and
// subscribers are told. Sessions hold names and ask the current Generation at every statement.
//
// It must never publish a part of a set, or answer for anyone before the first publication.
package control
