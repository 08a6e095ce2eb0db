#!/usr/bin/env bash
# tests/cli/console.sh TARGET: types into the console of `./cairn boot`. Last line: N passed, N failed.
target=$1 group=console/
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"

# type_after REGEX KEYS [COUNT]: types the keys when the output has COUNT lines that match, or one.
type_after() {
  for _ in $(seq 300); do
    [ "$(grep -c "$1" "$scratch/raw")" -ge "${3-1}" ] && break
    sleep 0.5
  done
  printf '%b' "$2" >&3
}

# console KEYS OPTION...: boots, and types what printf makes of KEYS. If $later is set, types it when the output has a
# line that matches $line, or $times such lines. The output goes to $scratch/out without "\r".
later= times=1
console() {
  local keys=$1
  shift
  # This shell can write to the pipe as well, so the input does not end.
  rm -f "$scratch/keys"
  mkfifo "$scratch/keys"
  exec 3<>"$scratch/keys"
  : >"$scratch/raw"
  {
    type_after '^cairn> ' "$keys"  # the firmware may take keys that are typed earlier
    [ -z "$later" ] || type_after "$line" "$later" "$times"
  } &
  timeout 170 "$cairn" boot --target "$target" "$@" <&3 >"$scratch/raw" 2>"$scratch/err"
  status=$?
  wait
  tr -d '\r' <"$scratch/raw" >"$scratch/out"
}

# expect NAME STATUS REGEX...: checks the status of the last command, and that each expression matches a line.
expect() {
  local name=$1 line
  if [ "$status" -ne "$2" ]; then
    bad "$name" "exit status $status, not $2; $(tail -n 5 "$scratch/out" "$scratch/err")"
    return
  fi
  shift 2
  for line in "$@"; do
    if ! grep -qE "$line" "$scratch/out"; then
      bad "$name" "no line is \`$line\` in: $(tail -n 40 "$scratch/out")"
      return
    fi
  done
  ok
}

cat >"$scratch/loop.wat" <<'END'
(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))
END
cat >"$scratch/say.c" <<'END'
#include <stdio.h>
int main(int count, char** words) {
  printf("%d words, the last is %s\n", count, words[count - 1]);
  return count - 1;
}
END
cat >"$scratch/s.toml" <<'END'
[[program]]
name = "loop"
module = "loop.wat"
limits = { wall-time = "10m", memory = "24M" }
weight = 3
[[program]]
name = "say"
module = "say.c"
END

console 'help\rhelp kill\rtime\rversion\rmem\rcpus\rps\rprograms\rrun x\rpoweroff\r'
expect empty 0 '^  kill PROGRAM  .*ends a program' '^up [0-9]+ ms' '^Cairn, a WebAssembly' '^total [0-9]+ KiB' \
  '^CPUs: 1;' '^no program was started' '^there are no programs' 'has no program `x`'

console 'wait say\rps\rmem\rlimits loop\rkill loop\rps\rpoweroff\r' --cpus 2 "$scratch/s.toml"
expect system 0 '^(cairn> )?\[say\] 1 words, the last is say' '^0 +loop +runs +1 +- +[0-9]+ ms' \
  '^1 +say +ended +1 +0 +' \
  '^the system +[0-9]+ +[0-9]+ +none ' '^loop +[0-9]+ +[0-9]+ +24576 ' '^say +[0-9]+ +[0-9]+ +none ' \
  '^memory +24 MiB +[0-9]+ [KM]iB' '^wall-time +600 s +-' '^fibers +1024 +1$' '^descriptors +4096 +4$' \
  '^files +none +[0-9]+ KiB' '^weight +3' \
  '^\[loop\] cairn: the program was killed' '^0 +loop +ended +1 +137 '

# Loops share one CPU, and one of them runs in the foreground. Ctrl-C ends only that one.
line='program 4 .* starts' later='\003kill 3\rps\rpoweroff\r'
console 'wait say\rrun say a b\rrun loop &\rps\rrun loop\r' "$scratch/s.toml"
later=
expect front 0 '^\[say\] 3 words, the last is b' '^`say` ended with status 2' '^number 3' '^\^C' \
  '^`loop` ended with status 137' '^0 +loop +runs '

console 'wa\tsay\rhelq\bp v\t\rlo\tdeb\x17error\r\x10\x10\x10\rfrobnicate\rkill\rkill nobody\rpoweroff\r' \
  "$scratch/s.toml"
expect editing 0 '^unknown command `frobnicate`' '^usage: kill PROGRAM' '^no program `nobody` was started' \
  '^  version '

# The log keeps lines with the part of the kernel and the program they are about, and what it keeps can be changed.
console 'wait say\rlog program say\rlog error\rlevel warning,fibers=debug\rlevel\rlevel loud\rlog x\rpoweroff\r' \
  "$scratch/s.toml"
expect log 0 '^[0-9]+ +CPU 0 +info +program +say program 1 `say` starts' '^`loud` is neither a level' \
  '^kernel=warning,memory=warning,fibers=debug,'

