#!/usr/bin/env bash
# tests/gc/run.sh TARGET [--gc-stress]: compares the programs with managed memory with their models; last line `N
# passed, N failed`. TARGET is a target of `cairn run`, or node or wasmtime, to check the programs without Cairn. Under
# --gc-stress, the sizes are smaller, because everything takes long.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tools/bench/gc/lib.sh"
target=$1 stress=${2-}
made=$root/build/test/gc-$target$stress
mkdir -p "$made"

sizes=("trees 12" "maps 100000" "graph 3000" "strings 20000" "sort 10000" "versions 5000" "live 4 100" "objects 1500")
if [ "$stress" = --gc-stress ]; then
  sizes=("trees 8" "maps 4000" "graph 150" "strings 1000" "sort 500" "versions 1000" "live 1 1" "objects 50")
fi

case "$target" in
  node) need_v8 ;;
  wasmtime) need_wasmtime ;;
esac

passed=0 failed=0
for size in "${sizes[@]}"; do
  read -r program arguments <<<"$size"
  gc_program "$program" "$made/$program.wat"
  case "$target" in
    node | wasmtime)
      "$root/build/host/cairn-cli" wat2wasm "$made/$program.wat" -o "$made/$program.wasm" || exit 1
      command=("run_$target" "$made/$program.wasm")
      ;;
    *)
      options=()
      if [ "$stress" = --gc-stress ]; then options=(--engine gc-stress=on); fi
      # Verifying a large heap at every allocation would take too long.
      if [ "$stress $program" != "--gc-stress live" ]; then options+=(--engine gc-verify=on); fi
      command=("${CAIRN_COMMAND:-$root/cairn}" run --target "$target" "${options[@]}" "$made/$program.wat")
      ;;
  esac
  # shellcheck disable=SC2086
  python3 "$here/models.py" "$program" $arguments >"$made/$program.expected" || exit 1
  # shellcheck disable=SC2086
  "${command[@]}" $arguments </dev/null >"$made/$program.actual" 2>"$made/$program.errors"
  status=$?
  if [ "$status" -eq 0 ] && cmp -s "$made/$program.expected" "$made/$program.actual"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL gc/%s on %s: exit status %d, %s\n' "$program" "$target $stress" "$status" \
      "$(cmp "$made/$program.expected" "$made/$program.actual" 2>&1; head -c 300 "$made/$program.errors")"
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
