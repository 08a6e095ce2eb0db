#!/usr/bin/env bash
# tests/wasi/run.sh TARGET: runs the programs of this folder; the last line is `N passed, N failed`.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

# check NAME [OPTIONS] -- [ARGUMENTS]: runs NAME.c by `cairn run` with the options, and gives the program the arguments.
# The test passes if the program's status is 0.
check() {
  local name=$1 options=() output status
  shift
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  rm -rf "$scratch/root"
  mkdir "$scratch/root"
  # On the hosts, an empty directory is the program's `/`. The program `root` tests what is there without one.
  case "$target:$name" in
    *:root) ;;
    host*) options+=(--dir "$scratch/root::/") ;;
  esac
  output=$(timeout 300 "$root/build/host/cairn-cli" run --target "$target" "${options[@]}" "$here/$name.c" "$@" 2>&1 \
    </dev/null)
  status=$?
  if [ $status -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL %s %s: status %d\n%s\n' "$name" "$*" "$status" "$output"
  fi
}

check endings --
check removed --
check positions --
check space --
check root --
# With the argument, `space` fills the whole file system, so the machine is small.
case "$target" in host*) ;; *) check space --memory 64M -- full ;; esac
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
