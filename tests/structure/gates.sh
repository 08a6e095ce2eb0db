#!/usr/bin/env bash
# tests/structure/gates.sh: whether the checks of the tree fail when they should. Last line: N passed, N failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$root" || exit 1
passed=0 failed=0

# expect NAME STATUS PATTERN COMMAND...: its status and what it says.
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

# Without the tools nothing passes.
without_clang() { PATH=$scratch/no-clang:$(dirname "$(command -v bash)") CAIRN_BUILD=${CAIRN_BUILD:-build} "$@"; }
mkdir "$scratch/no-clang"
printf '#!/bin/sh\necho broken >&2\nexit 3\n' >"$scratch/no-clang/clang-format-22"
cp "$scratch/no-clang/clang-format-22" "$scratch/no-clang/clang-tidy-22"
chmod +x "$scratch"/no-clang/*
expect format/broken 1 '^FAIL clang-format-22: .*broken' without_clang tools/check_format.sh "$scratch/format"
expect tidy/broken 1 '^FAIL clang-tidy-22: broken' without_clang tools/check_tidy.sh src/base/arena.cpp
expect tidy/unbuilt 1 'build the preset host first' env CAIRN_BUILD="$scratch" tools/check_tidy.sh src/base/arena.cpp

# The lists of files, in a copy.
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

# The thread-safety analysis: what a lock guards cannot be reached without it.
compile() {
  clang++-22 -std=gnu++23 -stdlib=libc++ -fno-exceptions -fno-rtti -fsyntax-only -Wthread-safety -Werror -Isrc -DCAIRN_DEBUG=0 -x c++ "$1"
}
write_source() { # NAME BODY
  printf '#include "base/sync/locked.hpp"\n#include "base/sync/spin_lock.hpp"\nusing namespace cairn;\n%s\n' "$2" >"$scratch/$1.cpp"
}
counter='struct Counter { SpinLock lock; int count CAIRN_GUARDED_BY(lock) = 0; };'
write_source held "$counter int f(Counter& c) { const LockScope<SpinLock> scope(c.lock, LockRank::heap); return ++c.count; }"
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

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
