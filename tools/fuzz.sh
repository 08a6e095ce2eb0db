# ./cairn fuzz: coverage-guided fuzzing of everything that reads bytes from outside (fuzz/README.md). Sourced by
# ./cairn.
#   fuzz                                        lists the targets
#   fuzz TARGET [--time SECONDS] [--runs N]     runs it; its corpus grows under build/fuzz/corpus/TARGET
#   fuzz TARGET FILE...                         runs it on these inputs alone
#   fuzz --stats                                what has been executed in this checkout, target by target
#   fuzz --all [--time SECONDS]                 runs each target for this time, then prints N passed, N failed
#   fuzz --replay                               runs the sanitized build on the committed corpora, as tests do
#   fuzz slow [--time SECONDS]                  searches for the modules that cost the compiler most per byte
# If something was found, prints the path of a minimised input, and the exit status is 1.
cd "$root" || exit 71
state=$build/fuzz
usage() { fail 64 "$1 (\`./cairn help\` explains)"; }

targets() { for source in fuzz/targets/*.cpp; do basename "$source" .cpp; done; }

# Print the folder with the seeds of a target, and the target's options.
seeds_of() {
  case "$1" in
    decode | print | compile | run) echo "$state/seeds/module" ;;
    wat) echo "$state/seeds/text" ;;
    wast) echo "$state/seeds/script" ;;
    ir | object | bundle | pvh | acpi | device_tree | system_file) echo "$state/seeds/$1" ;;
  esac
}
options_of() {
  case "$1" in
    decode | print | wat | wast | ir | compile | run | bundle | system_file) echo -max_len=4096 ;;
    link) echo -max_len=1024 ;;
    wasi | console) echo -max_len=2048 ;;
    files) echo -max_len=16384 ;;
    *) echo -max_len=8192 ;;
  esac
  case "$1" in
    wat | wast) echo "-dict=$state/seeds/text.dict" ;;
    ir) echo "-dict=$state/seeds/ir.dict" ;;
    system_file) echo "-dict=$state/seeds/system_file.dict" ;;
  esac
}

make_seeds() {
  [ "$state/seeds/.made" -nt "$build/host-fuzz/fuzz/cairn-fuzz-seeds" ] && return
  rm -rf "$state/seeds"
  mkdir -p "$state/seeds/device_tree"
  local suite=../shared/wasm-testsuite
  [ -d "$suite" ] || suite=tests/cli
  "$build/host-fuzz/fuzz/cairn-fuzz-seeds" "$state/seeds" "$suite" tests/compiler tests/cli tests/mutations \
    tests/threads examples >/dev/null ||
    fail 71 "cannot write the seeds"
  # The device trees of QEMU's own machines.
  local cpus
  for cpus in 1 4; do
    qemu-system-riscv64 -M "virt,dumpdtb=$state/seeds/device_tree/virt$cpus" -smp "$cpus" -display none >/dev/null 2>&1
  done
  touch "$state/seeds/.made"
}

build_fuzz() {
  install_packages
  build_preset host-fuzz "$@"
  make_seeds
}

count_of() { sed -n "s/^stat::$1: *//p" "$2" | tail -n 1; }

# Runs a target; what it found goes to build/fuzz/findings/TARGET. Sets `found` to the inputs, minimised.
run_target() { # TARGET ARGS...
  local target=$1 program=$build/host-fuzz/fuzz/fuzz-$1 log=$state/$1.log input smaller
  shift
  local corpus=$state/corpus/$target findings=$state/findings/$target started=${EPOCHREALTIME%.*}
  mkdir -p "$corpus" "$findings" "fuzz/corpus/$target"
  local directories=("$corpus" "fuzz/corpus/$target")
  [ -z "$(seeds_of "$target")" ] || directories+=("$(seeds_of "$target")")
  touch "$state/.$target.started"
  # shellcheck disable=SC2046
  nice -n 15 "$program" -artifact_prefix="$findings/" -print_final_stats=1 -timeout=60 -rss_limit_mb=4000 \
    -verbosity=1 $(options_of "$target") "$@" "${directories[@]}" >"$log" 2>&1
  local status=$? executed coverage
  executed=$(count_of number_of_executed_units "$log")
  coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
  found=()
  for input in "$findings"/*; do
    [ -e "$input" ] && [ "$input" -nt "$state/.$target.started" ] || continue
    case "$input" in *.min) continue ;; esac
    smaller=$input.min
    nice -n 15 "$program" -minimize_crash=1 -max_total_time=30 -timeout=60 -exact_artifact_path="$smaller" "$input" \
      >"$log.minimize" 2>&1
    [ -s "$smaller" ] || cp "$input" "$smaller"
    found+=("$smaller")
  done
  [ "$status" -eq 0 ] || [ ${#found[@]} -gt 0 ] || found+=("$log")
  printf '%s %s %s %s\n' "$target" "${executed:-0}" "$((${EPOCHREALTIME%.*} - started))" "${#found[@]}" \
    >>"$state/executions"
  printf '%s: %s executions in %d s, %s, %d findings\n' "$target" "${executed:-0}" \
    "$((${EPOCHREALTIME%.*} - started))" \
    "${coverage:-no coverage told}" "${#found[@]}"
}

show_findings() {
  local input
  for input in "${found[@]}"; do
    printf 'FAIL %s: %s\n' "$1" "$input"
    grep -m 3 -E 'ERROR: |SUMMARY: |runtime error|cairn-fuzz: |internal error' "$state/$1.log" | cut -c1-400
  done
}

stats() {
  [ -e "$state/executions" ] || fail 64 "nothing has been fuzzed in this checkout yet"
  awk '{ n[$1] += $2; s[$1] += $3; f[$1] += $4; all += $2; seconds += $3; found += $4 }
    END { for (t in n) printf "%-12s %12d executions  %7d s  %3d findings\n", t, n[t], s[t], f[t] | "sort"
          close("sort")
          printf "%-12s %12d executions  %7d s  %3d findings\n", "all", all, seconds, found }' "$state/executions"
}

replay() {
  local passed=0 failed=0 target program
  for target in $(targets); do
    program=$build/host-sanitize/fuzz/replay-$target
    [ -x "$program" ] || { printf 'FAIL %s: not built\n' "$target"; failed=$((failed + 1)); continue; }
    for input in fuzz/corpus/"$target"/*; do
      [ -e "$input" ] || continue
      if timeout 120 "$program" "$input" >"$state/replay.log" 2>&1; then
        passed=$((passed + 1))
      else
        failed=$((failed + 1))
        printf 'FAIL %s %s\n' "$target" "$input"
        tail -n 30 "$state/replay.log"
      fi
    done
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

fuzz_all() { # SECONDS
  local passed=0 failed=0 target
  for target in $(targets); do
    run_target "$target" -max_total_time="$1"
    if [ ${#found[@]} -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); show_findings "$target"; fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

mkdir -p "$state"
target='' seconds='' runs='' files=()
while [ $# -gt 0 ]; do
  case "$1" in
    --stats) stats; exit ;;
    --replay) replay; exit ;;
    --all) target=--all ;;
    --time | --runs)
      [[ "${2-}" =~ ^[0-9]+$ ]] || usage "$1 wants a number"
      if [ "$1" = --time ]; then seconds=$2; else runs=$2; fi
      shift ;;
    -*) usage "unknown option \`$1\` of fuzz" ;;
    *) if [ -z "$target" ]; then target=$1; else files+=("$1"); fi ;;
  esac
  shift
done
if [ -z "$target" ]; then targets; exit; fi
if [ "$target" = --all ]; then
  build_fuzz fuzz-targets
  fuzz_all "${seconds:-20}"
  exit
fi
if [ "$target" = slow ]; then
  install_packages
  build_preset host cairn-fuzz-slow
  mkdir -p "$state/slow"
  scripts=(../shared/wasm-testsuite/*.wast)
  [ -e "${scripts[0]}" ] || scripts=(tests/cli/*.wat tests/threads/*.wast)
  nice -n 15 "$build/host/fuzz/cairn-fuzz-slow" "${seconds:-60}" "$state/slow" tests/bombs/real_program.cc \
    "${scripts[@]}" "${files[@]}"
  exit
fi
[ -e "fuzz/targets/$target.cpp" ] || usage "there is no fuzz target \`$target\`; \`./cairn fuzz\` lists them"
build_fuzz "fuzz-$target" cairn-fuzz-seeds
if [ ${#files[@]} -gt 0 ]; then
  exec "$build/host-fuzz/fuzz/fuzz-$target" -timeout=60 -rss_limit_mb=4000 "${files[@]}"
fi
arguments=()
[ -n "$runs" ] && arguments+=("-runs=$runs")
[ -n "$seconds$runs" ] || seconds=60
[ -n "$seconds" ] && arguments+=("-max_total_time=$seconds")
run_target "$target" "${arguments[@]}"
[ ${#found[@]} -eq 0 ] && exit
show_findings "$target"
exit 1
