# ./cairn test [--all] [NAME...]: runs every test, two jobs at a time, and prints a line for each job. NAME selects the
# jobs whose names contain it. The last line has the sums: `N passed, N failed`. ./cairn sources this file; it sets root
# and build, and defines fail and build_preset.
cd "$root" || exit 71
export CAIRN_TEST_ALL=
filters=()
for argument in "$@"; do
  case "$argument" in
    --all) CAIRN_TEST_ALL=1 ;;
    -*) fail 64 "unknown option \`$argument\` of test (\`./cairn help\` explains)" ;;
    *) filters+=("$argument") ;;
  esac
done

logs=$build/test
rm -rf "$logs"
mkdir -p "$logs"
total_passed=0 total_failed=0
declare -A job_name=() job_log=() job_start=()

selected() { # NAME
  [ ${#filters[@]} -gt 0 ] || return 0
  local filter
  for filter in "${filters[@]}"; do
    case "$1" in *"$filter"*) return 0 ;; esac
  done
  return 1
}

# Sets job_passed and job_failed from a job's log: from GoogleTest's counts, or from a last line `N passed, N failed`.
count_results() { # LOG STATUS
  local line
  job_passed=0 job_failed=0
  if grep -q '^\[==========\] .* ran\.' "$1"; then
    job_passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$1" | tail -n 1)
    job_failed=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*listed below.*/\1/p' "$1" | tail -n 1)
  else
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1)
    job_passed=${line%% passed*} job_failed=${line##* passed, } job_failed=${job_failed%% failed*}
  fi
  job_passed=${job_passed:-0} job_failed=${job_failed:-0}
  # A job with an exit status other than 0 has failed, and so has a job that tested nothing.
  if [ "$job_failed" -eq 0 ] && { [ "$2" -ne 0 ] || [ "$job_passed" -eq 0 ]; }; then job_failed=1; fi
}

# Waits until a job has ended, and prints its line.
finish_one() {
  local pid status seconds verdict=PASS
  wait -n -p pid
  status=$?
  [ -n "${pid-}" ] || return
  local log=${job_log[$pid]} name=${job_name[$pid]}
  count_results "$log" "$status"
  total_passed=$((total_passed + job_passed)) total_failed=$((total_failed + job_failed))
  seconds=$((${EPOCHREALTIME%.*} - ${job_start[$pid]}))
  [ "$job_failed" -eq 0 ] || verdict=FAIL
  printf '%s %s: %d passed, %d failed (%d s)\n' "$verdict" "$name" "$job_passed" "$job_failed" "$seconds"
  if [ "$job_failed" -gt 0 ]; then
    { grep -aE '^FAIL|FAILED|Failure|ERROR: |runtime error|internal error|[.]wast:[0-9]+: ' "$log" | head -n 20
      [ "$status" -eq 0 ] || { echo "exit status $status, last lines:"; tail -n 5 "$log"; }; } | cut -c1-300 |
        sed 's/^/    /'
    printf '    log: %s\n' "${log#"$root/"}"
  fi
  unset "job_name[$pid]" "job_log[$pid]" "job_start[$pid]"
}

# job NAME COMMAND...: waits for a free slot and starts the command.
job() {
  local name=$1 log
  shift
  selected "$name" || return 0
  while [ ${#job_name[@]} -ge 2 ]; do finish_one; done
  log=$logs/$(printf '%s' "$name" | tr '/ ' '__').log
  "$@" >"$log" 2>&1 </dev/null &
  job_name[$!]=$name job_log[$!]=$log job_start[$!]=${EPOCHREALTIME%.*}
}

wait_all() { while [ ${#job_name[@]} -gt 0 ]; do finish_one; done; }

# A build that fails is a failed test, and the tests that need it are not run.
build_for_tests() { # PRESET TARGET...
  local preset=$1
  if (build_preset "$@"); then return 0; fi
  printf 'FAIL build/%s\n' "$preset"
  total_failed=$((total_failed + 1))
  return 1
}

# Runs the unit tests of a preset. Reports of sanitizers are failures.
unit_tests() { # PRESET
  local program filter='*'
  # Two kinds of tests are left out with sanitizers: those that measure time, because the code is instrumented, and
  # those that call generated code through a function pointer, because UBSan expects a type before the function's code.
  case "$1" in *sanitize) filter='-Limits.LargeModulesTakeLinearTime:RegAlloc.HugeFunctionsTakeLinearTime:X64*' ;; esac
  for program in "$build/$1"/*_test; do
    [ -x "$program" ] && job "unit/$(basename "$program" _test) ($1)" timeout 900 env ASAN_OPTIONS=detect_leaks=1 \
      "$program" --gtest_brief=1 --gtest_filter="$filter"
  done
}

targets=(host)
build_for_tests host all || { printf '%d passed, %d failed\n' "$total_passed" "$total_failed"; exit 1; }
build_for_tests host-riscv64 cairn-cli && targets+=(host-riscv64)
for machine in x86_64 riscv64; do
  build_for_tests "kernel-$machine" all && targets+=("$machine")
done
build_for_tests host-sanitize all && sanitized=1
build_for_tests host-threads cairn-cli base_test runtime_test wasi_test && threads=1

job structure/includes tools/check_includes.sh
job structure/format tools/check_format.sh
job "structure/file lists" tools/check_file_lists.sh
job structure/invariants tools/check_invariants.sh
job structure/tidy env CAIRN_BUILD="$build" tools/check_tidy.sh
job structure/gates env CAIRN_BUILD="$build" tests/structure/gates.sh
case " ${targets[*]} " in *" x86_64 riscv64 "*)
  job structure/stacks python3 tools/check_stacks.py "$build"/kernel-x86_64/cairn-kernel-testing.debug \
    "$build"/kernel-riscv64/cairn-kernel-testing.debug ;;
esac
job structure/containers tools/check_containers.sh
job structure/sizes tools/check_sizes.sh
job "structure/sizes (self test)" tests/structure/sizes.sh
job "structure/seeded faults" fuzz/diff/seeded/run.sh --check
job "structure/seeded faults of files" fuzz/files/seeded/run.sh --check
job "structure/seeded faults of memory" fuzz/memory/seeded/run.sh --check
job "structure/seeded faults of fibers" fuzz/fibers/seeded/run.sh --check
unit_tests host
[ -z "${sanitized-}" ] || unit_tests host-sanitize
# ThreadSanitizer checks the tests that have several threads.
if [ -n "${threads-}" ]; then
  job "unit (host-threads)" tests/threads/sanitized.sh "$build/host-threads"
  job "threads (host-threads)" env CAIRN_CLI="$build/host-threads/cairn-cli" \
    TSAN_OPTIONS=suppressions=tests/threads/guests.supp tests/threads/run.sh host
fi
[ -z "${sanitized-}" ] || job "injection (host)" tests/injection/run.sh
for target in "${targets[@]}"; do
  job "cli ($target)" tests/cli/run.sh "$target"
  job "cli/systems ($target)" tests/cli/systems.sh "$target"
  job "cli/limits ($target)" tests/cli/limits.sh "$target"
  job "cli/memory_limits ($target)" tests/cli/memory_limits.sh "$target"
  job "cli/threads ($target)" tests/cli/threads.sh "$target"
  job "cli/system_interface ($target)" tests/cli/system_interface.sh "$target"
  case "$target" in
    x86_64) job "cli/many_programs ($target)" tests/cli/many_programs.sh "$target" ;;&
    riscv64) job "cli/many_programs ($target)" tests/cli/many_programs.sh "$target" --paging sv39 ;;&
    x86_64 | riscv64) job "cli/console ($target)" tests/cli/console.sh "$target" ;;
  esac
done

job "cli (tools)" tests/cli/tools.sh

for target in "${targets[@]}"; do
  job "limits ($target)" tests/limits/run.sh "$target" --quick
  job "threads ($target)" tests/threads/run.sh "$target"
  job "stacks ($target)" python3 tests/stacks/run.py "$target"
  job "regressions ($target)" tests/regressions/run.sh "$target"
  job "wasi ($target)" tests/wasi/run.sh "$target"
done

for target in "${targets[@]}"; do
  job "gc ($target)" tests/gc/run.sh "$target"
  job "interactions ($target)" tests/interactions/run.sh "$target"
done
job "gc (host --gc-stress)" tests/gc/run.sh host --gc-stress
job "interactions (host --gc-stress)" tests/interactions/run.sh host --gc-stress

# The specification's test suite runs on every target: with and without optimization, with few registers, with and
# without guard pages, with and without optional instruction sets, and with both kinds of RISC-V's page tables. Each run
# takes seconds.
suite_lanes() {
  local with_v='--cpu rv64,v=true,vlen=128,vext_spec=v1.0' without='--cpu rv64,zba=false,zbb=false,zbs=false'
  cat <<LANES
host
host --engine opt=none
host --engine registers=6
host --engine verify=on
host --engine cpu=none
host --bounds check
host --bounds guard
host --engine addresses=24
host --gc-stress
host --gc-stress --engine gc-verify=on --engine opt=none
host-sanitize
host-riscv64 $with_v
host-riscv64 $without
host-riscv64 --engine opt=none
host-riscv64 --engine registers=6
host-riscv64 --bounds check
x86_64
x86_64 --cpu Penryn
x86_64 --machine q35
x86_64 --bounds check
x86_64 --bounds guard
riscv64 --paging sv39 $with_v
riscv64 --paging sv39 $without
riscv64 --paging sv39 --bounds check
riscv64 --paging sv48 $with_v
riscv64 --paging sv48 $without
LANES
}
suite_targets=("${targets[@]}" ${sanitized:+host-sanitize})
while read -r target options; do
  # shellcheck disable=SC2086
  case " ${suite_targets[*]} " in
    *" $target "*) job "suite ($target${options:+ $options})" tests/suite/run.sh "$target" $options ;;
  esac
done < <(suite_lanes)
# The code for relaxed vector instructions depends on the instruction sets of the CPU. So the test of their
# deterministic mode runs on each target without options and in the lanes that choose a CPU. The lanes with sv48 would
# repeat those with sv39.
while read -r target options; do
  # shellcheck disable=SC2086
  case " ${suite_targets[*]} " in *" $target "*)
    job "suite/deterministic ($target${options:+ $options})" tests/suite/deterministic.sh "$target" $options ;;
  esac
done < <(suite_lanes | grep -E '^[^ ]*$|cpu=none|Penryn|--cpu rv64' | grep -v sv48)
for target in "${suite_targets[@]}"; do
  job "suite/strict ($target)" tests/suite/strict.sh "$target"
done

# The kernels' own tests run inside the machines. With --all, the machines also boot on every CPU that QEMU knows, and
# the test of the clock makes more measurements.
sleeps=2
[ -z "$CAIRN_TEST_ALL" ] || sleeps=20
for machine in x86_64 riscv64; do
  case " ${targets[*]} " in
    *" $machine "*)
      job "kernel ($machine)" python3 tests/kernel/run.py "$machine"
      job "kernel/devices ($machine)" python3 tests/kernel/devices.py "$machine"
      job "kernel/cpus ($machine)" python3 tests/kernel/cpus.py ${CAIRN_TEST_ALL:+--all} "$machine"
      if [ "$machine" = x86_64 ]; then
        job "kernel/clock ($machine)" python3 tests/kernel/clock.py --times "$sleeps" microvm q35
      fi
      ;;
  esac
done

for machine in x86_64 riscv64; do
  case " ${targets[*]} " in
    *" $machine "*) job "injection ($machine)" tests/injection/run.py ${CAIRN_TEST_ALL:+--long} "$machine" ;;
  esac
done

# The programs are built once, before several targets need them at the same time.
if selected programs/ || { [ -n "$CAIRN_TEST_ALL" ] && selected "code (generated, programs)"; }; then
  wait_all
  tests/programs/run.sh --build-only >"$logs/programs_build.log" 2>&1
fi
for target in "${targets[@]}"; do
  for program in tests/programs/*.sh; do
    program=$(basename "$program" .sh)
    case "$program" in
      lib | run) continue ;;
      *_simd)
        case "$target" in
          *riscv64) job "programs/$program ($target-v)" tests/programs/run.sh --target "$target-v" "$program" ;;
        esac
        ;;
    esac
    job "programs/$program ($target)" tests/programs/run.sh --target "$target" "$program"
  done
done

[ -z "${sanitized-}" ] || job "files (model, Linux)" build/host-sanitize/fuzz/cairn-files --seconds 30
job "bombs (host)" tests/bombs/run.sh ${CAIRN_TEST_ALL:+--all}
modules=200 hosted=3000
[ -z "$CAIRN_TEST_ALL" ] || modules=2000 hosted=10000
[ -z "${sanitized-}" ] || job "mutations (host-sanitize)" tests/mutations/run.sh host "$hosted"
for machine in x86_64 riscv64; do
  case " ${targets[*]} " in *" $machine "*)
    job "mutations ($machine)" tests/mutations/run.sh "$machine" "$modules"
    job "generated modules ($machine)" tests/mutations/generated.sh "$machine" "$modules" ;;
  esac
done

# Generated modules run on Cairn with several options of the compiler, with --all also on RISC-V and on other engines.
# Their machine code is checked, too.
if [ -n "$CAIRN_TEST_ALL" ]; then
  build_for_tests host-riscv64 cairn-diff && fuzz/diff/engines.sh &&
    job "diff (all engines)" python3 fuzz/diff/run.py --modules 3000 --seed 1
  job "code (generated, programs)" python3 fuzz/code/check_modules.py --generate 300 --programs
else
  job "diff (cairn alone)" python3 fuzz/diff/run.py --modules 300 --batch 100 --seed 1 \
    --executors cairn,none,registers,check,cpu,verify,stress
  job "code (generated)" python3 fuzz/code/check_modules.py --generate 40
fi

job "code (spoiled)" python3 fuzz/code/self_test.py build/host/cairn-cli

# The inputs that fuzzing has found are replayed; with --all, fuzzing runs for some minutes.
[ -z "${sanitized-}" ] || job "fuzz/corpora" "$root/cairn" fuzz --replay
[ -z "$CAIRN_TEST_ALL" ] || job "fuzz/short" "$root/cairn" fuzz --all --time 20

wait_all
printf '%d passed, %d failed\n' "$total_passed" "$total_failed"
[ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
exit
