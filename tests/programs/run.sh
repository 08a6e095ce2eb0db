#!/usr/bin/env bash
# Builds real programs for wasm and natively, runs both, and compares what they print.
#   tests/programs/run.sh [--target TARGET]... [--build-only | --bench] [NAME...]
# TARGET is a target of `cairn run`, followed by -v for a RISC-V CPU with vectors, or node (node:wasi, to check a
# program without Cairn). Last line: N passed, N failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tests/programs/lib.sh"
here="$root/tests/programs"

targets=() names=() build_only= bench=
while [ $# -gt 0 ]; do
  case "$1" in
    --target) targets+=("$2"); shift ;;
    --build-only) build_only=1 ;;
    --bench) bench=1 ;;
    -*) die "unknown option $1" ;;
    *) names+=("$1") ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=(host host-riscv64 x86_64 riscv64)
if [ ${#names[@]} -eq 0 ]; then
  for script in "$here"/*.sh; do
    case "${script##*/}" in lib.sh | run.sh) ;; *) script=${script##*/}; names+=("${script%.sh}") ;; esac
  done
fi

passed=0 failed=0

# command_for TARGET WASM: sets `command` to a command that runs the program on the target.
command_for() {
  case "$1" in
    node) command=(node --no-warnings --stack-size=3000 "$here/support/node.mjs" "$2") ;;
    *-v) command=("${CAIRN_COMMAND:-$root/cairn}" run --target "${1%-v}" --cpu rv64,v=true,vlen=128,vext_spec=v1.0
      --env HOME=/ "$2") ;;
    *) command=("${CAIRN_COMMAND:-$root/cairn}" run --target "$1" --env HOME=/ "$2") ;;
  esac
}

# Each result has a key of all files that it depends on, so that it is built again if one of them changes.
prepare() { # NAME
  . "$here/$1.sh"
  local key
  key=$(cat "$here/$1.sh" "$here/${1%_*}.sh" "$here/lib.sh" "$here"/support/*.h "$here/${1%_*}"/* \
    "$root"/src/guest_c_runtime/*.* "$root"/src/guest_c_runtime/include/* 2>/dev/null |
    cat - <(clang-22 --version; echo "$optimize" "${wasm_features:-}") | sha256sum | cut -c1-16)
  place="$work/$1-$key"
  wasm="$place/$1.wasm" native="$place/$1" inputs="$place/inputs"
  [ -e "$place/ready" ] && return
  printf 'building %s\n' "$1" >&2
  mkdir -p "$inputs"
  (
    "$1_sources"
    objects="$place/wasm.o" && "$1_build" wasm "$wasm" && rm -rf "$objects" || exit 1
    objects="$place/native.o" && "$1_build" native "$native" && rm -rf "$objects" || exit 1
    "$1_inputs" "$inputs" || exit 1
    for function in $(compgen -A function | grep "^$1_case_"); do
      "$function" "$inputs" env -i HOME=/ "$native" >"$place/${function#"$1_case_"}.expected"
      echo $? >"$place/${function#"$1_case_"}.status"
    done
    touch "$place/ready"
  ) >"$place/log" 2>&1 || { tail -n 20 "$place/log" >&2; return 1; }
}

# Runs a case on a target, and compares its exit status and output with those of the native program.
check() { # NAME CASE TARGET
  local start=${EPOCHREALTIME/./} actual="$place/$2.$3" status label="programs/$1/$2 on $3" elapsed
  command_for "$3" "$wasm"
  "$1_case_$2" "$inputs" timeout "${CAIRN_PROGRAM_TIMEOUT:-300}" "${command[@]}" >"$actual"
  status=$?
  elapsed=$(((${EPOCHREALTIME/./} - start) / 1000))
  if [ "$status" -ne "$(cat "$place/$2.status")" ]; then
    printf 'FAIL %s: exit status %s, natively %s (output in %s)\n' "$label" "$status" "$(cat "$place/$2.status")" \
      "$actual"
    failed=$((failed + 1))
  elif ! cmp -s "$actual" "$place/$2.expected"; then
    printf 'FAIL %s: output differs: %s\n' "$label" "$(cmp "$place/$2.expected" "$actual" 2>&1)"
    failed=$((failed + 1))
  else
    printf 'ok   %s (%d.%03d s)\n' "$label" $((elapsed / 1000)) $((elapsed % 1000))
    passed=$((passed + 1))
    rm -f "$actual"
  fi
}

# Compares the least time of three runs of the guest, without decoding and compiling, with that of three native runs.
compare() { # NAME CASE
  local run best native_best start elapsed
  for run in 1 2 3; do
    start=${EPOCHREALTIME/./}
    "$1_case_$2" "$inputs" env -i HOME=/ "$native" >/dev/null 2>&1
    elapsed=$((${EPOCHREALTIME/./} - start))
    [ -n "${native_best-}" ] && [ "$elapsed" -ge "$native_best" ] || native_best=$elapsed
    "$1_case_$2" "$inputs" "$root/build/host/cairn-cli" run --target host --time --env HOME=/ "$wasm" 2>&1 >/dev/null |
      awk '$1 == "run" && $3 == "ms" { printf "%d\n", $2 * 1000 }' >"$place/bench"
    elapsed=$(cat "$place/bench")
    [ -n "${best-}" ] && [ "${elapsed:-0}" -ge "$best" ] || best=${elapsed:-0}
  done
  awk -v label="$1/$2" -v a="$best" -v b="$native_best" \
    'BEGIN { printf "  %-20s %8.3f s, native %8.3f s: %5.2f\n", label, a / 1e6, b / 1e6, a / b }'
}

for name in "${names[@]}"; do
  [ -e "$here/$name.sh" ] || die "no program $name in tests/programs"
  if ! prepare "$name"; then
    printf 'FAIL programs/%s: it does not build\n' "$name"
    failed=$((failed + 1))
    continue
  fi
  [ -n "$build_only" ] && { printf '%s\n' "$wasm"; continue; }
  if [ -n "$bench" ]; then
    for function in $(compgen -A function | grep "^${name}_case_"); do
      compare "$name" "${function#"${name}_case_"}"
    done
    continue
  fi
  for target in "${targets[@]}"; do
    for function in $(compgen -A function | grep "^${name}_case_"); do
      check "$name" "${function#"${name}_case_"}" "$target"
    done
  done
done
[ -z "$bench" ] || exit 0
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
