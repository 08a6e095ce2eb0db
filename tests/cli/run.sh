#!/usr/bin/env bash
# tests/cli/run.sh TARGET: tests what a user sees of `cairn run`: output, input, exit statuses, messages, files.
# Last line: N passed, N failed.
target=$1 group=
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"

# run ARGS...: sets status; the output is in $scratch/out and $scratch/err.
run() {
  timeout 120 "$cairn" run --target "$target" "$@" >"$scratch/out" 2>"$scratch/err"
  status=$?
}

# expect NAME STATUS [OUTPUT]: checks the status and the output of the last run.
expect() {
  if [ "$status" -ne "$2" ]; then
    bad "$1" "exit status $status, not $2; stderr: $(head -c 300 "$scratch/err")"
  elif [ $# -gt 2 ] && [ "$(cat "$scratch/out")" != "$3" ]; then
    bad "$1" "output: $(head -c 300 "$scratch/out")"
  else
    ok
  fi
}

# expect_error NAME STATUS PATTERN...: checks that standard error has a line for each pattern (extended regular
# expressions).
expect_error() {
  local name=$1 pattern
  [ "$status" -eq "$2" ] || {
    bad "$name" "exit status $status, not $2; stderr: $(head -c 300 "$scratch/err")"
    return
  }
  shift 2
  for pattern in "$@"; do
    grep -qE -- "$pattern" "$scratch/err" || {
      bad "$name" "no \`$pattern\` in: $(head -c 400 "$scratch/err")"
      return
    }
  done
  ok
}

run "$root/examples/hello.cpp" one 'two  words' '' </dev/null
expect hello 0 "Hello from WebAssembly on Cairn!
argument 1: one
argument 2: two  words
argument 3: "
[ -s "$scratch/err" ] && bad hello/quiet "stderr: $(head -c 200 "$scratch/err")" || ok

for number in 0 1 42 255; do
  run "$here/status.c" "$number" </dev/null
  expect "status/$number" "$number" ""
done

run --env COLOR=red --env 'EMPTY=' "$here/environment.c" --target x </dev/null
expect environment 0 "[--target]
[x]
COLOR=red
EMPTY="

# Standard streams: binary, long, empty, closed.
megabytes=100
case "$target" in host-riscv64) megabytes=20 ;; esac
head -c "${megabytes}M" /dev/urandom >"$scratch/big"
timeout 120 "$cairn" run --target "$target" "$root/examples/echo.c" <"$scratch/big" >"$scratch/copy" 2>"$scratch/err"
status=$?
if [ $status -eq 0 ] && cmp -s "$scratch/big" "$scratch/copy"; then
  ok
else
  bad streams/big "status $status, $(cmp "$scratch/big" "$scratch/copy" 2>&1)"
fi
expect_error streams/stderr 0 "^$((megabytes * 1048576)) bytes\$"
rm -f "$scratch/big" "$scratch/copy"
run "$root/examples/echo.c" </dev/null
expect streams/empty 0 ""
{ sleep 0.5; printf 'late'; } |
  { run "$root/examples/echo.c"; expect streams/late 0 late; echo $passed $failed >"$scratch/counts"; }
read -r passed failed <"$scratch/counts"
# An error of the host is an error in the program. If the program ignores it, the command still ends with 71 and a line.
streams() { # NAME STATUS PATTERN: checks the run before, whose standard error is in $scratch/err
  expect_error "streams/$1" "$2" "$3"
}
run "$here/streams.c" read <&-
streams closed_input 2 '^read: Bad file descriptor$'
run "$here/streams.c" read </
streams input_is_directory 2 '^read: Is a directory$'
timeout 120 "$cairn" run --target "$target" "$here/streams.c" </dev/null >/dev/full 2>"$scratch/err"
status=$?
streams full 3 '^write: No space left on device$'
timeout 120 "$cairn" run --target "$target" "$here/streams.c" </dev/null >&- 2>"$scratch/err"
status=$?
streams closed_output 3 '^write: Bad file descriptor$'
timeout 120 "$cairn" run --target "$target" "$root/examples/hello.cpp" </dev/null >/dev/full 2>"$scratch/err"
status=$?
streams lost 71 '^cairn: cannot write to the standard output: No space left on device$'
(
  trap '' PIPE
  timeout 120 "$cairn" run --target "$target" "$here/streams.c" </dev/null 2>"$scratch/err"
  echo $? >"$scratch/status"
) | head -n 1 >"$scratch/out"
status=$(cat "$scratch/status")
streams reader_is_gone 3 '^write: Broken pipe$'
yes | head -c 5000000 | timeout 60 "$cairn" run --target "$target" "$root/examples/echo.c" 2>/dev/null |
  head -c 10 >"$scratch/out"
