#!/usr/bin/env bash
# Measures push with 5,000 tables and 2,000 people (TABLES=, PEOPLE=): the syncs by themselves, and how soon a change that is applied to a running server is
# seen at the warehouse; and writes what they print to bench/results/DATE-push.txt. The goal is one second.
set -euo pipefail
cd "$(dirname "$0")/.."

export POSTERN_PUSH_TABLES=${TABLES:-5000} POSTERN_PUSH_PEOPLE=${PEOPLE:-2000}
results=bench/results/$(date -u +%F)-push.txt
mkdir -p bench/results
{
  echo "# commit $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3-), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg) at the start"
  go test -run '^$' -bench '^BenchmarkSize$' -benchtime 1x -timeout 30m ./push | grep -v '^ok\|^PASS'
  POSTERN_PUSH_GOAL=${GOAL:-1} go test -count=1 -v -timeout 30m -run '^TestPushAtSize$' ./internal/e2e | grep -v '^===\|^ok\|^PASS'
} | tee "$results"
