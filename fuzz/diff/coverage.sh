#!/usr/bin/env bash
# fuzz/diff/coverage.sh [MODULES [SEED]]: which lines of src/compiler generated modules reach, on x86-64 and in each variant of Cairn that the
# comparison has. Builds cairn-diff with clang's source coverage under build/coverage, runs it, prints a line a file and the total; the lines
# that nothing reached are in build/coverage/missed.txt.
#   COVERAGE_MODULES=DIR   runs the modules of that directory instead of generating some
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
build=build/coverage
modules=${1:-3000}
seed=${2:-30000001}
if [ ! -e "$build/build.ninja" ]; then
  cmake --preset host -B "$build" -DCMAKE_CXX_FLAGS="-fprofile-instr-generate -fcoverage-mapping" \
    -DCMAKE_EXE_LINKER_FLAGS="-fprofile-instr-generate" -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1" >/dev/null
fi
nice ninja -C "$build" cairn-diff | tail -1
directory=${COVERAGE_MODULES:-$build/modules}
if [ -z "${COVERAGE_MODULES:-}" ]; then
  rm -rf "$directory"
  mkdir -p "$directory"
  "$(fuzz/generator/build.sh)" "$modules" "$seed" "$directory"
fi
rm -f "$build"/*.profraw
run() { # NAME OPTIONS...
  find "$root/$directory" -name '*.wasm' | sort | LLVM_PROFILE_FILE="$build/$1.profraw" nice "$build/cairn-diff" "${@:2}" >/dev/null
}
[[ $directory = /* ]] && root=
run default
run none --engine opt=none
run registers --engine registers=6
run check --bounds check --engine relaxed=deterministic
run cpu --engine cpu=none
run verify --engine verify=on
run stress --engine gc-stress=on --engine gc-verify=on
llvm-profdata-22 merge -o "$build/all.profdata" "$build"/*.profraw
others='/src/(base|host|runtime|wasi|wasm)/|/src/compiler/rv64/|/fuzz/|/usr/'
llvm-cov-22 report "$build/cairn-diff" -instr-profile="$build/all.profdata" -compilation-dir="$(pwd)" -ignore-filename-regex="$others" --show-region-summary=false \
  --show-branch-summary=false |
  awk '$1 ~ /cpp|hpp|TOTAL/ { printf "%-44s functions %4d missed %4d   lines %5d missed %5d  %s\n", $1, $2, $3, $5, $6, $7 }' | tee "$build/report.txt"
llvm-cov-22 show "$build/cairn-diff" -instr-profile="$build/all.profdata" -compilation-dir="$(pwd)" -ignore-filename-regex="$others" --show-instantiations=false |
  awk '/^[\/.a-z].*:$/ { file = $0 } /^ *[0-9]+\| *0\|/ { print file $0 }' > "$build/missed.txt"
