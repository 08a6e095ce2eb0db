#!/usr/bin/env bash
# fuzz/files/seeded/run.sh [PATCH...]: puts one fault at a time into a copy of the file system, and prints after how many seconds cairn-files
# finds it. The copy and its builds are under build/fuzz/seeded-files.
# fuzz/files/seeded/run.sh --check: whether each fault can still be put into the sources.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$root/build/fuzz/seeded-files/cairn
limit=${CAIRN_SEEDED_SECONDS:-600}
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
export CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1

build() {
  { [ -e "$copy/build/host-sanitize/build.ninja" ] || cmake -S "$copy" --preset host-sanitize; } >"$copy/build.log" 2>&1 &&
    ninja -C "$copy/build/host-sanitize" cairn-files >>"$copy/build.log" 2>&1
}

found=0 missed=0
for patch in "$@"; do
  name=$(basename "$patch" .patch)
  git -C "$copy" checkout -q . && git -C "$copy" apply "$patch" || { printf '%s: does not apply\n' "$name"; missed=$((missed + 1)); continue; }
  build || { printf '%s: does not build\n' "$name"; missed=$((missed + 1)); continue; }
  start=${EPOCHREALTIME%.*}
  output=$("$copy/build/host-sanitize/fuzz/cairn-files" --seconds "$limit" --seed "${CAIRN_SEEDED_SEED:-1000000}" 2>&1)
  status=$?
  seconds=$((${EPOCHREALTIME%.*} - start))
  if [ $status -ne 0 ]; then
    found=$((found + 1))
    printf '%s: found in %d s: %s\n' "$name" "$seconds" \
      "$(printf '%s\n' "$output" | grep -m 1 -E 'cairn-fuzz: |ERROR: |runtime error|assertion|internal error')"
  else
    missed=$((missed + 1))
    printf '%s: not found in %d s\n' "$name" "$seconds"
  fi
done
printf '%d passed, %d failed\n' "$found" "$missed"
[ "$missed" -eq 0 ]
