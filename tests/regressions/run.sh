#!/usr/bin/env bash
# tests/regressions/run.sh TARGET: runs the scripts of this folder once in each lane: with different compiler options.
# Last line: N passed, N failed.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
passed=0 failed=0
for lane in "" "--engine opt=none" "--engine registers=6" "--engine cpu=none" "--engine verify=on" "--bounds check"; do
  # shellcheck disable=SC2086
  output=$(timeout 300 "$root/build/host/cairn-cli" wast --target "$1" $lane "$here"/*.wast 2>&1)
  status=$?
  read -r good bad < <(printf '%s\n' "$output" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' | tail -n 1)
  passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0}))
  if [ $status -ne 0 ] || [ "${good:-0}" -eq 0 ]; then
    [ "${bad:-0}" -gt 0 ] || failed=$((failed + 1))
    printf 'FAIL lane "%s" (exit status %d)\n%s\n' "$lane" "$status" "$(printf '%s\n' "$output" | tail -n 20)"
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