# Programs that are asked to stop, and pipelines of programs.
cat >"$scratch/work.c" <<'END'
#include <cairn_system.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char** words) {
  static char buffer[3000];
  const char* const what = count > 1 ? words[1] : "";
  long bytes = 0;
  ssize_t n;
  if (strcmp(what, "poll") == 0) {
    while (cairn_stop_requested(50000000) != 0) continue;
    fprintf(stderr, "asked to stop\n");
  } else if (strcmp(what, "write") == 0) {
    memset(buffer, 'y', sizeof buffer);
    for (long left = atol(words[2]); left != 0; left -= n) {
      n = write(1, buffer, left < (long)sizeof buffer ? (size_t)left : sizeof buffer);
      if (n < 0) {
        write(2, buffer, (size_t)snprintf(buffer, sizeof buffer, "write: %s\n", strerror(errno)));
        return 3;
      }
    }
  } else if (strcmp(what, "copy") == 0) {
    while ((n = read(0, buffer, sizeof buffer)) > 0) write(1, buffer, (size_t)n);
  } else if (strcmp(what, "count") == 0) {
    while ((n = read(0, buffer, sizeof buffer)) > 0) bytes += n;
    printf("%ld bytes, then %s\n", bytes, n == 0 ? "the end" : "an error");
    return 4;
  } else if (strcmp(what, "head") == 0) {
    printf("%ld bytes are enough\n", (long)read(0, buffer, 7));
  }
  return 0;
}
END
cat >"$scratch/p.toml" <<'END'
[[program]]
name = "loop"
module = "loop.wat"
[[program]]
name = "work"
module = "work.c"
[[program]]
name = "polite"
module = "work.c"
arguments = ["poll"]
restart = "always"
[[program]]
name = "again"
module = "work.c"
restart = "always"
END
console 'wait work\rsto\t polite 1000\rstop again 1000\rrun work poll &\rstop work 1000\rstop loop 1\rps\r'\
'stop nobody\rstop loop x\rlog warning\rpoweroff\r' --cpus 2 "$scratch/p.toml"
expect stop 0 '^\[polite\] asked to stop' '^\[work\] asked to stop' '^\[loop\] cairn: the program was killed' \
  '^0 +loop +ended +1 +137 ' '^2 +polite +ended +1 +0 ' '^3 +again +ended +[0-9]+ +0 ' \
  '^no program `nobody` was started' '^`x` is no number of seconds'
grep -q 'on its account' "$scratch/out" && bad stop/account "$(grep 'on its account' "$scratch/out")" || ok

# A machine that is switched off asks its programs to stop, and does not wait for long.
console 'wait work\rpoweroff\r' --cpus 2 "$scratch/p.toml"
expect stop/poweroff 0 '^\[polite\] asked to stop'

# The last of three programs counts what the first has written. A writer ends when its reader has ended, and a reader
# when it is asked to stop. Ctrl-C ends all programs of a pipeline.
line='program 12 .* starts' later='\003ps\rlog warning\rpoweroff\r'
console 'wait work\rkill loop\rkill polite\rrun work write 1000003 | work copy | work count\r'\
'run work write 2000000000 | work head\rrun work write 1 | nobody\rrun work | | work\rrun | work\r'\
'run loop | work count &\rps\rstop 10 1000\rkill 9\rrun loop | work copy\r' --cpus 2 "$scratch/p.toml"
later=
expect pipeline 0 '^\[work\] 1000003 bytes, then the end' '^`work` ended with status 4' \
  '^\[work\] 7 bytes are enough' '^\[work\] write: Broken pipe' 'has no program `nobody`' '^a program is missing' \
  '^numbers 9 10' '^9 +loop +runs' '^10 +work +runs' '^\[work\] 0 bytes, then the end' '^\^C' \
  '^`work` ended with status 137'
grep -q 'on its account' "$scratch/out" && bad pipeline/account "$(grep 'on its account' "$scratch/out")" || ok
[ "$(grep -c '^a program is missing' "$scratch/out")" -eq 2 ] && ok || bad pipeline/mistakes "$(cat "$scratch/out")"
awk '/\^C/ { seen = 1 } seen && /^1[12] +(loop|work) / { found = 1 } END { exit found }' "$scratch/out" && ok ||
  bad pipeline/interrupt "$(tail -n 20 "$scratch/out")"

# A machine that reboots prompts again. (Its firmware would take keys that are typed earlier.)
line='^cairn> ' later='poweroff\r' times=2
console 'reboot\r'
later= times=1
expect reboot 0 '^cairn> reboot'
[ "$(grep -c 'command line' "$scratch/out")" -eq 2 ] && ok || bad reboot/twice "$(tail -n 20 "$scratch/out")"

console 'panic\r'
expect panic 70 'kernel panic: asked for in the shell'

timeout 60 "$cairn" boot --target "$target" "$scratch/loop.wat" >"$scratch/out" 2>&1
status=$?
expect usage 64 '^cairn: boot takes a system file'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
