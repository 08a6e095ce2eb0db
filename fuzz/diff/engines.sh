#!/usr/bin/env bash
# fuzz/diff/engines.sh: installs the other engines, V8 by node and wasmtime, under build/fuzz/engines. Does nothing if
# they are there.
set -euo pipefail
export PIP_ROOT_USER_ACTION=ignore
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=$here/../../build/fuzz/engines
if [ -e "$place/.done" ] && [ -z "$(find "$here/engines" -newer "$place/.done" -print -quit)" ]; then exit 0; fi
# Installs the Debian package if the command does not exist.
need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null && return
  local as_root=
  [ "$(id -u)" -eq 0 ] || as_root=sudo
  $as_root apt-get update -qq >&2
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" >&2
}
need npm npm
need pip3 python3-pip
mkdir -p "$place"
cp "$here/engines/package.json" "$here/engines/package-lock.json" "$place"
(cd "$place" && npm ci --silent --no-audit --no-fund >&2)
rm -rf "$place/python"
python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --require-hashes --target "$place/python" -r "$here/engines/requirements.txt" >&2
touch "$place/.done"
