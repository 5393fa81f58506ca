#!/usr/bin/env bash
# Runs on PostgreSQL 18 what depends on the server's version: push, registration, the server's log, what people run directly, the fences of the rewriter,
# and a small run of the oracle, proxied and pushed. It fails where the server's binaries cannot be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

POSTERN_PG_BIN=$(scripts/postgres-npm.sh 18) # on a line of its own: an assignment before a command would hide that it failed
export POSTERN_PG_BIN
"$POSTERN_PG_BIN/postgres" --version
go=${GO:-go}
# The package has the server alone: no pgaudit, and no pg_basebackup to make a standby with.
"$go" test -count=1 -timeout 30m -skip '^(TestPgaudit|TestCollectPgaudit|TestStandby)$' ./push ./direct ./warehouse/...
"$go" test -count=1 -timeout 10m -run '^TestFence' ./rewrite
POSTERN_ORACLE_QUERIES=1000 "$go" test -count=1 -timeout 30m \
	-run '^(TestGenerated|TestGeneratedPolicies|TestGeneratedPoliciesByRowSecurity|TestPushed|TestPushedCases|TestPushedDamageShows|TestRefusedForPush|TestCases)$' ./internal/difftest
