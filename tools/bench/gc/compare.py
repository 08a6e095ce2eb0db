"""./cairn bench gc: runs the programs of tests/gc, at larger sizes, in Cairn, V8 and wasmtime, and compares the times.

    compare.py --rounds N --folder MODULES --cairn COMMAND [--v8 COMMAND] [--wasmtime COMMAND] [PROGRAM...]

Each round runs the program once in every engine, each time in a new process. The least value of all rounds counts, for
each number by itself. All engines must print the same.

Each time is given by the clock and as CPU time. The clock's time is that of running alone, without starting and
compiling, but V8 continues to compile while the program runs. The CPU time is that of the thread that runs the program;
for Cairn it is that of the whole process, with starting and compiling. On a busy machine the CPU time is the better
measure, but it flatters V8, which collects garbage in other threads, too."""
import argparse
import re
import resource
import shlex
import subprocess
import sys

SIZES = {
    "trees": ["18"],
    "maps": ["1000000"],
    "graph": ["200000"],
    "strings": ["1000000"],
    "sort": ["300000"],
    "versions": ["400000"],
    "live": ["256", "2000"],
    "objects": ["60000"],
}

# The patterns of numbers on standard error, which the drivers beside this file and `cairn run --time` print. Times are
# in milliseconds, and `allocated` is in megabytes.
NUMBERS = {
    "run": r"\brun +([\d.]+)",
    "cpu": r"\bcpu +([\d.]+)",
    "allocated": r"([\d.]+) allocated",
    "longest": r"([\d.]+) ms maximum",
    "most": r"([\d.]+) ms for 99 %",
    "pauses": r"([\d.]+) ms in all",
}


def cpu_of_children():
    """Returns the CPU time of all processes that have been waited for, in milliseconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1e3


def run(command):
    """Runs a command. Returns what it printed, and a dictionary of the NUMBERS that it gave on standard error."""
    before = cpu_of_children()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(command)}: exit status {done.returncode}\n{done.stderr[:500]}")
    found = {name: re.search(pattern, done.stderr, re.MULTILINE) for name, pattern in NUMBERS.items()}
    numbers = {name: float(match[1]) for name, match in found.items() if match}
    # Cairn prints no CPU time. It does everything in one thread, so the CPU time of its process is used, which includes
    # starting and compiling.
    numbers.setdefault("cpu", cpu_of_children() - before)
    return done.stdout, numbers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--cairn", required=True)
    parser.add_argument("--v8")
    parser.add_argument("--wasmtime")
    parser.add_argument("program", nargs="*")
    options = parser.parse_args()
    others = [name for name in ("v8", "wasmtime") if getattr(options, name)]
    engines = [(name, shlex.split(getattr(options, name))) for name in ("cairn", *others)]
    print(f"milliseconds by the clock / of CPU, least of {options.rounds} interleaved runs; ratios are Cairn's time "
          "over the other's")
    print(f"{'program':9}{'Cairn':>13}" + "".join(f"{name:>15}{'ratios':>13}" for name in others) +
          f"{'MB/s':>7}{'pauses: longest':>17}{'99 %':>8}{'all':>8}")
    for program in options.program or SIZES:
        best, first = {}, None
        for _ in range(options.rounds):
            for engine, command in engines:
                printed, numbers = run([*command, f"{options.folder}/{program}.wasm", *SIZES[program]])
                first = first or printed
                if printed != first:
                    sys.exit(f"{program}: {engine} prints something else than {engines[0][0]}")
                least = best.setdefault(engine, numbers)
                least.update((name, min(value, least[name])) for name, value in numbers.items())
        ours = best["cairn"]
        line = f"{program:9}{ours['run']:7.0f}/{ours['cpu']:5.0f}"
        for name in others:
            line += f"{best[name]['run']:9.0f}/{best[name]['cpu']:5.0f}"
            line += f"{ours['run'] / best[name]['run']:8.2f}/{ours['cpu'] / best[name]['cpu']:4.2f}"
        if "allocated" in ours:
            line += f"{ours['allocated'] / ours['cpu'] * 1e3:7.0f}{ours['longest']:14.2f} ms"
            line += f"{ours['most']:8.2f}{ours['pauses']:8.1f}"
        print(line, flush=True)


main()
