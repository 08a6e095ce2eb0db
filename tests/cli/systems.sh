#!/usr/bin/env bash
# tests/cli/systems.sh TARGET: tests what a user sees of systems of several programs: system files, and `--with`.
# Last line: N passed, N failed.
target=$1 group=systems/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"
case "$target" in host*) machine= ;; *) machine=1 ;; esac

# run ARGS...: sets status; the output is in $scratch/out and $scratch/err.
run() {
  timeout 180 "$cairn" run --target "$target" "$@" >"$scratch/out" 2>"$scratch/err"
  status=$?
}

# system OPTIONS... < DESCRIPTION: runs the description as the system file s.toml in $scratch; the input of the system
# is in $scratch/input.
: >"$scratch/input"
system() {
  cat >"$scratch/s.toml"
  again "$@"
}
# again OPTIONS...: runs the same file again.
again() {
  (cd "$scratch" && timeout 180 "$cairn" run --target "$target" "$@" s.toml) \
    <"$scratch/input" >"$scratch/out" 2>"$scratch/err"
  status=$?
}

# expect NAME STATUS [OUTPUT]: checks the last run; the lines of the output may be in any order.
expect() {
  if [ "$status" -ne "$2" ]; then
    bad "$1" "exit status $status, not $2; stderr: $(head -c 600 "$scratch/err")"
  elif [ $# -gt 2 ] && [ "$(sort "$scratch/out")" != "$(sort <<<"$3")" ]; then
    bad "$1" "output: $(head -c 600 "$scratch/out")"
  else
    ok
  fi
}

# mistakes NAME TEXT: checks that the text is the whole standard error of the last run, and its status 65.
mistakes() { # NAME TEXT
  if [ "$status" -ne 65 ]; then
    bad "$1" "exit status $status, not 65; stderr: $(head -c 600 "$scratch/err")"
  elif [ "$(cat "$scratch/err")" != "$2" ]; then
    bad "$1" "stderr: $(head -c 900 "$scratch/err")"
  else
    ok
  fi
}

# lines NAME FILE LEAST MOST PATTERN: checks the number of lines of the file that match the pattern.
lines() {
  local count
  count=$(grep -cE -- "$5" "$scratch/$2")
  [ "$count" -ge "$3" ] && [ "$count" -le "$4" ] && ok || bad "$1" "$count lines in: $(head -c 600 "$scratch/$2")"
}

# has NAME FILE PATTERN...: checks that the file has a line for each pattern.
has() {
  local name=$1 file=$scratch/$2 pattern
  shift 2
  for pattern in "$@"; do
    grep -qE -- "$pattern" "$file" || { bad "$name" "no \`$pattern\` in: $(head -c 600 "$file")"; return; }
  done
  ok
}

cp "$here"/{count,restart,system_report,status,forever}.c "$here"/{spin,unreachable,invalid}.wat "$scratch"
mkdir -p "$scratch/given/sub"
echo text >"$scratch/given/file"

# The example of the manual.
run "$root/examples/system.toml" </dev/null
expect example 0
has example/output out '^\[greeter\] Hello from WebAssembly on Cairn!$' '^\[greeter\] argument 2: from a system file$'

# Each program gets its own arguments, environment, directories and input.
echo "a line" >"$scratch/input"
system <<'TOML'
main = "late"
[[program]]
name = "late"
module = "system_report.c"
arguments = ["late", "two  words", ""]
environment = { COLOR = "red", EMPTY = "" }
input = true
[[program]]
name = "early"
module = "system_report.c"
TOML
expect own 0 "[late] arguments: <late> <late> <two  words> <>
[late] environment: <COLOR=red> <EMPTY=>
[late] /: dev tmp
[late] input: a line
[late] 
[early] arguments: <early>
[early] environment:
[early] /: dev tmp
[early] input: none"
# A directory is a copy for each program on machines, and the real one on hosts.
system --raw <<'TOML'
main = "late"
[[program]]
name = "late"
module = "system_report.c"
arguments = ["late"]
directories = ["given::/data"]
[[program]]
name = "early"
module = "system_report.c"
directories = ["given::/data"]
TOML
if [ "$machine" ]; then
  expect directories 0
  lines directories/copies out 2 2 '^/data: file sub$'
else
  expect directories 0
  has directories/real out '^/data: file mark sub$'
  [ -e "$scratch/given/mark" ] && ok || bad directories/written "no mark"
fi
rm -f "$scratch/given/mark"

# The status is that of the main program, however the others end, and `--raw` leaves out the names.
: >"$scratch/input"
for raw in '' --raw; do
  system $raw <<'TOML'
main = "main"
[[program]]
name = "main"
module = "count.c"
arguments = ["8", "main"]
[[program]]
name = "other"
module = "count.c"
arguments = ["2", "other"]
[[program]]
name = "spin"
module = "spin.wat"
[[program]]
name = "trap"
module = "unreachable.wat"
TOML
  if [ "$raw" ]; then
    expect main/raw 3 "$(printf 'main %d\n' {0..7}; printf 'other %d\n' 0 1)"
    has main/raw/trap err '^trap: unreachable'
  else
    expect main 3 "$(printf '[main] main %d\n' {0..7}; printf '[other] other %d\n' 0 1)"
    has main/trap err '^\[trap\] trap: unreachable' '^\[trap\] +0: .*deepest'
  fi
done
# Without a main program, all have to end, and the status is that of the first that failed. If there is only one
# program, its lines are not marked.
system <<'TOML'
[[program]]
name = "a"
module = "status.c"
arguments = ["0"]
[[program]]
name = "b"
module = "status.c"
arguments = ["7"]
[[program]]
name = "c"
module = "status.c"
arguments = ["8"]
TOML
expect no_main 7 ''
system <<'TOML'
[[program]]
name = "only"
module = "system_report.c"
TOML
expect one 0 "arguments: <only>
environment:
/: dev tmp
input: none"

# Restarts: each run has new files; the input continues where the last run left it.
restart() { # POLICY
  system --verbose <<TOML
main = "main"
[[program]]
name = "main"
module = "restart.c"
input = true
restart = "$1"
TOML
}
printf '3t05' >"$scratch/input"
restart on-failure
expect restart/on_failure 0 "got 3, 0 left
got t, 0 left
got 0, 0 left"
has restart/log err 'program 0 `main` ended with status 3 and starts again in 100 ms' \
  'program 0 `main` ended with status 134 and starts again in 200 ms' 'program 0 `main` ended with status 0'
lines restart/count err 3 3 'program 0 `main` starts'
restart never
expect restart/never 3 "got 3, 0 left"
: >"$scratch/input"
system <<'TOML'
main = "main"
[[program]]
name = "main"
module = "count.c"
arguments = ["40", "main"]
[[program]]
name = "always"
module = "count.c"
arguments = ["1", "always"]
restart = "always"
[[program]]
name = "limited"
module = "spin.wat"
restart = "on-failure"
limits = { cpu-time = "50ms" }
[[program]]
name = "hopeless"
module = "invalid.wasm"
restart = "always"
TOML
mistakes restart/missing 'cairn: s.toml:18:10: there is no file invalid.wasm'
printf '\0asm\1\0\0\0\1' >"$scratch/invalid.wasm"
again
expect restart/always 3
lines restart/always/count out 2 40 '^\[always\] always 0$'
lines restart/limited err 2 40 '^\[limited\] cairn: the program has reached its limit of 50 ms of CPU time$'
lines restart/hopeless err 1 1 '^\[hopeless\] cairn: '

# Options of the command take precedence over the file. Options that describe one program are refused.
if [ "$machine" ]; then
  system < <(printf 'memory = "15M"\n[[program]]\nname="a"\nmodule="status.c"\narguments=["0"]\n')
  mistakes memory 'cairn: s.toml:1:10: `memory` needs a size from 16M to 1024G, such as 512M or 2G, not `15M`'
  system --verbose < <(printf 'memory = "32M"\n[[program]]\nname="a"\nmodule="status.c"\narguments=["0"]\n')
  expect memory/file 0
  has memory/file/log err ', 3[0-9] MiB of memory,'
  again --verbose --memory 64M
  has memory/option err ', 6[0-9] MiB of memory,'
else
  system <<'TOML'
[[program]]
name = "a"
module = "status.c"
weight = 2
TOML
  mistakes weight \
    'cairn: s.toml:4:10: a process cannot keep `weight`, the share of a CPU; --target x86_64 and riscv64 can'
fi
for option in "--env A=b" "--dir x::/y" "--limit cpu-time=1s" "--with a.wasm" "--invoke f" "--root none" \
  "--unknown-imports trap"; do
  again $option
  [ "$status" -eq 64 ] && ok || bad "options/$option" "exit status $status"
  has "options/$option/message" err "^cairn: ${option%% *} is for a program; a system file describes its programs"
done
run "$scratch/s.toml" argument
expect arguments 64

# All mistakes of a file are reported in one run.
system <<'TOML'
main = "wbe"
cpu = 2
[[program]]
name = "web"
module = "missing.wasm"
directories = ["given::/data", "nowhere::/x"]
limits = { cputime = "64s" }
restart = "allways"
input = 1
[[program]]
name = "web"
module = "status.c"
weight = 0
TOML
mistakes mistakes 'cairn: s.toml:1:8: `main` needs the name of a program, and there is no `wbe`; did you mean `web`?
cairn: s.toml:2:1: unknown key `cpu`; did you mean `cpus`?
cairn: s.toml:5:10: there is no file missing.wasm
cairn: s.toml:6:32: there is no directory nowhere
cairn: s.toml:7:12: no limit on `cputime` can be kept; did you mean `cpu-time`?
cairn: s.toml:8:11: `restart` needs `never`, `on-failure` or `always`, not `allways`; did you mean `always`?
cairn: s.toml:9:9: `input` needs true or false, not an integer
cairn: s.toml:11:8: another program has the name `web` (line 4)
cairn: s.toml:13:10: `weight` needs an integer from 1 to 1000, not 0'
system < <(printf '[[program]\n')
mistakes syntax 'cairn: s.toml:1:10: ]] is expected here'
system < <(printf '[[program]]\nname="a"\nmodule="status.c"\n[[program]]\nname="b"\nmodule="invalid.wat"\n')
has module/invalid err '^cairn: s.toml:6:8: invalid.wat:'
run "$scratch/none.toml" </dev/null
expect no_file 71
has no_file/message err '^cairn: cannot open .*none.toml'

# `--with`: programs beside the main one.
for cpus in 1 ${machine:+4}; do
  run --cpus "$cpus" --with "$here/count.c 4 other" --with "$here/spin.wat" --with "$here/unreachable.wat" \
    "$here/count.c" 8 main <<<word
  expect "with/$cpus" 3 "$(
    printf '[count] main %d\n' {0..7} && echo '[count] read word' && printf '[count-2] other %d\n' {0..3})"
  has "with/$cpus/trap" err '^\[unreachable\] trap: unreachable' '^\[unreachable\] +0: .*deepest'
done
run --raw --with "$here/count.c 1 other" "$here/count.c" 4 main </dev/null
expect with/raw 3 "$(printf 'main %d\n' 0 1 2 3; echo other 0)"
run --with "$here/invalid.wat" "$here/count.c" 1 main </dev/null
has with/invalid err '^cairn: .*invalid.wat'
expect with/invalid/status 65
run --with "$scratch/missing.wasm" "$here/count.c" 1 main </dev/null
has with/missing err '^cairn: cannot open .*missing.wasm'
expect with/missing/status 71
run --with ' ' "$here/count.c" 1 main </dev/null
has with/nothing err '^cairn: --with needs a program'
expect with/nothing/status 64

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
