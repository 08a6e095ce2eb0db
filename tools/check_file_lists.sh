#!/usr/bin/env bash
# tools/check_file_lists.sh [DIRECTORY]: checks that folders that exist once for each machine have the same list of
# files. In the compiler's targets, some folders are left out (`only` below).
# Last line: N passed, N failed.
set -u
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}" || exit 1
passed=0 failed=0

fail() {
  failed=$((failed + 1))
  printf 'FAIL %s\n' "$*"
}

# same NAME DIRECTORY DIRECTORY: checks that both have the same files, except in the folders of `alone`.
alone=()
same() {
  local name=$1 one=$2 other=$3 difference
  difference=$(diff <(files "$one") <(files "$other"))
  if [ -z "$difference" ]; then
    passed=$((passed + 1))
  else
    fail "$name: $one and $other differ:
$difference"
  fi
}
files() {
  local folder pruned=()
  for folder in "${alone[@]}"; do pruned+=(-path "$folder" -prune -o); done
  find "$1" "${pruned[@]}" -type f -printf '%P\n' | sort
}

# only FOLDER REASON: FOLDER is left out of the comparison, because only this target needs it.
only() {
  if [ -d "$1" ]; then
    alone+=("$1")
    passed=$((passed + 1))
  else
    fail "$1 is an exception (\"$2\"), and is not there"
  fi
}

same "ports of the kernel" src/kernel/arch/x64 src/kernel/arch/rv64
same "platforms of the process" src/host/platform/x64 src/host/platform/rv64
same "machines of the base" src/base/x64 src/base/rv64
only src/compiler/x64/lowering/vectors "x86-64 selects vector instructions in lowering"
only src/compiler/rv64/emission/vectors "RV64 expands vector operations when it emits them, with V or lane by lane"
only src/compiler/rv64/encoding/tables \
  "RISC-V's encodings are regular enough for tables; x86-64's are named where they are used"
only src/compiler/rv64/encoding/compression "only RISC-V has a second, shorter form of an instruction"
only src/compiler/rv64/testing/qemu "RV64's tests run in a process of QEMU, which needs a program"
only src/compiler/x64/testing/in_process \
  "a collector that moves objects has to be in the process of the code that it interrupts"
same "targets of the compiler" src/compiler/x64 src/compiler/rv64
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
