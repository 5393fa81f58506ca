#!/usr/bin/env bash
# Runs every fuzz target of the module for a while (FUZZTIME, 20s each by default), one after the other. It fails where
# there is none: a fuzz step that finds nothing to run would look the same as one that finds no fault.
set -euo pipefail
cd "$(dirname "$0")/.."

count=0
while read -r folder; do
  package=./${folder#./}
  for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" -fuzzminimizetime 10x "$package"
    count=$((count + 1))
  done
done < <(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n 1 dirname | sort -u)

[ "$count" -gt 0 ] || { echo "fuzz: no fuzz target found" >&2; exit 1; }
echo "fuzz: $count targets ran for ${FUZZTIME:-20s} each"
