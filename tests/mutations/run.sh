#!/usr/bin/env bash
# tests/mutations/run.sh host|x86_64|riscv64 COUNT: runs COUNT mutated modules, which must neither crash nor hang
# anything. On host, they run in a few processes of the sanitized build. On machines, many run in each boot, and the
# kernel checks that each leaves its memory as it was. Last line: N passed, N failed.
set -u
target=$1 count=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CAIRN_ROOT=$root
seeds=("$root"/tests/cli/*.wat "$root"/tests/mutations/*.wat)

if [ "$target" = host ]; then
  exec "$root/build/host-sanitize/cairn-mutate" run "$count" "$root"/examples/hello.cpp "$root"/examples/primes.c \
    "$root"/tests/cli/files.c "${seeds[@]}"
fi

# The seeds are small, so that many fit in a boot: modules of the command's tests, and of the specification's suite if
# it is there.
suite=$root/../shared/wasm-testsuite
if [ -d "$suite" ]; then seeds+=("$suite"/*.wast); else seeds+=("$root"/tests/threads/*.wast); fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$root/build/host/cairn-mutate" write "$count" "$scratch" "${seeds[@]}" || exit 1
"$root/tests/mutations/try.py" "$target" "$scratch"
