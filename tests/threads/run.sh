#!/usr/bin/env bash
# tests/threads/run.sh TARGET: shared memories and threads; last line `N passed, N failed`. What needs threads at the same time
# runs where there are some: in the processes of the host.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1
scripts=("$here/alone.wast")
if [[ $target == host* ]]; then
  made=$root/build/test/threads-$target
  mkdir -p "$made"
  python3 "$here/contention.py" >"$made/contention.wast" && python3 "$here/litmus.py" 100 >"$made/litmus.wast" || exit 1
  scripts+=("$here/waiting.wast" "$made/contention.wast" "$made/litmus.wast")
fi
exec timeout 600 "${CAIRN_CLI:-$root/build/host/cairn-cli}" wast --target "$target" "${scripts[@]}"
