# ./cairn bench [boot|compile|programs|throw|gc|kernel]: prints the numbers of docs/performance.md. Sourced by ./cairn.
# Times are minima of several runs: what other work on the machine adds is noise.
cd "$root" || exit 71
runs=${CAIRN_BENCH_RUNS:-10}
case "${1-}" in
  "" | boot | compile | programs | throw | gc | kernel) ;;
  *) fail 64 "unknown benchmark \`$1\` (\`./cairn help\` explains)" ;;
esac

milliseconds() { # MICROSECONDS
  printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# least COMMAND...: sets `best` to the least wall time of $runs runs, in microseconds.
least() {
  local run start elapsed
  best=
  for ((run = 0; run < runs; ++run)); do
    start=${EPOCHREALTIME/./}
    "$@" </dev/null >/dev/null 2>&1
    elapsed=$((${EPOCHREALTIME/./} - start))
    [ -z "$best" ] || [ "$elapsed" -lt "$best" ] && best=$elapsed
  done
}

# Prints the number of a kernel's bytes that are loaded or zeroed, without symbols.
image_bytes() { # FILE
  llvm-readelf-22 --wide --program-headers "$1" |
    awk '$1 == "LOAD" { total += strtonum($5) } END { print total }' 2>/dev/null ||
    stat -c %s "$1"
}

bench_boot() {
  local machine label options hello line
  need host kernel-x86_64 kernel-riscv64
  "$build/host/cairn-cli" run --target host examples/hello.cpp >/dev/null || fail 71 "hello does not run"
  hello=$(ls -t "$build"/cache/compiled/*/hello.wasm | head -n 1)
  printf 'cairn run hello, process start to exit (least of %d runs):\n' "$runs"
  for label in "microvm" "q35 --machine q35" "virt --target riscv64"; do
    read -r machine options <<<"$label"
    least ./cairn run $options "$hello"
    printf '  %-8s %8s ms\n' "$machine" "$(milliseconds "$best")"
    ./cairn run $options --time "$hello" 2>&1 >/dev/null | sed 's/^/      /'
  done
  least "$build/host/cairn-cli" run --target host "$hello"
  printf '  %-8s %8s ms\n' host "$(milliseconds "$best")"
  least qemu-system-x86_64 -M none -display none -nodefaults -no-user-config -chardev null,id=n -S -monitor none \
    -version
  printf '  %-8s %8s ms   (starting qemu-system-x86_64 to print its version)\n' qemu "$(milliseconds "$best")"
  printf 'kernel image, symbols not counted (limit 2 MiB):\n'
  for machine in x86_64 riscv64; do
    llvm-strip-22 --strip-all -o "$build/kernel.stripped" "$build/kernel-$machine/cairn-kernel"
    printf '  %-8s %8d KiB\n' "$machine" $(($(stat -c %s "$build/kernel.stripped") / 1024))
    rm -f "$build/kernel.stripped"
  done
}

bench_compile() {
  local module size start
  need host host-riscv64
  tests/programs/run.sh --build-only >/dev/null
  printf 'compile speed, one CPU (MB of WebAssembly a CPU-second, least of 5):\n'
  for module in "$build"/cache/programs/*/*.wasm; do
    size=$(stat -c %s "$module")
    for target in host host-riscv64; do
      local best_seconds= seconds run
      for ((run = 0; run < 5; ++run)); do
        seconds=$({ TIMEFORMAT=%U; time "$build/host/cairn-cli" compile --target "$target" "$module" -o /dev/null \
          >/dev/null 2>&1; } 2>&1)
        [ -z "$best_seconds" ] || awk "BEGIN { exit !($seconds < $best_seconds) }" && best_seconds=$seconds
      done
      awk -v name="$(basename "$module" .wasm)" -v target="$target" -v size="$size" -v seconds="$best_seconds" \
        'BEGIN {
          megabytes = size / 1e6
          printf "  %-8s for %-12s %8.2f MB in %6.2f s: ", name, target, megabytes, seconds
          printf "%6.2f MB/s\n", megabytes / seconds
        }'
    done
  done
}

bench_programs() {
  local program
  need host
  printf 'run time against native clang -O3 (least of 3, seconds of CPU in the guest):\n'
  CAIRN_PROGRAM_OPT=-O3 CAIRN_BENCH=1 tests/programs/run.sh --bench
}

bench_throw() {
  local run seconds best_seconds=
  need host
  printf 'an exception thrown across ten frames (a million of them, least CPU time of %d runs, limit 2 us):\n' "$runs"
  for ((run = 0; run < runs; ++run)); do
    seconds=$({ TIMEFORMAT=%U; time "$build/host/cairn-cli" run --target host tools/bench/throw.wat >/dev/null 2>&1; } \
      2>&1)
    [ -z "$best_seconds" ] || awk "BEGIN { exit !($seconds < $best_seconds) }" && best_seconds=$seconds
  done
  printf '  %8s us\n' "$best_seconds"
}

bench_gc() {
  local folder=$build/bench/gc program
  need host
  . tools/bench/gc/lib.sh
  need_v8
  need_wasmtime
  mkdir -p "$folder"
  for program in tests/gc/programs/*.wat; do
    program=$(basename "$program" .wat)
    gc_program "$program" "$folder/$program.wat"
    "$build/host/cairn-cli" wat2wasm "$folder/$program.wat" -o "$folder/$program.wasm" || exit 1
  done
  python3 tools/bench/gc/compare.py --rounds "${CAIRN_BENCH_RUNS:-5}" --folder "$folder" \
    --cairn "$build/host/cairn-cli run --target host --time" \
    --v8 "$node --no-warnings tools/bench/gc/v8.mjs" --wasmtime "$wasmtime_python tools/bench/gc/wasmtime_run.py"
}

bench_kernel() {
  need host kernel-x86_64 kernel-riscv64
  python3 tools/bench/kernel/bench.py --build "$build/bench" --rounds "${CAIRN_BENCH_RUNS:-3}"
}

if [ $# -gt 0 ]; then
  "bench_$1"
else
  bench_boot
  bench_compile
  bench_programs
  bench_throw
  bench_gc
  bench_kernel
fi
exit
