#!/usr/bin/env python3
"""Lets allocations fail in the kernels, one after the other, while guests run (src/kernel/testing/injection.hpp).

usage: run.py [--long] [--stride N] [--step N] [--guest NAME]... [x86_64|riscv64]...

Each guest of tests/injection/guests runs with its n-th allocation failing, then with all allocations from the n-th on
failing, and, undisturbed, on machines with little memory. Modules that take all memory run on machines of several
sizes. --long lets every n fail (else every few), and more of them while guests are compiled. The last line is "N
passed, N failed".
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/kernel"))
from machine import boot  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MACHINES = {"x86_64": "microvm", "riscv64": "virt"}
SMALL = [16, 24, 32, 48, 64]  # MiB
# The statuses that a guest on a small machine may end with: success, the guest's own refusal, a module that cannot be
# run, a trap.
ENDS = (0, 3, 65, 134)
COMPILE = ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "-O2"]


def compiled(source, directory):
    """Builds a guest, and returns the path of its module."""
    target = directory / (source.stem + ".wasm")
    if source.suffix == ".c":
        subprocess.run([*COMPILE, source, "-o", target], check=True)
    else:
        subprocess.run([ROOT / "build/host/cairn-cli", "wat2wasm", source, "-o", target], check=True)
    return target


def cpio(members):
    """Returns a `newc` archive, the format of the boot bundle, of pairs (name, bytes)."""
    out = bytearray()
    for number, (name, data) in enumerate([*members, ("TRAILER!!!", b"")]):
        mode = 0o40755 if data is None else 0o100644
        data = data or b""
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def bundle(directory, module):
    """Writes a boot bundle with this module as a guest, and returns its path."""
    members = [("config", b"mode=tests\0"), ("root", None), ("root/" + module.stem, module.read_bytes())]
    path = directory / "bundle"
    path.write_bytes(cpio(members))
    return path


def run(target, size, module):
    """Runs a module by `cairn run` on a machine of this size."""
    command = [ROOT / "build/host/cairn-cli", "run", "--target", target, "--memory", size, "--env", "NAME=value",
               module, "one", "two words"]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120)
    except subprocess.TimeoutExpired as expired:
        return subprocess.CompletedProcess(command, None, expired.stdout or b"", expired.stderr or b"")


def tables_and_memory():
    """Returns a module that grows tables until nothing is left, and then touches its memory's pages, which takes page
    tables."""
    sizes = [1 << (23 - i // 2) for i in range(24)] + [512] * 70
    lines = ["(module (memory (export \"memory\") 256 256)"]
    lines += [f"(table $t{i} 0 funcref)" for i in range(len(sizes))]
    lines += ["(func (export \"_start\") (local $i i32)"]
    lines += [f"(drop (table.grow $t{i} (ref.null func) (i32.const {size})))" for i, size in enumerate(sizes)]
    lines += ["(loop $l (i32.store8 (local.get $i) (i32.const 1)) (local.set $i "
              "(i32.add (local.get $i) (i32.const 4096)))",
              "(br_if $l (i32.lt_u (local.get $i) (i32.const 16777216))))))"]
    return "\n".join(lines)


def many_globals():
    """Returns a module with a million globals."""
    globals_ = "(global i32 (i32.const 1))" * 1_000_000
    return "(module (memory (export \"memory\") 1)" + globals_ + "(func (export \"_start\")))"


# Modules that take all memory, and the sizes in MiB of machines on which they once found a fault.
EXHAUSTING = {tables_and_memory: [96, 128, 160, 192], many_globals: [80, 100, 110, 120, 130, 140, 256]}


class Counts:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, condition, name, *texts):
        if condition:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAIL {name}")
        print(b"".join(text[-3000:] for text in texts).decode(errors="replace"))


def inject(target, modules, words, timeout, directory, counts):
    """Boots once for each guest, so that a guest that ends the machine does not hide the others."""
    for module in modules:
        result = boot(MACHINES[target], f"test=injection {words}", memory="256M", bundle=bundle(directory, module),
                      timeout=timeout)
        for line in result.out.decode(errors="replace").splitlines():
            if " runs:" in line:
                print(f"{target} {words}: {line}")
        counts.check(result.status == 0 and b" 0 failed" in result.out,
                     f"{target} {module.stem} {words}: status {result.status}",
                     result.out, result.log)


def small_machines(target, modules, counts):
    """Runs each module on machines with little memory: it must run, or end as ENDS allows."""
    for module in modules:
        for size in SMALL:
            result = run(target, f"{size}M", module)
            good = result.returncode in ENDS and (result.returncode != 0 or result.stdout == b"right\n")
            counts.check(good, f"{target} {module.stem} with {size} MiB: status {result.returncode}", result.stdout,
                         result.stderr)


def exhaust(target, counts, directory):
    """Runs the modules of EXHAUSTING on machines of their sizes: they must end as ENDS allows."""
    for make, sizes in EXHAUSTING.items():
        (directory / "exhausting.txt").write_text(make())
        module = directory / "exhausting.wasm"
        subprocess.run([ROOT / "build/host/cairn-cli", "wat2wasm", directory / "exhausting.txt", "-o", module],
                       check=True)
        for size in sizes:
            result = run(target, f"{size}M", module)
            counts.check(result.returncode in ENDS,
                         f"{target} {make.__name__} with {size} MiB: status {result.returncode}", result.stderr)


def too_small(target, counts, module):
    """Tests that the command refuses small machines, and names the least size."""
    for size in ["4M", "4500k", "8M", "15M"]:
        result = run(target, size, module)
        counts.check(result.returncode == 64 and b"from 16M" in result.stderr,
                     f"{target} with {size}: status {result.returncode}",
                     result.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--stride", type=int, help="of n while a guest is compiled; 0: not at all")
    parser.add_argument("--step", type=int, help="of n while a guest is linked and runs")
    parser.add_argument("--guest", action="append", help="only these guests")
    parser.add_argument("targets", nargs="*", metavar="x86_64|riscv64")
    options = parser.parse_args()
    stride = options.stride if options.stride is not None else 1 if options.long else 37
    step = options.step or (1 if options.long else 29)
    counts = Counts()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        sources = [path for path in sorted((HERE / "guests").iterdir()) if path.suffix in (".c", ".wat")]
        if options.guest:
            sources = [path for path in sources if path.stem in options.guest]
        modules = [compiled(source, directory) for source in sources]
        for target in options.targets or list(MACHINES):
            timeout = 3600 if options.long else 300
            inject(target, modules, f"step={step} stride={stride}", timeout, directory, counts)
            inject(target, modules, f"step={step} stride={stride} extent=all", timeout, directory, counts)
            small_machines(target, modules, counts)
            exhaust(target, counts, directory)
            too_small(target, counts, modules[0])
    print(f"{counts.passed} passed, {counts.failed} failed")
    sys.exit(counts.failed != 0 or counts.passed == 0)


main()
