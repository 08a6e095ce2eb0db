#!/usr/bin/env bash
# tests/suite/run.sh TARGET [OPTION...]: the specification's test suite on a target; last line `N passed, N failed`.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
suite=$root/../shared/wasm-testsuite
target=$1
shift
files=("$suite"/*.wast "$suite"/custom/*.wast "$suite"/legacy/*.wast \
  "$suite"/proposals/threads/*.wast "$suite"/proposals/wide-arithmetic/*.wast "$suite"/proposals/custom-page-sizes/*.wast)
exec "$root/build/host/cairn-cli" wast --target "$target" "$@" "${files[@]}"
