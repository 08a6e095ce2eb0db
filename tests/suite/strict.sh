#!/usr/bin/env bash
# tests/suite/strict.sh TARGET [OPTION...]: tests that the runner of scripts reports what is wrong, and only that. Last
# line `N passed, N failed`.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/files.sh"
use_target "$1"
shift
script=$here/strict.wast
output=$("$cairn" wast --target "$target" "$@" "$script")
status=$?
wanted=$(grep -n ';; wrong' "$script" | cut -d: -f1)
seen=$(printf '%s\n' "$output" | sed -n 's/.*strict\.wast:\([0-9]*\): .*/\1/p' | sort -n)
passed=0 failed=0
check() { # WHAT WANTED SEEN
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); else
    printf 'FAIL suite/strict: %s: wanted < and saw >\n%s\n' "$1" "$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3"))"
    failed=$((failed + 1))
  fi
}
check "the lines that fail" "$wanted" "$seen"
right=$(grep -E '^ *\((assert_|\(assert)' "$script" | grep -vc ';; wrong')
check "the counts" "$right passed, $(printf '%s\n' "$wanted" | wc -l) failed" "$(printf '%s\n' "$output" | tail -n 1)"
check "the exit status" 1 "$status"
# Files that are not scripts or cannot be read fail, too, and so do scripts that need a feature that is off.
absent=$("$cairn" wast --target "$target" "$@" "$here/absent.wast" 2>&1)
check "the exit status for a file that is not there" 1 "$(printf '%s' "$absent" | grep -c 'absent.wast')"
without=$("$cairn" wast --target "$target" "$@" --disable simd "$here/needs_simd.wast" | tail -n 1)
check "a file that needs what is off" "0 passed, 2 failed" "$without"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
