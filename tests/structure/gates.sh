#!/usr/bin/env bash
# tests/structure/gates.sh: tests that the checks of the tree fail when they should. Last line: N passed, N failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$root" || exit 1
passed=0 failed=0

# expect NAME STATUS PATTERN COMMAND...: checks the status and the output of the command.
expect() {
  local name=$1 status=$2 pattern=$3 output result
  shift 3
  output=$("$@" 2>&1)
  result=$?
  if [ "$result" -eq "$status" ] && grep -qE -- "$pattern" <<<"$output"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL %s: status %d, not %d, or no `%s` in:\n%s\n' "$name" "$result" "$status" "$pattern" "$output"
  fi
}

# The formatter.
mkdir "$scratch/format"
printf 'int f() { return 1; }\n' >"$scratch/format/good.cpp"
expect format/good 0 '^1 passed, 0 failed$' tools/check_format.sh "$scratch/format"
printf 'int g(){return 1;}\n' >"$scratch/format/bad.hpp"
expect format/bad 1 '^FAIL .*bad.hpp: not formatted' tools/check_format.sh "$scratch/format"

# Without the tools, the checks must not pass.
without_clang() { PATH=$scratch/no-clang:$(dirname "$(command -v bash)") CAIRN_BUILD=${CAIRN_BUILD:-build} "$@"; }
mkdir "$scratch/no-clang"
printf '#!/bin/sh\necho broken >&2\nexit 3\n' >"$scratch/no-clang/clang-format-22"
cp "$scratch/no-clang/clang-format-22" "$scratch/no-clang/clang-tidy-22"
chmod +x "$scratch"/no-clang/*
expect format/broken 1 '^FAIL clang-format-22: .*broken' without_clang tools/check_format.sh "$scratch/format"
expect tidy/broken 1 '^FAIL clang-tidy-22: broken' without_clang tools/check_tidy.sh src/base/arena.cpp
expect tidy/unbuilt 1 'build the preset host first' env CAIRN_BUILD="$scratch" tools/check_tidy.sh src/base/arena.cpp

# The lists of files, in a copy of the tree.
mkdir "$scratch/lists"
cp -r --parents src/kernel/arch src/host/platform src/base/{x64,rv64} src/compiler/{x64,rv64} "$scratch/lists"
expect lists/good 0 ' 0 failed$' tools/check_file_lists.sh "$scratch/lists"
touch "$scratch/lists/src/kernel/arch/x64/more.cpp"
expect lists/more 1 '^FAIL ports of the kernel' tools/check_file_lists.sh "$scratch/lists"
rm "$scratch/lists/src/kernel/arch/x64/more.cpp" "$scratch/lists/src/compiler/rv64/registers.hpp"
expect lists/fewer 1 '^< registers.hpp' tools/check_file_lists.sh "$scratch/lists"
cp src/compiler/rv64/registers.hpp "$scratch/lists/src/compiler/rv64"
touch "$scratch/lists/src/compiler/rv64/testing/wide_test.cpp"
expect lists/other 1 '^> testing/wide_test.cpp' tools/check_file_lists.sh "$scratch/lists"
rm -r "$scratch/lists/src/compiler/rv64/testing/wide_test.cpp" "$scratch/lists/src/compiler/rv64/testing/qemu"
expect lists/stale 1 '^FAIL .*rv64/testing/qemu is an exception' tools/check_file_lists.sh "$scratch/lists"

# The invariants.
mkdir -p "$scratch/invariants/docs" "$scratch/invariants/src" "$scratch/invariants/tools"
printf -- '- **INV-1. One.**\n- **INV-2. Two.**\n' >"$scratch/invariants/docs/invariants.md"
echo '// INV-1' >"$scratch/invariants/src/one.hpp"
expect invariants/uncited 1 'INV-2 is cited nowhere' tools/check_invariants.sh "$scratch/invariants"
echo '// INV-2, INV-3' >"$scratch/invariants/src/two.hpp"
expect invariants/unstated 1 'INV-3 is cited, and' tools/check_invariants.sh "$scratch/invariants"
echo '// INV-2' >"$scratch/invariants/src/two.hpp"
expect invariants/good 0 '^2 passed, 0 failed$' tools/check_invariants.sh "$scratch/invariants"

# The thread-safety analysis: data that a lock guards cannot be used without the lock.
compile() {
  clang++-22 -std=gnu++23 -stdlib=libc++ \
    -fno-exceptions -fno-rtti -fsyntax-only -Wthread-safety -Werror -Isrc -DCAIRN_DEBUG=0 -x c++ "$1"
}
write_source() { # NAME BODY
  printf '#include "base/sync/locked.hpp"\n#include "base/sync/spin_lock.hpp"\nusing namespace cairn;\n%s\n' "$2" \
    >"$scratch/$1.cpp"
}
counter='struct Counter { SpinLock lock; int count CAIRN_GUARDED_BY(lock) = 0; };'
scope='const LockScope<SpinLock> scope(c.lock, LockRank::heap);'
write_source held "$counter int f(Counter& c) { $scope return ++c.count; }"
expect locks/held 0 '' compile "$scratch/held.cpp"
write_source unheld "$counter int f(Counter& c) { return ++c.count; }"
expect locks/unheld 1 "requires holding .*lock" compile "$scratch/unheld.cpp"
write_source kept "$counter void f(Counter& c) { c.lock.lock(); }"
expect locks/kept 1 "still held at the end of function" compile "$scratch/kept.cpp"

# clang-tidy.
cat >"$scratch/tidy.cpp" <<'SOURCE'
#include <string>
#include <utility>
std::string twice(std::string text) {
  const std::string taken = std::move(text);
  return taken + text;
}
SOURCE
expect tidy/bad 1 'FAIL .*bugprone-use-after-move' tools/check_tidy.sh "$scratch/tidy.cpp"

# The kernels' stacks. Functions named `large...` have too large a frame, and `unknown...` frames of unknown size.
write_frames() { # TARGET LINE...: assembles the lines, a program with enough functions to be a kernel
  local target=$1
  shift
  { printf '%s\n' "$@" && seq -f 'filler%.0f: ret' 1000; } |
    clang-22 --target="$target" -c -x assembler -o "$scratch/$target.o" -
}
write_frames x86_64 \
  'fine_frame: pushq %rbp; movq %rsp, %rbp; pushq %rbx; andq $-64, %rsp' \
  '  subq $0x3000, %rsp; leaq -8(%rbp), %rsp; popq %rbx; popq %rbp; ret' \
  'fine_leave: pushq %rbp; movq %rsp, %rbp; subq $0x3000, %rsp; leave; ret' \
  'fine_ends: subq $0x3000, %rsp; addq $0x3000, %rsp; jmp filler1; addq $0x3000, %rsp; jmp filler1' \
  '  subq $0x3000, %rsp; ret' \
  'large: subq $0x5000, %rsp; ret' \
  'large_sum: subq $0x3000, %rsp; addq $-0x3000, %rsp; ret' \
  'large_lea: leaq -0x5000(%rsp), %rsp; ret' \
  'large_base: pushq %rbp; movq %rsp, %rbp; leaq -0x5000(%rbp), %rsp; ret' \
  'large_alignment: andq $-0x8000, %rsp; ret' \
  'large_later: subq $8, %rsp; addq $8, %rsp; jmp filler1; addq $0x3000, %rsp; jmp filler1' \
  '  subq $0x5000, %rsp; ret' \
  'unknown_sub: subq %rax, %rsp; ret' \
  'unknown_move: movq %rax, %rsp; ret' \
  'unknown_load: movq (%rdi), %rsp; ret' \
  'unknown_pop: popq %rsp; ret' \
  'unknown_exchange: xchgq %rsp, (%rax); ret' \
  'unknown_lea: leaq -8(%rax), %rsp; ret' \
  'unknown_base: pushq %rbp; movq %rsp, %rbp; movq %rdi, %rbp; leaq -8(%rbp), %rsp; ret'
write_frames riscv64 \
  'fine_frame: addi sp, sp, -32; addi s0, sp, 32; lui a0, 3; sub sp, sp, a0; andi sp, sp, -64' \
  '  addi sp, s0, -32; ld s0, 0(sp); addi sp, sp, 32; ret' \
  'fine_upper: lui a0, 3; sub sp, sp, a0; lui a1, 3; addi a1, a1, 16; add sp, sp, a1' \
  '  sd sp, 0(a0); beqz sp, filler1; ret' \
  'large: li a0, 0x5000; sub sp, sp, a0; ret' \
  'large_add: lui a0, 0xffffb; add sp, sp, a0; ret' \
  'large_base: addi s0, sp, 0; addi sp, s0, -2048; addi s0, sp, 0; lui a0, 4' \
  '  sub sp, sp, a0; mv sp, s0; sub sp, sp, a0; ret' \
  'unknown_sub: sub sp, sp, a0; ret' \
  'unknown_load: lui a0, 1; ld a0, 0(a1); sub sp, sp, a0; ret' \
  'unknown_call: lui a0, 1; jal ra, filler1; sub sp, sp, a0; ret' \
  'unknown_add: add sp, sp, a0; ret' \
  'unknown_move: mv sp, a0; ret' \
  'unknown_base: addi sp, s0, -16; ret' \
  'unknown_loaded: ld sp, 0(a0); ret' \
  'unknown_swap: csrrw sp, sscratch, sp; ret'
stacks() { # TARGET: the names of the functions that the check refuses
  python3 tools/check_stacks.py "$scratch/$1.o" | sed -nE 's/^FAIL [^ ]*: (\w+) .*/\1/p' | tr '\n' ' '
}
expect stacks/x86_64 0 \
  '^(large(_sum|_lea|_base|_alignment|_later)? ){6}(unknown_(sub|move|load|pop|exchange|lea|base) ){7}$' stacks x86_64
expect stacks/riscv64 0 \
  '^(large(_add|_base)? ){3}(unknown_(sub|load|call|add|move|base|loaded|swap) ){8}$' stacks riscv64

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
