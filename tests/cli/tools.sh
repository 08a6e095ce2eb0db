#!/usr/bin/env bash
# tests/cli/tools.sh: tests what a user sees of the commands that need no machine.
# Last line: N passed, N failed.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cairn=${CAIRN_COMMAND:-$root/cairn}
passed=0 failed=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); printf 'FAIL cli/tools/%s: %s\n' "$1" "$2"; }

# expect NAME STATUS STDERR COMMAND...: runs the command. STDERR is the whole standard error, or ~ and a pattern.
# Standard output is in $scratch/out.
expect() {
  local name=$1 wanted=$2 text=$3 status actual
  shift 3
  (cd "$scratch" && timeout 60 "$cairn" "$@") </dev/null >"$scratch/out" 2>"$scratch/err"
  status=$?
  actual=$(cat "$scratch/err")
  if [ "$status" -ne "$wanted" ]; then
    bad "$name" "exit status $status, not $wanted; stderr: ${actual:0:300}"
  elif [ "${text:0:1}" = '~' ] && ! grep -qE -- "${text:1}" <<<"$actual" || [ "${text:0:1}" != '~' ] &&
    [ "$actual" != "$text" ]; then
    bad "$name" "stderr: ${actual:0:300}"
  else
    ok
  fi
}
same() { # NAME FILE FILE
  if cmp -s "$scratch/$2" "$scratch/$3"; then ok; else bad "$1" "$(cmp "$scratch/$2" "$scratch/$3" 2>&1)"; fi
}

printf '(module (func $f (export "f") (result i32)\n  i32.const 1))' >"$scratch/good.wat"
printf '(module\n  (func i32.foo))' >"$scratch/syntax.wat"
printf '(module\n  (func $f (result i32)\n    (i64.const 1)))' >"$scratch/invalid.wat"
: >"$scratch/empty.wat"
: >"$scratch/empty.wasm"
cp "$scratch/good.wat" "$scratch/text.wasm"
mkdir "$scratch/folder" "$scratch/folder.wat"

# wat2wasm
expect wat2wasm 0 '' wat2wasm good.wat
[ "$(head -c 8 "$scratch/good.wasm" | od -An -tx1 | tr -d ' \n')" = 0061736d01000000 ] && ok ||
  bad wat2wasm/output 'no module'
expect wat2wasm/empty_text 0 '' wat2wasm empty.wat -o nothing.wasm
expect wat2wasm/syntax 65 'cairn: syntax.wat:2:9: unknown operator i32.foo, expected an instruction' wat2wasm syntax.wat
expect wat2wasm/no_operand 64 '~^cairn: wat2wasm needs a file' wat2wasm
expect wat2wasm/two_operands 64 '~^cairn: unexpected argument `invalid.wat`' wat2wasm good.wat invalid.wat
expect wat2wasm/no_output_name 64 '~^cairn: -o needs a file name' wat2wasm good.wat -o
expect wat2wasm/no_file 71 'cairn: cannot open none.wat: No such file or directory' wat2wasm none.wat
expect wat2wasm/directory 71 'cairn: cannot read folder.wat: it is a directory' wat2wasm folder.wat
expect wat2wasm/binary 65 \
  'cairn: good.wasm:1:1: illegal character: the file is a module in the binary format, not text' wat2wasm good.wasm
expect wat2wasm/output_in_no_directory 71 'cairn: cannot create none/x.wasm: No such file or directory' wat2wasm \
  good.wat -o none/x.wasm
expect wat2wasm/output_is_a_directory 71 'cairn: cannot create folder: Is a directory' wat2wasm good.wat -o folder
expect wat2wasm/full 71 'cairn: cannot write /dev/full: No space left on device' wat2wasm good.wat -o /dev/full

# wasm2wat
expect wasm2wat 0 '' wasm2wat good.wasm
[ "$(cat "$scratch/out")" = '(module
  (type (func (result i32)))
  (func $f (type 0) (result i32)
    i32.const 1)
  (export "f" (func $f)))' ] && ok || bad wasm2wat/output "$(cat "$scratch/out")"
expect wasm2wat/text_as_binary 65 \
  'cairn: magic header not detected: 00 61 73 6d expected, found 28 6d 6f 64 (at offset 0x0)' wasm2wat text.wasm
expect wasm2wat/empty 65 '~^cairn: unexpected end.*at offset 0x0' wasm2wat empty.wasm
expect wasm2wat/directory 71 'cairn: cannot read folder: it is a directory' wasm2wat folder
(cd "$scratch" && "$cairn" wasm2wat good.wasm) >/dev/full 2>"$scratch/err"
[ $? -eq 71 ] && ok || bad wasm2wat/full "$(cat "$scratch/err")"

# validate checks every file, and each error is one line.
expect validate 0 '' validate good.wat good.wasm
expect validate/several 65 'cairn: syntax.wat:2:9: unknown operator i32.foo, expected an instruction
cairn: invalid.wat:3:18: type mismatch: instruction requires [i32] but stack has [i64]' \
  validate good.wat syntax.wat invalid.wat
