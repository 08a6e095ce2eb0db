#!/usr/bin/env python3
"""Compares the kernels' clocks with the host's while the emulator shares its CPU with busy loops, so that it loses the
CPU at any point, also while the kernel measures the rate of its clock.

usage: clock.py [--times N] [microvm|q35|virt]...; the last line is "N passed, N failed".
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAIRN = os.environ.get("CAIRN", str(ROOT / "cairn"))
LOOPS = 3
SECONDS = 2
PROGRAM = f"""
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static double now(clockid_t clock) {{
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}}
int main(void) {{
  const double mono = now(CLOCK_MONOTONIC), real = now(CLOCK_REALTIME);
  puts("start");
  fflush(stdout);
  sleep({SECONDS});
  puts("end");
  fflush(stdout);
  printf("%f %f\\n", now(CLOCK_MONOTONIC) - mono, now(CLOCK_REALTIME) - real);
}}
"""


def measure(target, machine, source, cpu):
    """Returns the seconds that passed by the host's clock, the guest's monotonic clock and its wall clock."""
    line = [CAIRN, "run", "--target", target, "--machine", machine, source]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    times = []
    for expected in ("start\n", "end\n"):
        if process.stdout.readline() != expected:
            process.kill()
            return None
        times.append(time.monotonic())
    guest = [float(word) for word in process.stdout.readline().split()]
    process.wait()
    return [times[1] - times[0], *guest] if len(guest) == 2 else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("machines", nargs="*", default=[])
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    cpu = min(os.sched_getaffinity(0))
    passed = failed = 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "clock.c")
        pathlib.Path(source).write_text(PROGRAM)
        loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"],
                                  preexec_fn=lambda: os.sched_setaffinity(0, {cpu})) for _ in range(LOOPS)]
        try:
            for machine in options.machines or ["microvm", "q35", "virt"]:
                for _ in range(options.times):
                    seconds = measure("riscv64" if machine == "virt" else "x86_64", machine, source, cpu)
                    # The emulator and the reader of the pipe may have to wait for a CPU, but not for seconds.
                    good = (seconds is not None and seconds[0] < SECONDS + 2
                            and all(SECONDS * 0.98 < s < SECONDS + 2 for s in seconds)
                            and abs(seconds[1] - seconds[2]) < 0.1)
                    passed, failed = passed + good, failed + (not good)
                    worst = max(worst, abs(seconds[0] - seconds[1])) if seconds else worst
                    if not good:
                        print(f"FAILED: {machine}: a sleep of {SECONDS} s: {seconds} s by the host's, the monotonic "
                              "and the wall clock")
        finally:
            for loop in loops:
                loop.kill()
    print(f"host and guest differed by {worst:.3f} s at most")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
