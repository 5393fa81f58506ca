#!/usr/bin/env bash
# Installs what is missing on a Debian or Ubuntu machine, and nothing else; where all is there, it needs no network.
#
#   scripts/setup.sh build   Go (checked only), a C compiler, certificates for the download of modules
#   scripts/setup.sh demo    also a PostgreSQL server
#   scripts/setup.sh test    also the clients of the end-to-end tests (psql, Node.js with node-pg, JDBC with a JDK), sqlsmith, and
#                            PgBouncer, with which benchmarks compare
#
# A PostgreSQL that is already there is left alone: no cluster of the machine is created, started, stopped or changed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly min_postgres=15
packages=()

die() { echo "setup: $*" >&2; exit 1; }
say() { echo "setup: $*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

# as_root runs a command with the rights to install.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    has sudo || die "installing ${packages[*]} needs root: run as root or install sudo"
    sudo "$@"
  fi
}

# at_least WANTED HAVE compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

check_go() {
  local want have
  want=$(sed -n 's/^go //p' go.mod)
  has go || die "Go is not installed; Postern needs Go $want or newer: https://go.dev/dl"
  # Asked outside of the module: inside, an old Go would answer with an error, or fetch a newer one.
  have=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || have=
  [ -n "$have" ] || have=$(cd / && go version | cut -d' ' -f3)
  at_least "$want" "${have#go}" && return
  # Since 1.21 Go fetches the release that go.mod asks for, unless it was told not to.
  if at_least 1.21 "${have#go}" && go version >/dev/null 2>&1; then
    return
  fi
  die "Go ${have#go} is too old; Postern needs Go $want or newer: https://go.dev/dl"
}

# want PACKAGE… notes packages to install.
want() { packages+=("$@"); }

check_compiler() {
  # The parser is PostgreSQL's own, in C: a compiler without the C library's headers does not do.
  if ! printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | "${CC:-gcc}" -x c - -o /dev/null 2>/dev/null; then
    want gcc libc6-dev
  fi
}

check_certificates() {
  if [ -z "${SSL_CERT_FILE:-}" ] && [ ! -s /etc/ssl/certs/ca-certificates.crt ]; then
    want ca-certificates
  fi
}

# server_of DIR prints the major version of the server in a folder, or nothing.
server_of() {
  if [ -x "$1/postgres" ] && [ -x "$1/initdb" ]; then
    "$1/postgres" --version | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p'
  fi
}

check_postgres() {
  local dir major
  if [ -n "${POSTERN_PG_BIN:-}" ]; then
    major=$(server_of "$POSTERN_PG_BIN")
    [ "${major:-0}" -ge "$min_postgres" ] ||
      die "POSTERN_PG_BIN=$POSTERN_PG_BIN holds no PostgreSQL server of at least $min_postgres"
    return
  fi
  for dir in $(has postgres && dirname "$(readlink -f "$(command -v postgres)")") /usr/lib/postgresql/*/bin; do
    major=$(server_of "$dir")
    [ "${major:-0}" -lt "$min_postgres" ] || return 0
  done
  postgres_wanted=yes # which package that is, is known once the package lists are fresh
}

# postgres_package prints the newest server package that the system offers.
postgres_package() {
  local major
  major=$(apt-cache pkgnames postgresql- | sed -n 's/^postgresql-\([0-9]\{1,\}\)$/\1/p' | sort -n | tail -n 1)
  [ -n "$major" ] || die "the system's packages hold no PostgreSQL server; set POSTERN_PG_BIN to the folder of one"
  [ "$major" -ge "$min_postgres" ] ||
    die "the system's packages hold PostgreSQL $major and Postern needs $min_postgres or newer: add the repository of https://wiki.postgresql.org/wiki/Apt, or set POSTERN_PG_BIN"
  echo "postgresql-$major"
}

# check_pgaudit wants the extension for the newest server of the system's packages: a test reads what it logs.
check_pgaudit() {
  [ -z "${POSTERN_PG_BIN:-}" ] || return 0
  if [ -n "$postgres_wanted" ]; then return; fi # comes with the server, see install_packages
  local newest
  newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sed -n 's#.*/\([0-9]*\)/bin$#\1#p' | sort -n | tail -n 1)
  [ -z "$newest" ] || [ -e "/usr/lib/postgresql/$newest/lib/pgaudit.so" ] || want "postgresql-$newest-pgaudit"
}

node_pg_works() { has node && NODE_PATH=/usr/share/nodejs node -e "require('pg')" >/dev/null 2>&1; }

check_clients() {
  has psql || want postgresql-client
  has javac || want default-jdk-headless
  has sqlsmith || want sqlsmith
  [ -e /usr/share/java/postgresql.jar ] || want libpostgresql-jdbc-java
  # A Node.js that is not Debian's cannot have Debian's node-pg installed beside it; scripts/node-pg.sh unpacks it then.
  if ! has node; then
    want nodejs node-pg
  elif ! node_pg_works && dpkg-query -W -f '${Maintainer}' nodejs 2>/dev/null | grep -q -e debian -e ubuntu; then
    want node-pg
  fi
}

install_packages() {
  if [ ${#packages[@]} -eq 0 ] && [ -z "$postgres_wanted" ]; then return; fi
  has apt-get || die "this is not Debian or Ubuntu (no apt-get): install ${packages[*]}${postgres_wanted:+ and a PostgreSQL server of at least $min_postgres} yourself"
  as_root apt-get update -qq || die "apt-get update did not go through; see above"
  if [ -n "$postgres_wanted" ]; then
    local server
    server=$(postgres_package) # on a line of its own, so that its failure ends the script
    want "$server"
    [ "$what" != test ] || want "$server-pgaudit"
  fi
  say "installing ${packages[*]}"
  keep_debian_quiet
  local log
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get could not install ${packages[*]}; see above"
  fi
  rm -f "$log"
}

# keep_debian_quiet stops the server's package from making and starting a cluster on port 5432, where the machine has
# none yet; the file is removed again, so that a later installation does as Debian does.
keep_debian_quiet() {
  [ -n "$postgres_wanted" ] || return 0
  if compgen -G '/etc/postgresql/*/*' >/dev/null; then return; fi
  local folder=/etc/postgresql-common/createcluster.d
  as_root mkdir -p "$folder"
  echo 'create_main_cluster = false' | as_root tee "$folder/postern-setup.conf" >/dev/null
  trap 'as_root rm -f /etc/postgresql-common/createcluster.d/postern-setup.conf' EXIT
}

# stop_pgbouncer undoes the service that the package starts: benchmarks start their own.
stop_pgbouncer() {
  if [ -d /run/systemd/system ]; then
    as_root systemctl disable --quiet --now pgbouncer
  elif [ -x /etc/init.d/pgbouncer ]; then
    as_root /etc/init.d/pgbouncer stop >/dev/null || true # it may not have been started at all
  fi
}

main() {
  local what=${1:-} pgbouncer_wanted=
  postgres_wanted=
  case $what in
    build | demo | test) ;;
    *) die "usage: scripts/setup.sh build|demo|test" ;;
  esac
  check_go
  check_compiler
  check_certificates
  case $what in demo | test) check_postgres ;; esac
  if [ "$what" = test ]; then
    check_pgaudit
    check_clients
    if ! has pgbouncer && [ ! -x /usr/sbin/pgbouncer ]; then
      want pgbouncer
      pgbouncer_wanted=yes
    fi
  fi
  install_packages
  if [ -n "$pgbouncer_wanted" ]; then stop_pgbouncer; fi
}

main "$@"