[ "$(cat "$scratch/out")" = $'y\ny\ny\ny\ny' ] && ok || bad streams/reader_leaves "$(cat "$scratch/out")"
if [ "$target" != host-riscv64 ]; then
  # The program ends without reading its input.
  yes | run "$root/examples/hello.cpp"
  ok
fi

run "$here/trap.wat" </dev/null
expect_error trap 134 'out of bounds memory access' 'inner' 'outer' '0x[0-9a-f]+'
run "$here/throw.wat" </dev/null
expect_error throw 134 '^uncaught exception: oops\(i32 -3, i64 7\)$' '0: .*inner @ 0x' '1: .*outer @ 0x'
run "$here/jump.c" </dev/null
expect jump 42 "$(printf '0 after 0\n42 after 1\n42 after 2')"
run "$here/thrown.cpp" </dev/null
expect thrown 0 "$(printf 'cleaned up\ncaught one')"
run "$here/thrown.cpp" uncaught </dev/null
expect_error thrown/uncaught 134 '^uncaught exception: ' 'main @ 0x'
run "$here/unreachable.wat" </dev/null
expect_error unreachable 134 unreachable deepest
run "$here/recursion.wat" </dev/null
expect_error recursion 134 'call stack exhausted' forever

# Modules that cannot be run: one line, and status 65.
one_line() { [ "$(wc -l <"$scratch/err")" -eq 1 ] && [ ! -s "$scratch/out" ] && ok ||
  bad "$1" "not one line: $(head -c 300 "$scratch/err")"; }
run "$here/missing_import.wat" </dev/null
expect_error missing_import 65 'Missing func(tion)? import env::no_such_function'
one_line missing_import/line
"$cairn" wat2wasm "$here/trap.wat" -o "$scratch/trap.wasm" || bad wat2wasm "exit status $?"
for length in 0 3 8 20 40; do
  head -c $length "$scratch/trap.wasm" >"$scratch/cut.wasm"
  # The first eight bytes are a complete, empty module, which lacks a _start.
  run "$scratch/cut.wasm" </dev/null
  expect_error "truncated/$length" 65 .
  one_line "truncated/$length/line"
done
printf 'not a module at all' >"$scratch/text.wasm"
run "$scratch/text.wasm" </dev/null
expect_error not_a_module 65 'offset 0x0'
one_line not_a_module/line
run "$here/invalid.wat" </dev/null
expect_error invalid 65 'type mismatch'
one_line invalid/line
run "$here/status.c.missing" </dev/null
expect_error no_file 71 '^cairn: cannot open .*status.c.missing: No such file or directory$'
printf 'int main(void) { return oops; }\n' >"$scratch/wrong.c"
run "$scratch/wrong.c" </dev/null
expect_error wrong_source 65 "undeclared identifier 'oops'"
run --disable bulk-memory "$root/tests/mutations/mixed.wat" </dev/null
expect_error disabled 65 bulk-memory offset
one_line disabled/line

case "$target" in
  x86_64 | riscv64)
    run "$here/big_memory.wat" </dev/null
    expect_error big_memory 65 '4[0-9]{9} bytes wanted' '[0-9]+ available'
    one_line big_memory/line
    run "$here/grow.wat" </dev/null
    expect grow 3 ""
    # A million types: 3 MB that take fifty times as much memory when they are decoded.
    { printf '\0asm\1\0\0\0\1\303\215\267\1\300\204\075'; head -c 3000000 /dev/zero |
      sed 's/\x00\x00\x00/\x60\x00\x00/g'; } >"$scratch/types.wasm"
    run --memory 128M "$scratch/types.wasm" </dev/null
    expect_error too_large_decoded 65 'out of memory: [0-9]+ bytes wanted, with [0-9]+ bytes in all'
    one_line too_large_decoded/line
    run --time "$here/wide_table.wat" </dev/null
    expect wide_table 0 ""
    resident=$(awk '$1 == "resident_bytes" { print $2 }' "$scratch/err")
    [ "$resident" -lt $((64 << 20)) ] && ok || bad wide_table/resident "$resident bytes"
    run --memory 256M "$root/examples/primes.c" 100000 </dev/null
    expect small_machine 0 "9592 primes below 100000"
    run --cpus 4 "$root/examples/primes.c" 100000 </dev/null
    expect four_cpus 0 "9592 primes below 100000"
    [ ! -s "$scratch/err" ] && ok || bad four_cpus/silent "$(cat "$scratch/err")"
    # Where KVM does not work, `auto` says so and the machine is emulated.
    run --accel auto "$root/examples/hello.cpp" </dev/null
    expect accel/auto 0 "Hello from WebAssembly on Cairn!"
    ;;
