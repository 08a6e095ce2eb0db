#!/usr/bin/env python3
"""Measures the kernels in QEMU, and Linux in the same machine, and says whether the kernels meet their bars.

usage: bench.py --build FOLDER [--rounds N] [--no-linux] [--no-riscv]

Each measurement is made in N boots of each system, by turns; the least value counts. Instructions are counted with
`-icount` on one CPU. FOLDER keeps Linux's kernel. The exit status is 1 if a bar is missed.
"""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tests/kernel"))
from linux import Linux, Unavailable  # noqa: E402
from machine import boot  # noqa: E402

COUNTS = (1, 2, 4)  # CPUs
# With this option, each instruction takes one nanosecond of the machine's clock, and halts take no time.
ICOUNT = ["-icount", "shift=0,sleep=off"]

# What the names mean, with the numbers of CPUs for which the table shows them.
ROWS = [
    ("yield", (1,), "switch between two fibers (Linux: threads) that yield"),
    ("hand_over", (1,), "switch between two, one wakes the other and waits"),
    ("notify", (1,), "the same, two threads of a program (Linux: futexes)"),
    ("fault", (1,), "page fault: first touch of a page"),
    ("fiber", (1,), "start and end of a kernel fiber"),
    ("thread", (1,), "start and end of a program's thread"),
    ("program", (1,), "start and end of a program that is compiled"),
    ("timer.median", (1,), "lateness of a timer, median"),
    ("timer.p99", (1,), "lateness of a timer, 99 %"),
    ("wake.median", (2,), "from waking to running on another CPU, which has halted, median"),
    ("wake.p99", (2,), "the same, 99 %"),
    ("interrupt.median", (2,), "interrupt of another CPU until it was taken, median"),
    ("interrupt.p99", (2,), "the same, 99 %"),
    ("interactive.median", (2,), "lateness of a timer beside two looping programs on each CPU, median"),
    ("interactive.p99", (2,), "the same, 99 %"),
    ("four_programs", COUNTS, "four programs that compute"),
    ("four_threads", COUNTS, "a program with four threads that compute"),
]


def results(lines):
    """Returns the numbers of lines `NAME NUMBER`; other lines are not results."""
    words = [line.split() for line in lines]
    return {line[0]: int(line[1]) for line in words if len(line) == 2 and line[1].isdigit()}


def keep_least(least, cpus, found):
    for name, value in found.items():
        least[name, cpus] = min(value, least.get((name, cpus), value))


def measure_cairn(machine, which, cpus, before=()):
    result = boot(machine, f"test=bench bench={which} log=warning", cpus=cpus, before=before, timeout=600)
    if result.status != 0:
        sys.exit(f"{machine} with {cpus} CPUs: status {result.status}\n{result.log[-2000:].decode(errors='replace')}")
    return results(result.out.decode().splitlines())


def text_of(nanoseconds):
    if nanoseconds is None:
        return "-"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            digits = 0 if nanoseconds >= size * 100 else 1 if nanoseconds >= size * 10 else 2
            return f"{nanoseconds / size:.{digits}f} {unit}"
    return f"{nanoseconds} ns"


def print_times(cairn, linux, riscv):
    print("times, least of the boots (CPUs in brackets), on q35 beside Linux, and on RISC-V's virt:")
    print(f"{'':70} {'Cairn':>8} {'Linux':>8} {'ratio':>6} {'RISC-V':>8}")
    for name, counts, meaning in ROWS:
        for cpus in counts:
            own, other = cairn.get((name, cpus)), linux.get((name, cpus))
            ratio = f"{own / other:.2f}" if own and other else "-"
            print(f"{meaning + f' ({cpus})':70} {text_of(own):>8} {text_of(other):>8} {ratio:>6} "
                  f"{text_of(riscv.get((name, cpus))):>8}")


def print_instructions(counts):
    print(f"instructions, counted on one CPU:\n{'':70} {'x86-64':>8} {'RISC-V':>8}")
    rows = [(name, meaning) for name, _, meaning in ROWS if any(name in count for count in counts.values())]
    for name, meaning in [*rows, ("preemption", "preemption of a guest by another one")]:
        print(f"{meaning:70} " + " ".join(f"{counts[target].get(name, '-'):>8}" for target in counts))


def bars(times, counts):
    """Returns the bars as pairs of a text and whether it is met."""
    found = []
    for target, count in counts.items():
        switch = count["yield"]
        found.append((f"{target}: a switch takes {switch} instructions, at most 250", switch <= 250))
        share = count["preemption"] / 1e6 * 100  # of a millisecond, which has a million instructions
        found.append((f"{target}: preemption at 1,000 Hz costs {share:.2f} % of a guest's time, at most 0.5 %",
                      share <= 0.5))
    for target, least in times.items():
        ratio = least["four_programs", 2] / least["four_programs", 1]
        late = least["interactive.p99", 2]
        found.append((f"{target}: a fiber that wakes beside looping programs waits for {text_of(late)} at 99 %, "
                      "at most 20 ms", late <= 20e6))
        found.append((f"{target}: four programs take {ratio:.2f} of the time on two CPUs, at most 0.65",
                      ratio <= 0.65))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-linux", action="store_true")
    parser.add_argument("--no-riscv", action="store_true")
    options = parser.parse_args()
    linux = None
    if not options.no_linux:
        try:
            linux = Linux(options.build / "linux")
            print(f"Linux is {linux.version}.")
        except Unavailable as reason:
            print(f"Linux is not measured: {reason}")
    targets = {"x86-64": "q35"} if options.no_riscv else {"x86-64": "q35", "RISC-V": "virt"}
    counts = {target: measure_cairn(machine, "instructions", 1, ICOUNT) for target, machine in targets.items()}
    times = {target: {} for target in targets}
    of_linux = {}
    for _ in range(options.rounds):
        for cpus in COUNTS:
            for target, machine in targets.items():
                keep_least(times[target], cpus, measure_cairn(machine, "times", cpus))
            if linux:
                keep_least(of_linux, cpus, results(linux.measure(cpus)))
    print_times(times["x86-64"], of_linux, times.get("RISC-V", {}))
    print_instructions(counts)
    missed = 0
    print("bars:")
    for text, met in bars(times, counts):
        missed += not met
        print(f"  {'pass' if met else 'MISS'}  {text}")
    sys.exit(missed != 0)


main()
