#!/bin/sh
# Prints the directory of PostgreSQL's server programs (initdb, pg_ctl, postgres), the newest that is installed. Where there is none
# and we are root on a Debian, installs the distribution's package. Usage: install.sh [--installed]   (--installed: fail rather than install)
set -eu

newest() {
  for directory in $(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -rV); do
    [ -x "$directory/initdb" ] && [ -x "$directory/pg_ctl" ] && { echo "$directory"; return 0; }
  done
  found=$(command -v pg_ctl 2> /dev/null) && command -v initdb > /dev/null && { dirname "$(readlink -f "$found")"; return 0; }
  return 1
}

newest && exit 0
[ "${1:-}" = --installed ] && { echo "PostgreSQL's server is not installed" >&2; exit 1; }
[ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || { echo "PostgreSQL's server is not installed, and only root on a Debian could install it" >&2; exit 1; }
# The tests start servers of their own: the package's default cluster is neither made nor started.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
apt-get update >&2
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql >&2
newest
