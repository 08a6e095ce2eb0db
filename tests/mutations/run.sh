#!/usr/bin/env bash
# Mutated modules must neither crash nor hang anything.   tests/mutations/run.sh host|x86_64|riscv64 COUNT
# host: in the sanitized build, COUNT mutations in a few processes. Machines: each mutation boots one; a program that runs for ever
# there must run for ever hosted too. Last line: N passed, N failed.
set -u
target=$1 count=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CAIRN_ROOT=$root
seeds=("$root"/examples/hello.cpp "$root"/examples/primes.c "$root"/tests/cli/*.wat "$root"/tests/cli/files.c "$root"/tests/mutations/*.wat)

if [ "$target" = host ]; then
  exec "$root/build/host-sanitize/cairn-mutate" run "$count" "${seeds[@]}"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$root/build/host/cairn-mutate" write "$count" "$scratch" "${seeds[@]}" || exit 1
passed=0 failed=0
for ((number = 0; number < count; ++number)); do
  timeout 10 "$root/cairn" run --target "$target" --memory 512M "$scratch/$number.wasm" </dev/null >/dev/null 2>"$scratch/err"
  status=$?
  if [ $status -eq 124 ]; then
    timeout 3 "$root/cairn" run --target host "$scratch/$number.wasm" </dev/null >/dev/null 2>&1
    [ $? -eq 124 ] && status=0
  fi
  case $status in
    70 | 71 | 124 | 137) failed=$((failed + 1)); printf 'FAIL mutation %d on %s: exit status %d: %s\n' "$number" "$target" "$status" "$(tail -n 3 "$scratch/err" | tr '\n' ' ')" ;;
    *) passed=$((passed + 1)) ;;
  esac
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
