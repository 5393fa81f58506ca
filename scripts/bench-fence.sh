#!/usr/bin/env bash
# Measures row filters without a policy, rewritten, through a security_barrier view and under row-level security, and writes the ratios to
# bench/results/DATE-fence.md.
set -euo pipefail
cd "$(dirname "$0")/.."

results=bench/results/$(date -u +%F)-fence.md
mkdir -p bench/results
{
  echo "# What row filters cost"
  echo
  echo "Commit $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3-)."
  echo
  go run ./bench/fence -rounds "${ROUNDS:-9}"
  echo
  go run ./bench/fence -rounds "${ROUNDS:-9}" -prepared
} | tee "$results"
