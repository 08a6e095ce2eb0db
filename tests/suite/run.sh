#!/usr/bin/env bash
# tests/suite/run.sh TARGET [OPTION...]: the specification's test suite on a target; last line `N passed, N failed`.
#
# needs_other_proposals.txt names the files that need what is refused so far (GC); the list can only shrink: a file on it
# that passes whole is a failure, so that it is taken off.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
suite=$root/../shared/wasm-testsuite
target=$1
shift
mapfile -t excluded < <(grep -v '^#' "$here/needs_other_proposals.txt")
files=()
for file in "$suite"/*.wast "$suite"/custom/*.wast "$suite"/legacy/*.wast \
  "$suite"/proposals/threads/*.wast "$suite"/proposals/wide-arithmetic/*.wast "$suite"/proposals/custom-page-sizes/*.wast; do
  name=${file#"$suite"/}
  case " ${excluded[*]} " in *" $name "*) ;; *) files+=("$file") ;; esac
done
"$root/build/host/cairn-cli" wast --target "$target" "$@" "${files[@]}"
status=$?
if [ "$target" = host ] && [ $# -eq 0 ]; then
  for name in "${excluded[@]}"; do
    if "$root/build/host/cairn-cli" wast --target host "$suite/$name" >/dev/null 2>&1; then
      echo "FAIL $name passes whole: take it off needs_other_proposals.txt"
      status=1
    fi
  done
fi
exit "$status"
