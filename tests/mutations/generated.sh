#!/usr/bin/env bash
# tests/mutations/generated.sh x86_64|riscv64 COUNT [FIRST_SEED]: runs generated modules (fuzz/generator) in a kernel.
# Each must run, end, and leave the kernel's memory as it was. Last line: N passed, N failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
generator=$("$root/fuzz/generator/build.sh") || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$generator" "$2" "${3-1}" "$scratch" || exit 1
"$root/tests/mutations/try.py" "$1" "$scratch"
