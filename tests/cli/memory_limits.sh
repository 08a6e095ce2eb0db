#!/usr/bin/env bash
# tests/cli/memory_limits.sh TARGET: tests what a program sees when it reaches its limit of memory.
# Last line: N passed, N failed.
target=$1 group=memory_limits/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"

# run ARGS...: sets status; the output is in $scratch/out and $scratch/err.
run() {
  (cd "$scratch" && timeout 180 "$cairn" run --target "$target" "$@") </dev/null >"$scratch/out" 2>"$scratch/err"
  status=$?
}
# expect NAME STATUS [PATTERN...]: checks the status of the last run, and that standard error has each pattern.
expect() {
  local name=$1 pattern
  if [ "$status" -ne "$2" ]; then
    bad "$name" "exit status $status, not $2; stderr: $(head -c 600 "$scratch/err")"
    return
  fi
  shift 2
  for pattern in "$@"; do
    grep -qE -- "$pattern" "$scratch/err" || { bad "$name" "no \`$pattern\`: $(head -c 600 "$scratch/err")"; return; }
  done
  ok
}

cp "$here"/{eat_grow,eat_table,eat_objects,recursion,deep_calls}.wat "$here"/{eat_files,count}.c "$scratch"

# A process cannot keep the limit.
case "$target" in
  host*)
    run --limit memory=64M eat_grow.wat
    expect host/option 64 '^cairn: a process cannot keep --limit memory; --target x86_64 and riscv64 can'
    cat >"$scratch/s.toml" <<'TOML'
[[program]]
name = "a"
module = "eat_grow.wat"
limits = { cpu-time = "1m", memory = "64M" }
TOML
    run s.toml
    expect host/file 65 '^cairn: s.toml:4:29: a process cannot keep a limit on `memory`; --target x86_64 and riscv64'
    sed -i 's/^limits.*/minimums = { memory = "64M" }/' "$scratch/s.toml"
    run s.toml
    expect host/minimum 65 '^cairn: s.toml:4:14: a process cannot promise a minimum of memory; --target x86_64 and'
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
    ;;
esac

# A program that can continue gets no message besides the results of its calls. `--verbose` shows what the kernel logs.
nothing_left() {
  if grep -E 'on its account|panic' "$scratch/err" >"$scratch/left"; then bad "$1" "$(cat "$scratch/left")"; else ok; fi
}
for how in eat_grow.wat eat_table.wat 'eat_files.c data' 'eat_files.c names' 'eat_files.c open'; do
  run --limit memory=24M $how
  expect "$how" 3
  grep -q 'reached its limit' "$scratch/err" && bad "$how/message" "$(cat "$scratch/err")"
done
run --limit memory=24M eat_objects.wat
expect objects 134 '^cairn: the program has reached its limit of 24 MiB of memory$' '^trap: allocation failure'
run --limit memory=1M count.c 3 x
expect start 65 '^cairn: the program has reached its limit of 1 MiB of memory$' ': out of memory'
# There is no memory for the stack at a call of the guest's, or at one of the runtime.
for size in 1M 1300K 2M 3M; do
  for how in recursion deep_calls; do
    run --limit memory=$size --limit guest-stack=16M $how.wat
    expect "$how/$size" 134 '^cairn: the program has reached its limit of .* of memory$' \
      '^trap: (call stack exhausted|allocation failure)'
  done
done
run --limit memory=16M count.c 3 x
expect enough 3

# All of them run beside a program that needs little memory. Each of them is started again, and what a run has left on
# its account would be logged.
{
  echo 'main = "good"'
  number=0
  for how in eat_grow.wat eat_table.wat eat_objects.wat 'eat_files.c data' 'eat_files.c names' 'eat_files.c open'; do
    set -- $how
    printf '[[program]]\nname = "hungry-%d"\nmodule = "%s"\narguments = ["%s"]\n' $((number += 1)) "$1" "${2-}"
    printf 'limits = { memory = "16M" }\nrestart = "always"\n'
  done
  printf '[[program]]\nname = "good"\nmodule = "count.c"\narguments = ["40", "good"]\n'
} >"$scratch/s.toml"
for cpus in 1 4; do
  run --verbose --cpus $cpus --memory 256M s.toml
  expect "beside/$cpus" 3
  grep -q 'good 39' "$scratch/out" && ok || bad "beside/$cpus/output" "$(tail -c 600 "$scratch/out")"
  nothing_left "beside/$cpus/left"
done

# The same programs without a limit take all memory but the minimum of the good one, which starts last.
sed -e '/^limits/d' -e '/^name = "good"/a minimums = { memory = "8M" }' "$scratch/s.toml" >"$scratch/minimum.toml"
run --verbose --cpus 4 --memory 160M minimum.toml
expect minimum 3
grep -q 'good 39' "$scratch/out" && ok || bad minimum/output "$(tail -c 600 "$scratch/out")"
nothing_left minimum/left
sed 's/"8M"/"900M"/' "$scratch/minimum.toml" >"$scratch/too-much.toml"
run --memory 160M too-much.toml
expect too-much 65 '^\[good\] cairn: the machine cannot promise the program its minimum of 900 MiB of memory$'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
