#!/usr/bin/env bash
# tests/interactions/run.sh TARGET [--gc-stress] [OPTION...]: features together; last line `N passed, N failed`. Other
# options are those of `cairn wast`.
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
    # Threads that run at the same time are the hosts'.
    x86_64*/waiting_traps.wast | riscv64*/waiting_traps.wast) continue ;;
    # Quadratic in the depth.
    *-stress/collections_depth.wast) continue ;;
  esac
  scripts+=("$script")
done
# On hosts a heap that is soon full. The machines' own limit has to leave room beside a full heap.
limit=()
case "$target" in host*) limit=(--engine gc-limit=64) ;; esac
exec timeout 600 "$root/build/host/cairn-cli" wast --target "$target" "${limit[@]}" "$@" "${scripts[@]}"
