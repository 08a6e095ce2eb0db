#!/usr/bin/env bash
# fuzz/diff/seeded/run.sh [PATCH...]: puts one fault at a time into a copy of the compiler, and prints after how many modules
# and seconds fuzz/diff finds it. The copy and its builds are under build/fuzz/seeded.
# fuzz/diff/seeded/run.sh --check: whether each fault can still be put into the sources.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$root/build/fuzz/seeded/cairn
modules=${CAIRN_SEEDED_MODULES:-20000}
first_seed=${CAIRN_SEEDED_SEED:-500000}
if [ "${1-}" = --check ]; then
  passed=0 failed=0
  for patch in "$here"/*.patch; do
    if (cd "$root" && git apply --check "$patch"); then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAIL %s\n' "$patch"; fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
  exit
fi
[ $# -gt 0 ] || set -- "$here"/*.patch
rm -rf "$copy"
mkdir -p "${copy%/*}"
git clone -q --shared "$root" "$copy" || exit 71
export CAIRN_ROOT=$copy CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1
"$root/fuzz/diff/engines.sh" || exit 71

build() { # PRESET
  { [ -e "$copy/build/$1/build.ninja" ] || cmake -S "$copy" --preset "$1"; } >"$copy/build.log" 2>&1 &&
    ninja -C "$copy/build/$1" cairn-diff >>"$copy/build.log" 2>&1
}

found=0 missed=0
for patch in "$@"; do
  name=$(basename "$patch" .patch)
  preset=host executors=v8,cairn,registers,none,cpu
  case "$name" in
    *riscv*) preset=host-riscv64 executors=v8,riscv,riscv-v ;;
    *heap*) executors=v8,cairn,stress ;;
  esac
  git -C "$copy" checkout -q . && git -C "$copy" apply "$patch" || { printf '%s: does not apply\n' "$name"; missed=$((missed + 1)); continue; }
  build "$preset" || { printf '%s: does not build\n' "$name"; missed=$((missed + 1)); continue; }
  start=${EPOCHREALTIME%.*}
  output=$(CAIRN_DIFF_HOST=$copy/build/host/cairn-diff CAIRN_DIFF_RISCV=$copy/build/host-riscv64/cairn-diff \
    python3 "$root/fuzz/diff/run.py" --modules "$modules" --seed "$first_seed" --batch 100 --code 0 --executors "$executors" --stop --keep-whole 2>&1)
  seconds=$((${EPOCHREALTIME%.*} - start))
  seed=$(printf '%s\n' "$output" | sed -n 's/^FAIL seed \([0-9]*\) .*/\1/p' | sort -n | head -n 1)
  if [ -n "$seed" ]; then
    found=$((found + 1))
    printf '%s: found by module %d, %d s: %s\n' "$name" $((seed - first_seed + 1)) "$seconds" \
      "$(printf '%s\n' "$output" | sed -n "s/^FAIL seed $seed //p" | head -n 1)"
  else
    missed=$((missed + 1))
    printf '%s: not found in %d modules, %d s\n' "$name" "$modules" "$seconds"
    printf '%s\n' "$output" | tail -n 3
  fi
done
printf '%d passed, %d failed\n' "$found" "$missed"
