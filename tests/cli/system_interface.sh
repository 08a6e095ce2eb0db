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

# The kernel logs it when a program that is not the main program leaves something on its account.
case "$target" in host*) names= ;; *) names="ends pipe broken tree bad" ;; esac
for name in $names; do
  cat >"$scratch/system.toml" <<END
[[program]]
name = "system"
module = "$(realpath "$here/system/system.c")"
arguments = ["$name"]
allow = ["system"]
END
  run --verbose "$scratch/system.toml"
  if [ "$status" -eq 0 ] && ! grep -q 'on its account' "$scratch/err"; then
    ok
  else
    bad "account after $name" "exit status $status: $(grep 'on its account' "$scratch/err")"
  fi
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
