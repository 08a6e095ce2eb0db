#!/usr/bin/env python3
"""Runs programs as processes with little memory, under each of many limits on data and on addresses (setrlimit). Each
must end as without a limit, or with an error or a trap, but not by a signal or an assertion.

usage: sweep.py [MODULE...]; the modules of this folder by default. The last line is "N passed, N failed".
"""
import os
import pathlib
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MIB = 1 << 20
LIMITS = [(resource.RLIMIT_DATA, size * MIB) for size in range(8, 400, 14)]
LIMITS += [(resource.RLIMIT_AS, size * MIB)
           for size in (64, 128, 256, 300, 400, 512, 700, 1000, 1500, 2000, 4000, 8000, 12000, 20000, 40000, 70000)]
GOOD, REFUSED, HOST_FAILED, NOT_STARTED, TRAPPED = 0, 65, 71, 127, 134


def run(module, limit, size):
    """Runs the module under a limit. Returns what is wrong with the run, or None."""
    command = [ROOT / "build/host/cairn-cli", "run", "--target", "host", module]
    try:
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120,
                                stdin=subprocess.DEVNULL,
                                preexec_fn=lambda: resource.setrlimit(limit, (size, size)))
    except subprocess.TimeoutExpired:
        return "not done after 120 s"
    words = result.stderr
    if "assertion" in words or "internal error" in words:
        return words
    # If there are no addresses for its libraries, the process does not start.
    if result.returncode == NOT_STARTED and "shared libraries" in words:
        return None
    if result.returncode == TRAPPED and "trap: " not in words:
        return f"status 134 without a trap: {words}"
    is_good = result.returncode in (GOOD, REFUSED, HOST_FAILED, TRAPPED)
    return None if is_good else f"status {result.returncode}: {words}"


def main():
    os.environ["CAIRN_ROOT"] = str(ROOT)
    modules = sys.argv[1:] or [*sorted(HERE.glob("modules/*.wat")), ROOT / "examples/hello.cpp"]
    passed = failed = 0
    for module in modules:
        for limit, size in LIMITS:
            wrong = run(module, limit, size)
            passed, failed = passed + (wrong is None), failed + (wrong is not None)
            if wrong is not None:
                print(f"FAIL {module} with {size // MIB} MiB of "
                      f"{'data' if limit == resource.RLIMIT_DATA else 'addresses'}: {wrong[:300]}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
