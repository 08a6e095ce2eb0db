#!/usr/bin/env bash
# tests/threads/sanitized.sh BUILD: runs the unit tests of base, runtime and wasi in a build with ThreadSanitizer
# (preset host-threads). Each runs in a process of its own, because death tests fork, which fails under ThreadSanitizer
# once the process has had threads. Last line: N passed, N failed.
set -u
build=$1
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Returns whether a test is left out. These tests trap at the end of guests' stacks. Traps leave frames without
# returning from them, so ThreadSanitizer's record of the calls on the stack overflows. And a signal handler that does
# not return loses the sanitizer's state of the thread. The tests of KillAtAnyMoment and of limits end guests by a
# signal, which the sanitizer delivers only in calls of libc that may block, and such guests make none.
# EachByteOnce.WhileAnotherThreadWrites plays a guest that writes bytes while they are copied: a race on purpose.
is_left_out() {
  case "$1" in
    Exceptions.NeedStackToBeThrown | Exceptions.LeaveDeepRecursion | HostStack.*) return 0 ;;
    Guests/KillAtAnyMoment.* | LimitedRun.SaysWhichLimitHasEndedTheProgram) return 0 ;;
    EachByteOnce.WhileAnotherThreadWrites) return 0 ;;
    *) return 1 ;;
  esac
}

# Checks that ThreadSanitizer reports a program with a race.
race=$(mktemp -d)
trap 'rm -rf "$log" "$race"' EXIT
cat >"$race/race.cpp" <<'SOURCE'
#include <thread>
int counter = 0;
int main() {
  std::thread other([] { ++counter; });
  ++counter;
  other.join();
}
SOURCE
if clang++-22 -fsanitize=thread -O1 -g "$race/race.cpp" -o "$race/race" && ! "$race/race" 2>"$log" &&
  grep -q 'data race' "$log"; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAIL a race is not reported"
fi

for program in "$build"/base_test "$build"/runtime_test "$build"/wasi_test; do
  suite=
  while read -r word rest; do
    case "$word" in
      *.) suite=$word ;;
      Running) ;;
      *)
        name=$suite$word
        if is_left_out "$name"; then continue; fi
        if timeout 300 "$program" --gtest_brief=1 --gtest_filter="$name" >"$log" 2>&1 &&
          grep -qE '^\[  (PASSED|SKIPPED) +\] 1 test' "$log"; then
          passed=$((passed + 1))
        else
          failed=$((failed + 1))
          printf 'FAIL %s\n' "$name"
          grep -E 'WARNING: ThreadSanitizer|FATAL|CHECK|Failure|^ *#[0-6] ' "$log" | head -n 20
        fi
        ;;
    esac
  done < <("$program" --gtest_list_tests)
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
