# Puts known faults, one at a time, into a copy of the sources, and searches for each. The scripts fuzz/*/seeded/run.sh
# source this file, define two functions, and call seeded_faults:
#   build PATCH           builds the sources in $copy; fails when they do not build
#   find_fault PATCH      searches for the fault; if it is found, sets `found` to the text that is printed

# seeded_faults FOLDER NAME [--check | PATCH...]: FOLDER holds the patches, and build/fuzz/NAME will hold the copy.
# Without PATCH, all patches of FOLDER are taken. --check only tells whether each patch applies. Fails if a fault is not
# found, or a patch does not apply.
seeded_faults() {
  local here=$1 name=$2 patch start seconds passed=0 failed=0
  root=$(cd "$here/../../.." && pwd)
  copy=$root/build/fuzz/$name/cairn
  shift 2
  if [ "${1-}" = --check ]; then
    for patch in "$here"/*.patch; do
      if (cd "$root" && git apply --check "$patch"); then
        passed=$((passed + 1))
      else
        failed=$((failed + 1))
        printf 'FAIL %s\n' "$patch"
      fi
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

# build_in_copy PRESET TARGET: configures and builds a target in the copy. The scripts' `build` calls it.
build_in_copy() {
  {
    [ -e "$copy/build/$1/build.ninja" ] || cmake -S "$copy" --preset "$1" -B "$copy/build/$1"
  } >"$copy/build.log" 2>&1 &&
    ninja -C "$copy/build/$1" "$2" >>"$copy/build.log" 2>&1
}
