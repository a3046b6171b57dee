#!/bin/sh
# Makes an initialised MariaDB data directory. Test programs copy the one named by MULTIHUB_TEST_MARIADB_TEMPLATE
# instead of making their own, so that a whole test run initialises once.
#
#   tests/support/make_mariadb_template.sh DIRECTORY
#
# DIRECTORY must not exist yet. Run with root's rights it belongs to the user mysql. Does nothing when DIRECTORY is
# such a directory already.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 DIRECTORY" >&2
  exit 2
fi
target=$1
if [ -f "$target/.complete" ]; then
  exit 0
fi
if [ -e "$target" ]; then
  echo "$0: $target exists and is not a finished template" >&2
  exit 1
fi

# Made elsewhere and moved: the user mysql may not be able to reach DIRECTORY, and a half-made one must not stay.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
set -- --no-defaults "--datadir=$work/data" "--tmpdir=$work" --auth-root-authentication-method=normal --skip-test-db \
  --innodb-log-file-size=48M --innodb-buffer-pool-size=64M
if [ "$(id -u)" -eq 0 ]; then
  chown mysql "$work"
  set -- "$@" --user=mysql
fi
if ! log=$(mariadb-install-db "$@" 2>&1); then
  echo "$log" >&2
  exit 1
fi
touch "$work/data/.complete"
mkdir -p "$(dirname "$target")"
mv "$work/data" "$target"
