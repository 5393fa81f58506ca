package main

// The two people of the benchmark. Their passwords guard a server that lives for minutes on loopback.
const (
	plainUser        = "plain"
	plainPassword    = "plain-password"
	filteredUser     = "filtered"
	filteredPassword = "filtered-password"
)

// policies govern pgbench's tables: everybody may read them, `filler` is masked for everybody, and who is not in the group
// all-branches sees the lower half of the branches only. pgbench itself counts pgbench_branches at its start.
const policies = `kind: Connection
name: %[4]s
engine: postgres
host: 127.0.0.1
port: %[1]s
database: %[4]s
user: %[2]s
password: {file: %[3]s}
---
kind: User
name: %[5]s
groups: [benchmark, all-branches]
password: {file: %[6]s}
---
kind: User
name: %[7]s
groups: [benchmark]
password: {file: %[8]s}
---
kind: Source
name: %[4]s.public.pgbench_accounts
tags: [Bench]
columns:
  filler: {tags: [Padding]}
---
kind: Source
name: %[4]s.public.pgbench_branches
tags: [Bench]
---
kind: SubscriptionPolicy
name: benchmark-reads
on: {tags: [Bench]}
access: read
effect: grant
allow: {when: "isInGroups('benchmark')"}
---
kind: DataPolicy
name: padding
on: {columnTags: [Padding]}
rules:
  - mask: {columnTags: [Padding], null: true}
---
kind: DataPolicy
name: own-branches
on: {tables: [%[4]s.public.pgbench_accounts]}
rules:
  - rows: bid <= %[9]d
    exceptFor: "isInGroups('all-branches')"
`
