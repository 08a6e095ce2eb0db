#!/usr/bin/env python3
"""Recurses to every depth near the end of the guest's stack, and does there each thing that a call of the host can do
(depths.wat).

usage: run.py TARGET [cairn-cli's options...]; the last line is "N passed, N failed".

For each operation, one run goes to the very end, where only `call stack exhausted` may stop it, and one run returns
from a depth near the end.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CAIRN = HERE.parents[1] / "build/host/cairn-cli"
OPERATIONS = ["memory.grow", "memory.fill and copy", "table.grow and fill", "struct.new", "array.new and collections",
              "throw and catch", "fd_write", "fd_read", "poll_oneoff", "random_get", "paths", "wait and notify"]
MARGIN = 256  # frames, of 48 bytes or more


def run(target, options, arguments):
    """Runs depths.wat. Returns the exit status (None after 300 s), the output and the errors."""
    with tempfile.TemporaryDirectory() as directory:
        line = [CAIRN, "run", "--target", target, *options, "--dir", f"{directory}::/", HERE / "depths.wat",
                *map(str, arguments)]
        try:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        except subprocess.TimeoutExpired:
            return None, b"", "it hangs"
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def numbers(output):
    """Returns the 32-bit numbers in the output."""
    return [number for number, in struct.iter_unpack("<I", output[:len(output) // 4 * 4])]


def main():
    target, options = sys.argv[1], sys.argv[2:]
    passed = failed = 0

    def check(name, condition, status, errors):
        nonlocal passed, failed
        passed, failed = passed + bool(condition), failed + (not condition)
        if not condition:
            print(f"FAIL {target}: {name}: status {status}\n{errors[:300]}")

    def is_exhausted(status, errors):
        """Returns whether the run ended because the call stack was exhausted."""
        return status == 134 and "call stack exhausted" in errors

    # The operation M only writes the depths that the recursion reaches.
    status, output, errors = run(target, options, ["M", 0, 1 << 31])
    depths = numbers(output)
    check("measure",
          is_exhausted(status, errors) and depths == list(range(64, 64 * len(depths) + 64, 64)) and len(depths) > 100,
          status, errors)
    if not failed:
        end = depths[-1]
        for number, name in enumerate(OPERATIONS):
            letter = chr(ord("A") + number)
            status, output, errors = run(target, options, [letter, end - MARGIN, 1 << 31])
            check(f"{name}, to the end", is_exhausted(status, errors), status, errors)
            last = end - 3 * MARGIN // 4
            status, output, errors = run(target, options, [letter, last - MARGIN, last])
            # depths.wat does the operation at every 997th depth, and at each of the last MARGIN + 1 depths.
            expected = last // 997 + MARGIN + 1
            check(f"{name}, and back",
                  status == 0 and numbers(output)[-1:][:1] and abs(numbers(output)[-1] - expected) <= 1, status, errors)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
