#!/usr/bin/env bash
# tests/threads/run.sh TARGET: runs the tests of shared memories and threads. Last line: N passed, N failed.
# The threads of a script are threads of the process for host and host-riscv64, and fibers of the kernel for x86_64 and
# riscv64.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1
made=$root/build/test/threads-$target
mkdir -p "$made"
# 100 is the number of chunks of each litmus test. The threads meet before each chunk.
python3 "$here/contention.py" >"$made/contention.wast" && python3 "$here/litmus.py" 100 >"$made/litmus.wast" || exit 1
exec timeout 600 "${CAIRN_CLI:-$root/build/host/cairn-cli}" wast --target "$target" "$here"/{alone,waiting}.wast \
  "$made"/{contention,litmus}.wast
