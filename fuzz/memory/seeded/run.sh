#!/usr/bin/env bash
# fuzz/memory/seeded/run.sh [PATCH...]: puts one fault at a time into a copy of src/kernel/memory, and prints which
# tests of kernel_test find it. The copy and its builds are under build/fuzz/seeded-memory.
# fuzz/memory/seeded/run.sh --check: checks that each fault can still be put into the sources.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../support/seeded.sh"

build() { build_in_copy host kernel_test; }

# Each test runs alone, because some faults end the process.
find_fault() {
  local name tests=$copy/build/host/kernel_test
  local suites='SeveralCpus*:PageTable*:CodeMemory*:SmallMachines*:FlushRequest*:Heap*:GuestStack*:FrameSource*'
  while read -r name; do
    timeout 60 "$tests" --gtest_filter="$name" >/dev/null 2>&1 || found+="$name "
  done < <("$tests" --gtest_filter="$suites" --gtest_list_tests | awk '/^[^ ]/ { suite = $1 } /^ / { print suite $1 }')
}

seeded_faults "$here" seeded-memory "$@"
