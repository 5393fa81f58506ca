#!/usr/bin/env bash
# Measures how long after a publication 200 open sessions are refused, and writes the histogram to
# bench/results/DATE-revocation.txt. The test fails where it takes a second or longer.
set -euo pipefail
cd "$(dirname "$0")/.."

results=bench/results/$(date -u +%F)-revocation.txt
mkdir -p bench/results
{
  echo "# commit $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3-), load $(cut -d' ' -f1 /proc/loadavg) at the start"
  POSTERN_REVOCATION_GOAL=1s go test -count=1 -v -run '^TestRevocationOfManySessions$' ./internal/e2e | grep -v '^===\|^ok\|^PASS'
} | tee "$results"
