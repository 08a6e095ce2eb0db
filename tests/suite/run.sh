#!/usr/bin/env bash
# tests/suite/run.sh TARGET [OPTION...]: runs the specification's test suite on a target, with options of `cairn wast`.
# Prints a line for each assertion that fails, and a last line `N passed, N failed`. The target host-sanitize is the
# host with sanitizers.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/files.sh"
use_target "$1"
shift
find_suite
made=$(mktemp --suffix=.many_memories.wast)
trap 'rm -f "$made"' EXIT
python3 "$here/many_memories.py" >"$made" || exit 1
CAIRN_ROOT=$root "$cairn" wast --target "$target" "$@" "$made" "${suite_files[@]}"
