#!/usr/bin/env python3
"""Tries the modules of a directory on a machine (`cairn try`): no panic, no hang, and no memory that is left in use.

usage: try.py x86_64|riscv64 DIRECTORY; prints what failed, the outcomes of the modules, and last "N passed, N failed".
"""
import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    target, directory = sys.argv[1:3]
    command = [ROOT / "build/host/cairn-cli", "try", "--target", target, "--memory", "512M", directory]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
                               env={**os.environ, "CAIRN_ROOT": str(ROOT)})
    outcomes = collections.Counter()
    totals = None
    for line in process.stdout:
        line = line.rstrip("\n")
        if line.startswith("FAIL "):
            print(f"{line} on {target}", flush=True)
        elif re.fullmatch(r"\d+ passed, \d+ failed", line):
            totals = line
        elif ": " in line:
            outcomes[re.sub(r"[0-9]+|`[^`]*`|\(.*", "N", line.split(": ", 1)[1])[:40]] += 1
    status = process.wait()
    for outcome, count in outcomes.most_common(12):
        print(f"{count:6} {outcome}")
    print(totals or "0 passed, 1 failed")
    return status != 0 or totals is None or totals.startswith("0 ")


sys.exit(main())
