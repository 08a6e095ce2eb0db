#!/usr/bin/env bash
# tests/suite/deterministic.sh TARGET [OPTION...]: tests relaxed vector instructions in the mode in which their results
# are the same on every target: exactly those of deterministic.wast, which the suite must allow, too. Last line `N
# passed, N failed`.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/files.sh"
use_target "$1"
shift
find_suite
CAIRN_ROOT=$root exec "$cairn" wast --target "$target" "$@" --engine relaxed=deterministic "$here/deterministic.wast" \
  "$suite"/*relaxed*.wast
