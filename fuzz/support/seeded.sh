# Known faults, one at a time, in a copy of the sources: what fuzz/*/seeded/run.sh have in common. They source this file, define
#   build PATCH           builds the copy in $copy; false when it does not build
#   find_fault PATCH      searches; sets `found` to what is printed, or leaves it empty
# and call seeded_faults NAME ARGUMENTS... with the arguments of the script: --check, or patches (all of them by default).

# $1: the folder of the patches. $2: the name of the copy's folder under build/fuzz. The rest: the script's arguments.
seeded_faults() {
  local here=$1 name=$2 patch start seconds passed=0 failed=0
  root=$(cd "$here/../../.." && pwd)
  copy=$root/build/fuzz/$name/cairn
  shift 2
  if [ "${1-}" = --check ]; then
    for patch in "$here"/*.patch; do
      if (cd "$root" && git apply --check "$patch"); then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAIL %s\n' "$patch"; fi
    done
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
    return
  fi
  [ $# -gt 0 ] || set -- "$here"/*.patch
  rm -rf "$copy"
  mkdir -p "${copy%/*}"
  git clone -q --shared "$root" "$copy" || return 71
  export CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1
  for patch in "$@"; do
    found=
    printf '%s: ' "$(basename "$patch" .patch)"
    if ! { git -C "$copy" checkout -q . && git -C "$copy" apply "$patch"; }; then
      echo 'does not apply'
    elif ! build "$patch"; then
      echo 'does not build'
    else
      start=${EPOCHREALTIME%.*}
      find_fault "$patch"
      seconds=$((${EPOCHREALTIME%.*} - start))
      printf '%s in %d s%s\n' "$([ -n "$found" ] && echo found || echo 'not found')" "$seconds" "${found:+: $found}"
    fi
    if [ -n "$found" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# build_in_copy PRESET TARGET: for `build`.
build_in_copy() {
  { [ -e "$copy/build/$1/build.ninja" ] || cmake -S "$copy" --preset "$1" -B "$copy/build/$1"; } >"$copy/build.log" 2>&1 &&
    ninja -C "$copy/build/$1" "$2" >>"$copy/build.log" 2>&1
}
