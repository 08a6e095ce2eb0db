#!/usr/bin/env bash
# tests/cli/many_programs.sh TARGET [OPTION...]: runs a thousand programs at once on a machine of 1 GiB. Each waits
# until all have started, and computes a number. The options are for `run`. Last line: N passed, N failed.
target=$1 group=many_programs/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"
shift

cp "$here/wait_and_count.wat" "$scratch"
for number in {0..998}; do
  printf '[[program]]\nname = "p%d"\nmodule = "wait_and_count.wat"\n' "$number"
done >"$scratch/s.toml"
(cd "$scratch" && timeout 300 "$cairn" run --target "$target" --cpus 2 --verbose "$@" s.toml) </dev/null \
  >"$scratch/out" 2>"$scratch/err"
status=$?
# It is 0 only if each program has ended with 0.
[ "$status" -eq 0 ] && ok || bad status "exit status $status; stderr: $(tail -c 600 "$scratch/err")"
# The log's times are seconds since boot. (On a slow port, some of its lines are lost.) All programs are there at the
# same time when the first ends after the last has started.
times_of() { sed -nE 's/^\[ *([0-9.]+)\] program [0-9]+ `p[0-9]+` '"$1"'.*/\1/p' "$scratch/err"; }
last_start=$(times_of starts | tail -n 1) first_end=$(times_of ended | head -n 1)
awk "BEGIN { exit !(${last_start:-1} < ${first_end:-0}) }" && ok ||
  bad "at once" "the last start was at ${last_start:-no time}, the first end at ${first_end:-no time}"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