esac
case "$target" in
  x86_64)
    run --machine q35 "$root/examples/hello.cpp" </dev/null
    expect q35 0 "Hello from WebAssembly on Cairn!"
    run --cpu Penryn "$root/examples/primes.c" 100000 </dev/null
    expect sse41 0 "9592 primes below 100000"
    run --cpu qemu64 "$root/examples/hello.cpp" </dev/null
    expect_error below_floor 65 "^cairn: this CPU is below the floor: it lacks SSE4.1$"
    one_line below_floor/line
    ;;
  riscv64)
    for paging in sv39 sv48 sv57; do
      run --paging $paging "$root/examples/hello.cpp" </dev/null
      expect $paging 0 "Hello from WebAssembly on Cairn!"
    done
    run --cpu rv64,zba=false,zbb=false,zbs=false "$root/examples/primes.c" 100000 </dev/null
    expect without_zb 0 "9592 primes below 100000"
    run --cpu rv64,d=false "$root/examples/hello.cpp" </dev/null
    expect_error below_floor 65 "^cairn: this CPU is below the floor: it lacks D$"
    one_line below_floor/line
    ;;
esac

# Files: a directory given to the program, and nothing outside it.
mkdir -p "$scratch/tree/data/sub"
printf 'hello\n' >"$scratch/tree/data/hello.txt"
printf 'inner\n' >"$scratch/tree/data/sub/inner.txt"
printf 'secret\n' >"$scratch/tree/outside.txt"
ln -s ../outside.txt "$scratch/tree/data/escape"
ln -s "$scratch/tree/outside.txt" "$scratch/tree/data/absolute"
ln -s sub/inner.txt "$scratch/tree/data/inside"
run --dir "$scratch/tree/data::/data" "$here/files.c" </dev/null
expect files 0 "/data: absolute escape hello.txt inside sub
/data/hello.txt: hello
/data/sub/inner.txt: inner
cannot open /data/../outside.txt
cannot open /data/sub/../../outside.txt
cannot open /data/escape
cannot open /data/absolute
/data/inside: inner
/data/sub/moved.txt: written by the guest
directory 1
size 21
/data: absolute escape hello.txt inside sub
/data/sub: inner.txt"

run "$here/sleep.c" </dev/null
expect sleep 0 "slept
now"
run "$here/random.c" </dev/null
expect random 0 differ
run --time "$root/examples/hello.cpp" </dev/null
expect_error time 0 'compile +[0-9.]+ ms' 'run +[0-9.]+ ms'

# Directories are the same on machines as on the host, also if they overlap or have unusual names.
mkdir -p "$scratch/tree/a/b" "$scratch/tree/c"
printf 'of a\n' >"$scratch/tree/a/file"
printf 'of b\n' >"$scratch/tree/a/b/file"
printf 'of c\n' >"$scratch/tree/c/file"
cd "$scratch/tree/a"
directories() { # NAME OPTIONS... -- ARGUMENTS...: what directories.c says; the expected output comes on standard input
  local name=$1 options=()
  shift
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  run "${options[@]}" "$here/directories.c" "$@" </dev/null
  expect "directories/$name" 0 "$(cat)"
}
directories no_root --root none -- /tmp <<<'/tmp: Capabilities insufficient'
directories dot --dir . -- file ./b/file . <<<$'file: of a\n./b/file: of b\n.: b file'
directories here --dir ./b -- b/file <<<'b/file: of b'
directories dots --dir b::/x/./y//z -- /x/./y//z/file <<<'/x/./y//z/file: of b'
directories above --dir ../c -- ../c/file <<<'../c/file: of c'
directories bare --dir "$scratch/tree/c" -- "$scratch/tree/c/file" <<<"$scratch/tree/c/file: of c"
directories siblings --dir b::/x/b --dir ../c::/x/c -- /x/b/file /x/c/file <<<$'/x/b/file: of b\n/x/c/file: of c'
directories nested --dir b::/x --dir ../c::/x/y -- /x/file /x/y/file /x <<<$'/x/file: of b\n/x/y/file: of c\n/x: file'
directories nested_inside --dir ../c::/x/y --dir b::/x -- /x/file /x/y/file /x \
  <<<$'/x/file: of b\n/x/y/file: of c\n/x: file'
