#!/usr/bin/env bash
# tests/limits/run.sh TARGET [--quick] [--only NAME]: tests every limit at its edge on a target of `cairn run`. Last
# line: N passed, N failed.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1
shift
memory=()
case "$target" in x86_64 | riscv64) memory=(--memory 3G) ;; esac
exec python3 "$here/limits.py" "$@" "${CAIRN_COMMAND:-$root/cairn}" run --target "$target" "${memory[@]}"
