#!/usr/bin/env bash
# tests/bombs/run.sh [--all]: modules that are built to be expensive cost at most ten times an ordinary one, per byte.
# Last line: N passed, N failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CAIRN_ROOT=$root
size=(--bytes 200000)
[ "${1-}" != --all ] || size=(--bytes 7654321 --opcodes)
exec "$root/build/host/cairn-bombs" "${size[@]}" "$root/tests/bombs/real_program.cc"
