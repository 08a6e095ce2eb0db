#!/usr/bin/env python3
"""Boots the testing image of a checkout until a boot fails, and prints which one failed and why.

usage: boots.py ROOT. Prints nothing if no boot fails.
"""
import os
import sys

root = os.path.abspath(sys.argv[1])
sys.path.insert(0, f"{root}/tests/kernel")
from machine import boot  # noqa: E402

BOOTS = [("4 CPUs", {"cpus": 4, "timeout": 150}, "test=all"), ("1 CPU", {"timeout": 90}, "test=all"),
         ("fairness", {"before": ["-icount", "shift=2,sleep=off"], "timeout": 150}, "test=fairness")]
for name, options, line in BOOTS:
    result = boot("microvm", line, **options)
    if result.status == 0:
        continue
    lines = result.log.decode(errors="replace").splitlines()
    reasons = [text for text in lines if "error: test" in text or "panic: " in text]
    print(f"{name}: {reasons[0] if reasons else 'it hangs' if result.timed_out else 'it ends'}")
    break
