#!/usr/bin/env bash
# tests/interactions/run.sh TARGET [--gc-stress] [OPTION...]: runs the scripts of this folder; last line `N passed, N
# failed`. Other options are those of `cairn wast`.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1 stress=
shift
if [ "${1-}" = --gc-stress ]; then
  stress=1
  shift
  set -- --engine gc-stress=on "$@"
fi
scripts=()
for script in "$here"/*.wast; do
  case "$target${stress:+-stress}/${script##*/}" in
    # The script needs threads that run at the same time. It runs on hosts only.
    x86_64*/waiting_traps.wast | riscv64*/waiting_traps.wast) continue ;;
    # The time is quadratic in the depth.
    *-stress/collections_depth.wast) continue ;;
  esac
  scripts+=("$script")
done
# Hosts get a small heap, which is soon full. On machines the kernel's limit must leave room beside a full heap.
limit=()
case "$target" in host*) limit=(--engine gc-limit=64) ;; esac
exec timeout 600 "$root/build/host/cairn-cli" wast --target "$target" "${limit[@]}" "$@" "${scripts[@]}"
