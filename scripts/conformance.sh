#!/usr/bin/env bash
# Installs the clients of the conformance suite from their registries (PyPI, npm, Maven Central), at the versions of
# internal/e2e/testdata/conformance, into bin/conformance, and runs them through Postern in front of a real PostgreSQL.
#
#   scripts/conformance.sh            run (make clients)
#   scripts/conformance.sh capture    also write what the clients sent to testdata/corpus, for the tests to replay
set -euo pipefail
cd "$(dirname "$0")/.."

readonly from=internal/e2e/testdata/conformance into=bin/conformance jdbc=42.7.7 redshift=2.1.0.33

has() { command -v "$1" >/dev/null 2>&1; }

# unchanged NAME FILE… reports whether what NAME stands for was installed from these files.
unchanged() { [ -f "$into/$1.installed" ] && [ "$(cat "$into/$1.installed")" = "$(cat "${@:2}" | sha256sum)" ]; }
installed() { cat "${@:2}" | sha256sum >"$into/$1.installed"; }

packages=()
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
has npm || packages+=(npm)
has mvn || packages+=(maven)
if [ ${#packages[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

mkdir -p "$into/java" "$into/node"
if ! unchanged python "$from/requirements.txt"; then
  python3 -m venv "$into/venv"
  "$into/venv/bin/pip" install -q --disable-pip-version-check -r "$from/requirements.txt"
  installed python "$from/requirements.txt"
fi
if ! unchanged moto "$from/moto.txt"; then
  python3 -m venv "$into/moto"
  "$into/moto/bin/pip" install -q --disable-pip-version-check -r "$from/moto.txt"
  installed moto "$from/moto.txt"
fi
if ! unchanged node "$from/package.json"; then
  cp "$from/package.json" "$into/node/"
  (cd "$into/node" && npm install --silent --no-audit --no-fund --ignore-scripts)
  installed node "$from/package.json"
fi
if [ ! -s "$into/java/postgresql-$jdbc.jar" ]; then
  rm -f "$into"/java/*.jar
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="org.postgresql:postgresql:$jdbc" -DoutputDirectory="$PWD/$into/java"
fi

if ! unchanged redshift "$from/requirements-redshift.txt"; then
  python3 -m venv "$into/venv-redshift"
  "$into/venv-redshift/bin/pip" install -q --disable-pip-version-check -r "$from/requirements-redshift.txt"
  installed redshift "$from/requirements-redshift.txt"
fi
if [ ! -s "$into/java-redshift/redshift-jdbc42-$redshift.jar" ]; then
  mkdir -p "$into/java-redshift"
  rm -f "$into"/java-redshift/*.jar
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="com.amazon.redshift:redshift-jdbc42:$redshift" -DoutputDirectory="$PWD/$into/java-redshift"
fi

# psqlODBC and unixODBC's isql, unpacked rather than installed: nothing of the machine is changed.
if [ ! -x "$into/odbc/usr/bin/isql" ]; then
  mkdir -p "$into/odbc/packages"
  (cd "$into/odbc/packages" && apt-get -qq download odbc-postgresql unixodbc libodbc2 libodbcinst2 libltdl7 libreadline8 2>/dev/null)
  for package in "$into"/odbc/packages/*.deb; do
    dpkg -x "$package" "$into/odbc"
  done
fi

if [ "${1:-}" = capture ]; then
  POSTERN_CAPTURE="$PWD/testdata/corpus"
  export POSTERN_CAPTURE
fi
"${GO:-go}" test -tags conformance -count=1 -v -run 'TestMoto$' ./warehouse/awsauth
exec "${GO:-go}" test -tags conformance -count=1 -v -run 'Test(Conformance|RedshiftClients)$' ./internal/e2e
