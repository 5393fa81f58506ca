#!/usr/bin/env bash
# Measures publishing and deciding with 5,000 sources of 40 columns, 2,000 policies and 20,000 users, and writes what Go's
# benchmarks print to bench/results/DATE-size.txt. The goals: loading is no part of them; compile and publish under 5 s, a
# cold decision on 10 tables under 1 ms, a cached one under 5 µs, memory under 1 GiB. A goal that is missed in processor
# time or memory fails the run; the other columns are wall-clock times, which a busy machine makes longer.
set -euo pipefail
cd "$(dirname "$0")/.."

results=bench/results/$(date -u +%F)-size.txt
mkdir -p bench/results
{
  echo "# Size: 5,000 sources x 40 columns, 2,000 policies, 20,000 users with stored verifiers"
  echo "# commit $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3-), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg) at the start"
  go test -run '^$' -bench '^Benchmark(LoadResources|Publish)$' -benchtime 3x -benchmem ./control
  # Memory by itself: the peak is that of the process.
  go test -run '^$' -bench '^BenchmarkMemory$' -benchtime 1x ./control
  go test -run '^$' -bench '^BenchmarkDecide' -benchmem ./policy
} | tee "$results"
echo "written to $results"
