#!/usr/bin/env bash
# tools/check_file_lists.sh [DIRECTORY]: whether the ports have the same list of files, and the compiler's targets the same folders.
# Last line: N passed, N failed.
set -u
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}" || exit 1
passed=0 failed=0

# same NAME DIRECTORY DIRECTORY FIND-ARGUMENTS...: what find prints in both.
same() {
  local name=$1 one=$2 other=$3 difference
  shift 3
  difference=$(diff <(cd "$one" && find . "$@" | sort) <(cd "$other" && find . "$@" | sort))
  if [ -z "$difference" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL %s: %s and %s differ:\n%s\n' "$name" "$one" "$other" "$difference"
  fi
}

same "ports of the kernel" src/kernel/arch/x64 src/kernel/arch/rv64 -type f
same "targets of the compiler" src/compiler/x64 src/compiler/rv64 -type d
for file in registers.hpp target.cpp target.hpp trampolines.cpp lowering/lower.hpp emission/emitter.hpp encoding/assembler.hpp \
  encoding/assembler.cpp encoding/assembler_test.cpp encoding/instructions.def; do
  for target in x64 rv64; do
    if [ -e "src/compiler/$target/$file" ]; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      echo "FAIL targets of the compiler: src/compiler/$target lacks $file"
    fi
  done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
