#!/usr/bin/env bash
# tests/interactions/run.sh TARGET [OPTION...]: features together; last line `N passed, N failed`. Options are those of `cairn wast`.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1
shift
scripts=()
for script in "$here"/*.wast; do
  # Threads that run at the same time are the hosts'.
  case "$target/${script##*/}" in x86_64/waiting_traps.wast | riscv64/waiting_traps.wast) continue ;; esac
  scripts+=("$script")
done
exec timeout 600 "$root/build/host/cairn-cli" wast --target "$target" "$@" "${scripts[@]}"
