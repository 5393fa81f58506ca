#!/usr/bin/env bash
# Prints a folder for NODE_PATH in which require('pg') works, from Debian's packages only.
#
# Where Debian's own nodejs is installed, its package node-pg is too (scripts/setup.sh) and the folder is Debian's. A Node.js
# from elsewhere cannot satisfy node-pg's dependencies; then the packages are unpacked, not installed, into a cache.
set -euo pipefail

works() { NODE_PATH="$1" node -e "require('pg')" >/dev/null 2>&1; }

command -v node >/dev/null || { echo "node-pg.sh: node is not installed" >&2; exit 1; }
debian=/usr/share/nodejs
if works "$debian"; then echo "$debian"; exit 0; fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/postern/node-pg
if works "$cache/usr/share/nodejs"; then echo "$cache/usr/share/nodejs"; exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(
  cd "$work"
  apt-get download -qq node-pg node-async node-split2 node-xtend node-readable-stream node-inherits \
    node-string-decoder node-safe-buffer node-util-deprecate >&2 2>/dev/null ||
    { echo "node-pg.sh: Debian's node-pg packages cannot be downloaded (run apt-get update?)" >&2; exit 1; }
)
mkdir -p "$cache"
for deb in "$work"/*.deb; do dpkg -x "$deb" "$cache"; done
works "$cache/usr/share/nodejs" || { echo "node-pg.sh: unpacked node-pg does not load" >&2; exit 1; }
echo "$cache/usr/share/nodejs"