expect validate/no_file 71 'cairn: cannot open none: No such file or directory' validate none
expect validate/text_as_binary 65 '~^cairn: text.wasm: magic header not detected' validate text.wasm
expect validate/no_operand 64 '~^cairn: validate needs a file' validate
"$cairn" wat2wasm "$scratch/invalid.wat" || bad wat2wasm/invalid 'is not for wat2wasm to refuse'
expect validate/binary 65 '~^cairn: invalid.wasm: type mismatch.*\(at offset 0x[0-9a-f]+\)$' validate invalid.wasm

printf '\0asm\1\0\0\0\1\5\1\x60\0\1\x7f\2\x0e\1\1a\0\x7f\2\1b\0\0\1c\0\0' >"$scratch/compact.wasm"
expect validate/compact_imports 65 \
  '~^cairn: compact.wasm: malformed import kind: the proposal compact-import-section is not supported' validate \
  compact.wasm
printf '(module (import "m" (item "a" (func)) (item "b" (func))))' >"$scratch/compact.wat"
expect validate/compact_imports_in_text 65 '~^cairn: compact.wat:1:17: .*compact-import-section is not supported' \
  validate compact.wat
printf '(component)' >"$scratch/component.wat"
expect validate/component 65 '~^cairn: component.wat:1:2: .*this is a component' validate component.wat

# run and compile report the same positions.
expect run/invalid 65 'cairn: invalid.wat:3:18: type mismatch: instruction requires [i32] but stack has [i64]' run \
  --target host invalid.wat
expect compile/syntax 65 'cairn: syntax.wat:2:9: unknown operator i32.foo, expected an instruction' compile syntax.wat

# For another architecture than this machine's, only the named instruction sets are used.
printf '(module (func (param i64 i64) (result i64) (i64.add (i64.shl (local.get 0) (i64.const 3)) (local.get 1))))' \
  >"$scratch/shift.wat"
expect compile/riscv_plain 0 '' compile --target riscv64 shift.wat -o plain.o
expect compile/riscv_zba 0 '' compile --target riscv64 --engine cpu=zba shift.wat -o zba.o
(cd "$scratch" && "$cairn" objdump --target riscv64 --engine cpu=zba shift.wat) >"$scratch/zba.txt" 2>&1
grep -q sh3add "$scratch/zba.txt" && ok || bad compile/riscv_zba "$(cat "$scratch/zba.txt")"
# objdump of a code object.
expect objdump/object 0 '' objdump zba.o
identity='compiler [0-9a-f]{16}, a module [0-9a-f]{16}, bounds guard, relaxed native, mask on, '
identity+='features 0x[0-9a-f]+, cpu zba'
grep -qE "^code object: format 2, $identity\$" "$scratch/out" &&
  ok || bad objdump/object "$(cat "$scratch/out")"

# wast
printf '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 2))' \
  >"$scratch/wrong.wast"
expect wast/wrong 1 '' wast wrong.wast
grep -q '^wrong.wast:2: assert_return: returned .*1.*, expected .*2' "$scratch/out" && ok ||
  bad wast/wrong/output "$(cat "$scratch/out")"
expect wast/no_file 71 'cairn: cannot open none.wast: No such file or directory' wast none.wast
expect wast/nothing_in_directory 64 'cairn: there is no .wast file below folder' wast folder

# The help of every command has an example, and every option is in a help text.
for file in "$root"/tools/help/*.txt; do
  name=$(basename "$file" .txt)
  "$root/cairn" "$name" --help >"$scratch/out" 2>"$scratch/err" && grep -q "^./cairn $name" "$scratch/out" &&
    grep -q "^Example: " "$scratch/out" &&
    ok || bad "help/$name" "$(head -c 300 "$scratch/err")"
done
for option in $(sed -n 's/^    {"\(-[a-z-]*\)", Argument.*/\1/p' "$root/src/host/cli/options.cpp"); do
  grep -qe "$option" "$root"/tools/help/*.txt && ok || bad "help/$option" 'no help mentions it'
done
"$root/cairn" run --target host --help | cmp -s - "$root/tools/help/run.txt" && ok ||
  bad help/after_options 'is not the help of run'
ln -s "$root/cairn" "$scratch/linked" && ln -s linked "$scratch/twice"
(cd "$scratch" && ./twice validate --help) | cmp -s - "$root/tools/help/validate.txt" && ok ||
  bad launcher/link 'does not find its root through links'

# Real programs are printed and assembled again: only the lengths of numbers change, and nothing the second time.
for program in "$root/examples/hello.cpp" "$here/thrown.cpp" "$here/jump.c" "$root/tests/mutations/mixed.wat" \
  "$root/tests/mutations/exceptions.wat"; do
  name=$(basename "$program")
  expect "round/$name/print" 0 '' wasm2wat "$program" -o a.wat
  expect "round/$name/assemble" 0 '' wat2wasm a.wat -o b.wasm
  expect "round/$name/valid" 0 '' validate b.wasm
  expect "round/$name/print_again" 0 '' wasm2wat b.wasm -o b.wat
  expect "round/$name/assemble_again" 0 '' wat2wasm b.wat -o c.wasm
  same "round/$name/text" a.wat b.wat
  same "round/$name/bytes" b.wasm c.wasm
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