directories same_name --dir b::/x --dir ../c::/x -- /x/file <<<'/x/file: of c'
directories same --dir b::/x --dir b::/x -- /x/file /x <<<$'/x/file: of b\n/x: file'
directories overlapping --dir b::/inner --dir .::/outer -- /inner/file write:/inner/file /outer/b/file \
  <<<$'/inner/file: of b\n/outer/b/file: written'
printf 'of b\n' >b/file
cd "$scratch"
mkdir "$scratch/large"
truncate -s 1T "$scratch/large/sparse"
mkfifo "$scratch/large/pipe"
case "$target" in
  x86_64 | riscv64)
    run --dir "$scratch/large::/large" "$root/examples/hello.cpp" </dev/null
    expect_error directories/sparse 65 '^cairn: .*/large/sparse \(1099511627776 bytes\) is too large: .* [0-9]+ bytes'
    one_line directories/sparse/line
    rm "$scratch/large/sparse"
    run --dir "$scratch/large::/large" "$root/examples/hello.cpp" </dev/null
    expect directories/pipe 0 "Hello from WebAssembly on Cairn!"
    ;;
esac

# Files that are not programs: an error that names them.
no_program() { # NAME STATUS FILE PATTERN
  run "$3" </dev/null
  expect_error "$1" "$2" "^cairn: $4"
  one_line "$1/line"
}
if [ "$target" = host ]; then
  truncate -s 1T "$scratch/sparse.wasm" "$scratch/sparse.c"
  no_program sparse/module 65 "$scratch/sparse.wasm" \
    ".*/sparse.wasm is too large: it has 1099511627776 bytes, and the limit is 1073741824 bytes"
  no_program sparse/source 65 "$scratch/sparse.c" \
    ".*/sparse.c is too large: it has 1099511627776 bytes, and the limit is 67108864 bytes"
  no_program device 71 /dev/zero 'cannot read /dev/zero: it is a device'
  no_program directory 71 "$scratch" 'cannot read .*: it is a directory'
  no_program pipe 71 "$scratch/large/pipe" 'cannot read .*/pipe: nobody writes to this pipe'
  (cd "$scratch" && cp "$here/status.c" ./-dash.c && "$cairn" run --target host -- -dash.c 9)
  status=$?
  expect dash 9
fi
printf '\0asm\15\0\1\0' >"$scratch/component.wasm"
no_program component 65 "$scratch/component.wasm" \
  'unknown binary version 65549: this is a component \(version 13\), and only core modules can be run'
printf '(module (memory (export "memory") 1) (memory i64 0x1000000000000) (func (export "_start")))' \
  >"$scratch/large.wat"
no_program large_memory 65 "$scratch/large.wat" 'cannot allocate the initial memory of 18446744073709551616 bytes'

# --invoke, and imports that are missing.
invoke() { run --unknown-imports trap --invoke "$1" "$here/library.wat" "${@:2}" </dev/null; }
invoke add 1 -5
expect invoke 0 96
invoke several 10 1.1 0xffffffffffffffff
expect invoke/numbers 0 $'3.3333333333333335\n1.1\n-1'
invoke others 0x1234 7 null
expect invoke/references 0 $'0x00000000000000000000000000001234\n7\nnull'
invoke add 1
expect_error invoke/count 64 '^cairn: `add` has the type \[i32 i32\] -> \[i32\] and takes 2 arguments, not 1$'
invoke add 1 4294967296
expect_error invoke/type 64 '^cairn: argument 2 of `add`, `4294967296`, is no value of its type i32$'
invoke subtract
expect_error invoke/name 65 \
  '^cairn: the module exports no function `subtract`; its functions: _initialize, add, several, others, ask$'
