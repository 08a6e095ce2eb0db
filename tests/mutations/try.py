#!/usr/bin/env python3
"""Tries the modules of a directory on a machine, many a boot (`cairn try`): no panic, no hang, nothing left in memory.

usage: try.py x86_64|riscv64 DIRECTORY; prints what failed, what became of the modules, and last "N passed, N failed".
"""
import collections
import os
import pathlib
import re
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = 1000  # a boot
BYTES = 64 << 20
SECONDS_A_MODULE = 2  # on the average: the emulated machine is slow


def batches(modules):
    batch, size = [], 0
    for module in modules:
        batch.append(module)
        size += module.stat().st_size
        if len(batch) == MODULES or size > BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def boot(target, modules):
    """The machine's exit status, None when it hung; what it printed, by module; its messages."""
    command = [ROOT / "build/host/cairn-cli", "try", "--target", target, "--memory", "512M", *modules]
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True, env={**os.environ, "CAIRN_ROOT": str(ROOT)})
    try:
        out, err = process.communicate(timeout=120 + SECONDS_A_MODULE * len(modules))
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = None
    return status, out.decode(errors="replace").splitlines(), err.decode(errors="replace")


def main():
    target, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    modules = sorted(directory.glob("*.wasm"), key=lambda path: (len(path.name), path.name))
    outcomes = collections.Counter()
    passed = failed = 0
    for batch in batches(modules):
        while batch:
            status, lines, messages = boot(target, batch)
            begun = 0
            for line in lines:
                if line.endswith(": begins"):
                    begun += 1
                elif line.startswith("FAIL "):
                    failed += 1
                    print(f"{line} on {target}")
                elif ": " in line and begun:
                    outcomes[re.sub(r"[0-9]+|`[^`]*`|\(.*", "N", line.split(": ", 1)[1])[:40]] += 1
            fails = sum(line.startswith("FAIL ") for line in lines)
            if status in (0, 1) and begun == len(batch):
                passed += begun - fails
                break
            # It did not get to the end: the last module that began is to blame; the others are tried again without it.
            begun = max(begun, 1)
            passed += begun - 1 - fails
            failed += 1
            verdict = "hangs" if status is None else f"status {status}"
            print(f"FAIL {batch[begun - 1].name} on {target}: {verdict}: {' '.join(messages[-600:].split())}")
            batch = batch[begun:]
    for outcome, count in outcomes.most_common(12):
        print(f"{count:6} {outcome}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0 or passed == 0


sys.exit(main())
