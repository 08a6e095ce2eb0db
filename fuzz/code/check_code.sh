#!/usr/bin/env bash
# fuzz/code/check_code.sh [COUNT [programs]]: compiles COUNT generated modules, and the programs that tests/programs has built, for
# both targets with and without optional instruction sets, and checks the code (check_code.py).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
count=${1:-100} programs=${2-}
place=$(mktemp -d)
trap '[ -n "${KEEP-}" ] || rm -rf "$place"' EXIT
generator=$("$root/fuzz/generator/build.sh") || exit 71
"$generator" "$count" 900000 "$place" || exit 71
compile() { # MODULE NAME OPTION...
  local module=$1 name=$2
  shift 2
  "$root/build/host/cairn-cli" compile "$module" --bounds guard -o "$place/$name.o" "$@" || echo "FAIL $module: does not compile ($*)"
}
lane() { # TARGET FEATURES, modules on the standard input
  local module
  while read -r module; do
    compile "$module" "$(basename "$module" .wasm)-$1-${2//,/}" --target "$1" --engine "cpu=$2"
  done
}
modules() {
  ls "$place"/*.wasm
  [ "${programs-}" != programs ] || ls "$root"/build/cache/programs/*/*.wasm 2>/dev/null
}
modules | lane host sse42,popcnt,lzcnt,bmi1,bmi2,avx,avx2,fma
modules | lane host none
modules | lane riscv64 zba,zbb,zbs
modules | lane riscv64 none
modules | lane riscv64 zba,zbb,zbs,v
find "$place" -name '*.o' | sort | xargs python3 "$here/check_code.py"
