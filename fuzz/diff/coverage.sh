#!/usr/bin/env bash
# fuzz/diff/coverage.sh [MODULES [SEED]]: shows which lines of src/compiler generated modules reach. Builds cairn-diff
# with clang's source coverage under build/coverage, runs it in each variant of Cairn that the comparison has, and
# compiles a fifth of the modules for RISC-V with several sets of extensions. Prints one line for each file, and the
# totals. The lines that no module reached are in build/coverage/missed{,-riscv64}.txt.
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
nice ninja -C "$build" cairn-diff cairn-cli | tail -1
directory=${COVERAGE_MODULES:-$build/modules}
if [ -z "${COVERAGE_MODULES:-}" ]; then
  rm -rf "$directory"
  mkdir -p "$directory"
  "$(fuzz/generator/build.sh)" "$modules" "$seed" "$directory"
fi
rm -f "$build"/*.profraw
# Runs the modules in one variant of Cairn. NAME is the name of the profile.
run() { # NAME OPTIONS...
  find "$root/$directory" -name '*.wasm' | sort |
    LLVM_PROFILE_FILE="$build/$1.profraw" nice "$build/cairn-diff" "${@:2}" >/dev/null
}
[[ $directory = /* ]] && root=
run default
run none --engine opt=none
run registers --engine registers=6
run check --bounds check --engine relaxed=deterministic
run cpu --engine cpu=none
run verify --engine verify=on
run stress --engine gc-stress=on --engine gc-verify=on
# Compiles every fifth module for RISC-V.
riscv() { # NAME FEATURES OPTIONS...
  find "$root/$directory" -name '*[05].wasm' | sort | while read -r module; do
    LLVM_PROFILE_FILE="$build/riscv-$1-%m.profraw" nice "$build/cairn-cli" compile "$module" -o "$build/object.o" \
      --target riscv64 --engine "cpu=$2" "${@:3}"
  done
}
riscv plain none
riscv extended zba,zbb,zbs
riscv vectors zba,zbb,zbs,v --bounds check
# Prints the coverage of PROGRAM in these profiles. FILES-LEFT-OUT is a regular expression.
report() { # SUFFIX PROGRAM FILES-LEFT-OUT PROFILES...
  llvm-profdata-22 merge -o "$build/all$1.profdata" "${@:4}"
  local common=("$build/$2" -instr-profile="$build/all$1.profdata" -compilation-dir="$(pwd)"
    -ignore-filename-regex="$3")
  llvm-cov-22 report "${common[@]}" --show-region-summary=false --show-branch-summary=false |
    awk '$1 ~ /cpp|hpp|TOTAL/ {
      printf "%-44s functions %4d missed %4d   lines %5d missed %5d  %s\n", $1, $2, $3, $5, $6, $7 }'
  llvm-cov-22 show "${common[@]}" --show-instantiations=false |
    awk '/^[\/.a-z].*:$/ { file = $0 } /^ *[0-9]+\| *0\|/ { print file $0 }' > "$build/missed$1.txt"
}
others='/src/(base|host|runtime|wasi|wasm)/|/fuzz/|/usr/'
report "" cairn-diff "$others|/src/compiler/rv64/" $(find "$build" -maxdepth 1 -name '*.profraw' ! -name 'riscv-*')
report -riscv64 cairn-cli "$others|/src/compiler/(build|codegen|ir|opt|x64)/|/src/compiler/[a-z]*[.]" \
  "$build"/riscv-*.profraw
