#!/usr/bin/env python3
"""Boots hello on CPUs: each runs it, or is refused in one line that says what it lacks, with status 65.

usage: cpus.py [--all] [x86_64|riscv64]... [--cpu CPU]...
Without --all: a sample, which `./cairn test` runs. With it: every model that QEMU knows, on microvm, and `max` without
each feature that it has, one at a time (docs/testing.md). The last line is "N passed, N failed".
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAIRN = os.environ.get("CAIRN", str(ROOT / "cairn"))
BELOW_FLOOR = re.compile(r"cairn: this CPU is below the floor: it lacks [\w. -]+\Z|"
                         r"cairn: the machine's firmware does not run on this CPU: it is silent \(--cpu chooses "
                         r"another\)\Z")
HELLO = "Hello from WebAssembly on Cairn!\n"

# Each entry has a machine, a CPU, and what the CPU lacks: None if hello runs on it.
SAMPLE = {
    "x86_64": [
        ("microvm", "qemu64", "SSE4.1"), ("microvm", "486", "SSE4.1"), ("microvm", "max,-ssse3", "SSSE3"),
        ("microvm", "max,-sse2", "SSE2"),
        ("microvm", "max,-apic", "a local APIC"), ("q35", "max,-apic", "a local APIC"),
        ("microvm", "max,-nx", "no-execute"),
        ("microvm", "max,-lm", "long mode"), ("microvm", "Opteron_G4", None), ("microvm", "Opteron_G5", None),
        ("microvm", "Penryn", None),
        ("microvm", "max,-xsaveopt,-xsavec,-xgetbv1", None), ("microvm", "max,level=1", None),
        ("microvm", "max,-hypervisor", None),
        ("q35", "max,-hypervisor", None), ("microvm", "max,-pge,-smep,-smap,-umip", None),
        ("microvm", "max,-rdrand", None),
        ("microvm", "max,-pdpe1gb", None), ("microvm", "max,-bmi1", None), ("q35", "EPYC", None),
    ],
    "riscv64": [("virt", "rv64", None), ("virt", "rv64,d=false", "D"),
                ("virt", "rv64,zba=false,zbb=false,zbs=false", None),
                ("virt", "rv64,sstc=false", None)],
}
passed = failed = 0


def say(program, *arguments):
    """Returns what a program prints."""
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def models(target):
    """Returns (machine, CPU, expectation) for each CPU model of QEMU, and on x86-64 for each feature removed."""
    if target == "riscv64":
        # QEMU runs 128-bit CPUs in a single thread only.
        return [("virt", cpu, ...) for cpu in say("qemu-system-riscv64", "-cpu", "help").split() if cpu != "x-rv128"]
    text = say("qemu-system-x86_64", "-cpu", "help")
    names, _, features = text.partition("Recognized CPUID flags:")
    cpus = [match[1] for match in re.finditer(r"^x86 (\S+)", names, re.M)]
    cpus = [cpu for cpu in cpus if cpu not in ("host",)]  # needs KVM
    removed = [f"max,-{feature}" for feature in features.split()]
    return [("microvm", cpu, ...) for cpu in cpus + removed]


def run(target, machine, cpu, expected):
    """Boots a CPU. `expected` is None if it must run hello, what the CPU lacks, or `...` if either is right."""
    global passed, failed
    choice = ["--machine", machine] if target == "x86_64" else []
    line = [CAIRN, "run", "--target", target, *choice, "--cpu", cpu, str(ROOT / "examples/hello.cpp")]
    try:
        result = subprocess.run(line, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        status, out, err = result.returncode, result.stdout, result.stderr
    except subprocess.TimeoutExpired:
        status, out, err = "none: it took more than 120 s", "", ""
    errors = "\n".join(text for text in err.splitlines() if "warning: " not in text)
    runs = status == 0 and out == HELLO
    refused = status == 65 and out == "" and BELOW_FLOOR.match(errors) is not None
    if expected is None:
        good = runs
    elif expected is ...:
        good = runs or refused
    else:
        good = refused and errors.endswith(f" lacks {expected}")
    if good:
        passed += 1
        if expected is ...:
            print(f"{target} {machine} {cpu}: "
                  f"{'runs' if runs else errors.removeprefix('cairn: this CPU is below the floor: ')}")
    else:
        failed += 1
        print(f"FAILED: {target} {machine} {cpu}: status {status}\n{out[-300:]}{err[-1500:]}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="*", default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--cpu", action="append", default=[])
    options = parser.parse_args()
    for target in options.targets or ["x86_64", "riscv64"]:
        chosen = [("virt" if target == "riscv64" else "microvm", cpu, ...) for cpu in options.cpu]
        for machine, cpu, expected in chosen or SAMPLE[target] + (models(target) if options.all else []):
            run(target, machine, cpu, expected)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
