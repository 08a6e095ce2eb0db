#!/usr/bin/env bash
# tests/cli/threads.sh TARGET: tests what a user sees of programs with threads.
# Last line: N passed, N failed.
target=$1 group=threads/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"
case "$target" in host*) machine= ;; *) machine=1 ;; esac

# run ARGS...: sets status; the output is in $scratch/out and $scratch/err. Standard input stays open and empty.
mkfifo "$scratch/open"
exec 3<>"$scratch/open"
input=$scratch/open
run() {
  timeout 120 "$cairn" run --target "$target" "$@" <"$input" >"$scratch/out" 2>"$scratch/err"
  status=$?
}

# expect NAME STATUS [PATTERN]...: checks the status of the last run, and that standard error has a line for each
# pattern.
expect() {
  local name=$1 pattern
  if [ "$status" -ne "$2" ]; then
    bad "$name" "exit status $status, not $2; stderr: $(head -c 400 "$scratch/err")"
    return
  fi
  shift 2
  for pattern in "$@"; do
    if ! grep -qE -- "$pattern" "$scratch/err"; then
      bad "$name" "no \`$pattern\` in: $(head -c 400 "$scratch/err")"
      return
    fi
  done
  ok
}

# ways MAIN THREAD [OPTIONS]: runs threads/ways.wat with the code MAIN for the main thread and the code THREAD for each
# thread that it starts.
ways() {
  local main=$1 thread=$2
  shift 2
  sed "s/MAIN/$main/; s/THREAD/$thread/" "$here/threads/ways.wat" >"$scratch/ways.wat"
  run "$@" "$scratch/ways.wat"
}

run "$here/threads/count.wat"
expect count 0
for cpus in ${machine:+1 4}; do
  run --cpus "$cpus" "$here/threads/count.wat"
  expect "count/$cpus" 0
done

run "$here/threads/pthreads.c"
expect pthreads 0
[ "$(sort "$scratch/out")" = "$(echo right; printf 'thread %d\n' {0..7})" ] && ok ||
  bad pthreads/output "$(head -c 400 "$scratch/out")"

# One thread ends the program while the others compute, wait for each other, read and sleep.
each='(call $endless (local.get 1))'
four='(call $start_four) (call $nap)'
ways "$four" "$each"
expect main/returns 0
ways "$four (call \$exit)" "$each"
expect main/exits 42
ways "$four (call \$trap)" "$each"
expect main/traps 134 '^trap: unreachable$' '^ +1: '
for way in 0 1 2 3; do
  main="(call \$start_four) (call \$start (i32.const 4)) (call \$endless (i32.const $way))"
  ways "$main" "(if (i32.lt_u (local.get 1) (i32.const 4)) (then $each)) (call \$nap) (call \$exit)"
  expect "thread/exits/$way" 42
  ways "$main" "(if (i32.lt_u (local.get 1) (i32.const 4)) (then $each)) (call \$nap) (call \$trap)"
  expect "thread/traps/$way" 134 '^trap: unreachable \(in thread 5\)$' '^ +0: .*trap' '^ +1: '
  [ "$(wc -l <"$scratch/err")" -eq 3 ] && ok || bad "thread/traps/$way/lines" "$(head -c 400 "$scratch/err")"
done
# Nobody is left to end the wait.
ways '(call $wait)' ''
expect deadlock/alone 134 '^trap: .*deadlock'
ways '(call $start (i32.const 0)) (call $wait)' '(call $wait)'
expect deadlock/two 134 '^trap: .*deadlock'
ways '(call $start (i32.const 0)) (call $wait)' ''
expect deadlock/left 134 '^trap: .*deadlock'

# Limits hold for the program. CPU time is that of all threads.
ways '(call $start_four) (call $busy)' '(call $busy)' --limit cpu-time=400ms
expect limit/cpu 134 'has reached its limit of 400 ms of CPU time'
ways '(call $start_four) (call $wait)' '(call $busy)' --limit cpu-time=400ms
expect limit/cpu/threads 134 'has reached its limit of 400 ms of CPU time'
ways '(call $start_four) (call $wait)' "$each" --limit wall-time=400ms
expect limit/wall 134 'has reached its limit of 400 ms$'

# A program starts threads until it is refused.
run "$here/threads/flood.wat"
expect flood 0
input=/dev/null
run --raw --with "$here/threads/flood.wat" "$here/count.c" 8 main
input=$scratch/open
expect flood/beside 3
[ "$(grep -c '^main ' "$scratch/out")" -eq 8 ] && ok || bad flood/beside/output "$(head -c 400 "$scratch/out")"

# A module that starts threads must import a shared memory and export wasi_thread_start.
printf '(module (import "wasi" "thread-spawn" (func (param i32) (result i32))) (memory (export "memory") 1)
  (func (export "wasi_thread_start") (param i32 i32)) (func (export "_start")))' >"$scratch/own.wat"
run "$scratch/own.wat"
expect needs/memory 65 '^cairn: .*thread-spawn and no shared memory'
for start in '(func $x (param i32))' '(func (export "wasi_thread_start") (param i32))' \
  '(memory (export "wasi_thread_start") 1)'; do
  printf '(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
    (import "a" "b" (memory 1 1 shared)) %s (func (export "_start")))' "$start" >"$scratch/start.wat"
  run "$scratch/start.wat"
  expect "needs/start/$start" 65 '^cairn: .*no function wasi_thread_start of the type \[i32 i32\] -> \[\]'
done
printf '(module (import "a" "b" (memory 1 1)) (func (export "_start")))' >"$scratch/unshared.wat"
run "$scratch/unshared.wat"
expect needs/shared 65 'Missing memory import a::b'

# Two CPUs take less time than one.
if [ "$machine" ]; then
  for cpus in 1 2; do
    run --cpus "$cpus" --time "$here/threads/compute.wat"
    expect "compute/$cpus" 0
    time[cpus]=$(sed -n 's/^run *\([0-9]*\)\..*/\1/p' "$scratch/err")
  done
  # The machine that tests may be busy, so this test is generous.
  [ "${time[2]:-1}" -lt $((${time[1]:-0} * 95 / 100)) ] && ok || bad compute/faster "${time[1]} ms, then ${time[2]} ms"
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