invoke memory
expect_error invoke/kind 65 'the module.s export `memory` is a memory'
invoke ask
expect_error unknown_import/called 134 '^trap: unknown import: env::nobody was called$' 'ask @ 0x'
run --unknown-imports trap "$here/library.wat" </dev/null
expect_error no_start 65 '^cairn: not a program: .*--invoke NAME.*: _initialize, add, several, others, ask$'
run --invoke add "$here/library.wat" 1 2 </dev/null
expect_error unknown_import/refused 65 'Missing func(tion)? import env::nobody'
run --unknown-imports trap "$here/missing_import.wat" </dev/null
[ "$status" -ne 65 ] && ok || bad unknown_import/trap "$(head -c 300 "$scratch/err")"

# Scripts and modules that end the process or the machine that runs them, or that never end.
timeout 200 "$cairn" wast --target "$target" --limit 2 "$here/wait.wast" "$here/spin.wast" \
  "$root/tests/suite/strict.wast" >"$scratch/out" 2>"$scratch/err" </dev/null
grep -q 'wait.wast:8: assert_return: ' "$scratch/out" &&
  grep -q 'spin.wast: not done after the limit of 2 s$' "$scratch/out" && grep -q 'strict.wast' "$scratch/out" &&
  ok || bad wast/limit "$(tail -c 300 "$scratch/out" "$scratch/err")"
printf '(module (func (export "f") (result i32) (i32.const 1)))' >"$scratch/good.wat"
printf '(module (func (export "f") (result i32)))' >"$scratch/wrong.wat"
timeout 200 "$cairn" try --target "$target" "$scratch/good.wat" "$scratch/wrong.wat" >"$scratch/out" 2>"$scratch/err" \
  </dev/null
grep -q 'good.wat: ran 1 calls, 0 traps' "$scratch/out" &&
  grep -q 'wrong.wat: not run: .*type mismatch' "$scratch/out" && ok ||
  bad try/text "$(tail -c 300 "$scratch/out" "$scratch/err")"

# A signal ends the command and QEMU.
signalled() { # SIGNAL STATUS
  local before after
  : >"$scratch/out"
  "$cairn" run --target "$target" "$here/forever.c" >"$scratch/out" 2>"$scratch/err" </dev/null &
  local command=$!
  for ((i = 0; i < 1200; ++i)); do
    [ -s "$scratch/out" ] && break
    sleep 0.1
  done
  before=$(pgrep -P "$command" qemu)
  kill -"$1" "$command"
  wait "$command"
  status=$?
  expect "signal/$1" "$2" running
  for ((i = 0; i < 50; ++i)); do
    after=
    for process in $before; do kill -0 "$process" 2>/dev/null && after=$process; done
    [ -z "$after" ] && break
    sleep 0.1
  done
  [ -z "$after" ] && ok || bad "signal/$1" "QEMU is still there"
}
signalled TERM 143
signalled KILL 137

# Limits on time end a program that computes, sleeps, reads or calls the host all the time.
run --limit cpu-time=300ms "$here/spin.wat" </dev/null
expect_error limit/cpu 134 '^cairn: the program has reached its limit of 300 ms of CPU time$' '^trap: interrupted'
run --limit wall-time=2s "$here/spin.wat" </dev/null
expect_error limit/wall 134 '^cairn: the program has reached its limit of 2 s$' '^trap: interrupted'
run --limit wall-time=2s "$here/forever.c" </dev/null
expect limit/sleeping 134 running
run --limit wall-time=2s "$here/count.c" 1 x < <(sleep 5)
expect limit/reading 134 'x 0'
run --limit cpu-time=1h --limit wall-time=1h "$here/status.c" 5 </dev/null
expect limit/far 5
for wrong in cpu-time cpu-time=3 cpu-time=0s wall-time=xs memory=1000K memory=x wall-time=99999999999h; do
  run --limit "$wrong" "$here/spin.wat" </dev/null
  expect_error "limit/$wrong" 64 '^cairn: --limit needs LIMIT=VALUE'
done

# Wrong usage.
for wrong in "--cpus 0" "--target mips" "--memory much" "--memory 0" "--memory -1" "--memory 1M" "--memory 2T" \
  "--memory 18446744073709551616" \
  "--frobnicate" "--dir nowhere::" "--env novalue" "--accel none" "--unknown-imports zero"; do
  run $wrong "$root/examples/hello.cpp" </dev/null
  expect_error "usage/$wrong" 64 '^cairn: '
  one_line "usage/$wrong/line"
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
