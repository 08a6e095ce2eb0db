#!/usr/bin/env bash
# tests/threads/run.sh TARGET: shared memories and threads; last line `N passed, N failed`. A script's threads are threads of the process,
# or fibers of the kernel.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1
made=$root/build/test/threads-$target
mkdir -p "$made"
python3 "$here/contention.py" >"$made/contention.wast" && python3 "$here/litmus.py" 100 >"$made/litmus.wast" || exit 1
exec timeout 600 "${CAIRN_CLI:-$root/build/host/cairn-cli}" wast --target "$target" "$here"/{alone,waiting}.wast "$made"/{contention,litmus}.wast
