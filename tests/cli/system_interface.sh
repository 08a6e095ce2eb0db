#!/usr/bin/env bash
# tests/cli/system_interface.sh TARGET: tests programs that start programs.
# Last line: N passed, N failed.
target=$1 group=system/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"

# run ARGS...: sets status; the output is in $scratch/out and $scratch/err.
run() {
  timeout 120 "$cairn" run --target "$target" "$@" </dev/null >"$scratch/out" 2>"$scratch/err"
  status=$?
}

for name in ends pipe broken stop limits bad bomb tree; do
  options=()
  [ "$name" != bomb ] || options=(--limit fibers=8)
  run --allow system "${options[@]}" "$here/system/system.c" "$name"
  if [ "$status" -eq 0 ] && [ "$(cat "$scratch/out")" = good ]; then
    ok
  else
    bad "$name" "exit status $status: $(head -c 300 "$scratch/out") $(head -c 600 "$scratch/err")"
  fi
done

run "$here/system/system.c" ends
if [ "$status" -eq 65 ] && grep -q -- '--allow system' "$scratch/err"; then
  ok
else
  bad no_capability "exit status $status: $(head -c 400 "$scratch/err")"
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
