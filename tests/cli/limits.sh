#!/usr/bin/env bash
# The limits of a program: what happens one below, and what happens when one is reached.   tests/cli/limits.sh TARGET
# Last line: N passed, N failed. tests/cli/memory_limits.sh tests the limit of memory.
target=$1 group=limits/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"
cp "$here"/limits/* "$here"/{eat_objects,spin}.wat "$scratch"

# Modules that take some time and memory to compile. Each program needs one of its own: a module that several programs
# share is compiled once.
large=$(
  echo '(module (memory (export "memory") 1) (func (export "_start") (local i32)'
  for ((i = 1; i <= 5000; ++i)); do
    echo "(local.set 0 (i32.add (i32.load (i32.const $i)) (i32.mul (local.get 0) (i32.const $i))))"
  done
  echo '(i32.store (i32.const 0) (local.get 0))))'
)
for name in large-1 large-2 large-3; do echo "$large" >"$scratch/$name.wat"; done

# program NAME MODULE STATUS LIMITS [TEXT]: a program that ends with this status. If TEXT is given, standard error has
# the line of the program with this text; otherwise none that says that a limit was reached.
names=() statuses=() texts=()
program() {
  printf '[[program]]\nname = "%s"\nmodule = "%s"\nlimits = { %s }\n' "$1" "$2" "$4" >>"$scratch/s.toml"
  names+=("$1") statuses+=("$3") texts+=("${5-}")
}
reached='cairn: the program has reached its limit of'
program pages pages.wat 17 'memory-pages = 17'
program pages-all pages.wat 10 'memory-pages = 10'
program pages-few pages.wat 65 'memory-pages = 9' "$reached 9 pages of a memory"
program elements elements.wat 100 'table-elements = 100'
program elements-few elements.wat 65 'table-elements = 89' "$reached 89 elements of tables"
program garbage garbage.wat 0 'gc-heap = "4M"'
program objects eat_objects.wat 134 'gc-heap = "8M"' "$reached 8 MiB of managed objects"
program depth depth.wat 0 'guest-stack = "128K"'
program deeper deeper.wat 134 'guest-stack = "128K"' "$reached 128 KiB of stack"
program threads threads.wat 3 'fibers = 4'
program alone threads.wat 0 'fibers = 1'
program instances threads.wat 2 'instances = 3'
program open open.c 12 'descriptors = 16'
program open-few open.c 65 'descriptors = 3' "$reached 3 open descriptors"
program write write.c 15 'files = "1M"'
program types types.wat 0 'types = 5'
program types-few types.wat 65 'types = 4' "$reached 4 types"
program compile large-1.wat 0 'compile-memory = "256M", compile-time = "10m"'
program compile-memory large-2.wat 65 'compile-memory = "1M"' \
  'cairn: function 0 needs more memory to compile than the limit of 1048576 bytes \(compile-memory\)'
program compile-time large-3.wat 65 'compile-time = "1ms"' "$reached 1 ms of time for compiling"
case "$target" in
  host*) ;;
  *)  # In 400 ms, a tenth of a CPU is less than 100 ms of CPU time.
    program share spin.wat 134 'cpu-share = "10%", cpu-time = "100ms", wall-time = "400ms"' "$reached 400 ms$"
    program share-enough spin.wat 134 'cpu-share = "200%", cpu-time = "100ms", wall-time = "1m"' \
      "$reached 100 ms of CPU time"
    ;;
esac

(cd "$scratch" && timeout 180 "$cairn" run --target "$target" --verbose --cpus 2 s.toml) </dev/null \
  >"$scratch/out" 2>"$scratch/err"
status=$?
[ "$status" -ne 124 ] && ok || bad time "the system has not ended: $(tail -c 600 "$scratch/err")"
# A machine's log comes by another way than the programs' messages, so a message may stand within a line of the log.
sed -zE 's/([^\n])(\[[a-z-]+\] [^\n]*\n)+/\1/g' "$scratch/err" >"$scratch/log"
for i in "${!names[@]}"; do
  name=${names[i]} text=${texts[i]}
  if ! grep -q "program $i \`$name\` ended with status ${statuses[i]}[^0-9]*\$" "$scratch/log"; then
    bad "$name" "not status ${statuses[i]}: $(grep -E "\`$name\`|^\[$name\]" "$scratch/err")"
  elif [ "$text" ]; then
    grep -qE "\[$name\] $text" "$scratch/err" && ok ||
      bad "$name" "not \`$text\`: $(grep "\[$name\]" "$scratch/err")"
  else
    grep -q "\[$name\] $reached" "$scratch/err" && bad "$name" "$(grep "\[$name\]" "$scratch/err")" || ok
  fi
done

# One program, by options of the command. run OPTION MODULE sets status.
run() {
  (cd "$scratch" && timeout 180 "$cairn" run --target "$target" --limit "$1" "$2") </dev/null \
    >/dev/null 2>"$scratch/err"
  status=$?
}
case "$target" in
  host*)
    run cpu-share=50% spin.wat
    grep -q '^cairn: a process cannot keep --limit cpu-share; ' "$scratch/err" && [ "$status" -eq 64 ] && ok ||
      bad share "status $status: $(cat "$scratch/err")"
    ;;
esac
for case in '10 memory-pages=10' '65 memory-pages=9' '64 memory-pages=0' '64 pages=10' '64 memory-pages'; do
  set -- $case
  run "$2" pages.wat
  [ "$status" -eq "$1" ] && ok || bad "option/$2" "status $status: $(cat "$scratch/err")"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
