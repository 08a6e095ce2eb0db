#!/usr/bin/env bash
# fuzz/diff/seeded/run.sh [PATCH...]: puts one fault at a time into a copy of the compiler, and prints which module of
# fuzz/diff finds it, and after how many seconds. The copy and its builds are under build/fuzz/seeded.
# fuzz/diff/seeded/run.sh --check: checks that each fault can still be put into the sources.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../support/seeded.sh"
first_seed=${CAIRN_SEEDED_SEED:-500000}
[ "${1-}" = --check ] || "$here/../engines.sh" || exit 71

build() { # PATCH
  case "$1" in *riscv*) build_in_copy host-riscv64 cairn-diff ;; *) build_in_copy host cairn-diff ;; esac
}

find_fault() { # PATCH
  local executors=v8,cairn,registers,none,cpu output seed
  case "$1" in
    *riscv*) executors=v8,riscv,riscv-v ;;
    *heap*) executors=v8,cairn,stress ;;
  esac
  output=$(CAIRN_ROOT=$copy CAIRN_DIFF_HOST=$copy/build/host/cairn-diff \
    CAIRN_DIFF_RISCV=$copy/build/host-riscv64/cairn-diff \
    python3 "$root/fuzz/diff/run.py" --modules "${CAIRN_SEEDED_MODULES:-20000}" --seed "$first_seed" --batch 100 \
    --code 0 --executors "$executors" \
    --stop --keep-whole 2>&1)
  seed=$(printf '%s\n' "$output" | sed -n 's/^FAIL seed \([0-9]*\) .*/\1/p' | sort -n | head -n 1)
  [ -z "$seed" ] || found="module $((seed - first_seed + 1)): $(printf '%s\n' "$output" |
    sed -n "s/^FAIL seed $seed //p" | head -n 1)"
}

seeded_faults "$here" seeded "$@"
