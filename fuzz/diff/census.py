#!/usr/bin/env python3
"""Says how many of generated modules have each instruction that Cairn executes, and in how many it is executed, with which
kinds of operands (fuzz/generator/src/marks.rs). Exit status 1 when one is executed in too few of them.

    fuzz/diff/census.py [--modules N] [--seed S] [--all]
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

import executors
from executors import ROOT

PREFIXES = {0: 0, 0xFB: 256, 0xFC: 320, 0xFD: 352, 0xFE: 640}


def instructions():
    """Place in the marks, name and signature of every instruction of Cairn's table."""
    with open(os.path.join(ROOT, "src/wasm/opcodes.def")) as table:
        for line in table:
            match = re.match(r'CAIRN_OPCODE\((\w+), "([^"]+)", (\w+), (\w+), .*, "([^"]*)"\)', line)
            if match:
                enumerator, _, prefix, code, signature = match.groups()
                yield PREFIXES[int(prefix, 16)] + int(code, 16), enumerator, signature


def run(seed, count):
    """By module: what occurs, and the marks."""
    generator = subprocess.run([os.path.join(ROOT, "fuzz/generator/build.sh")], check=True, capture_output=True,
                               text=True).stdout.strip()
    directory = os.path.join(ROOT, "build/fuzz/batches", f"census-{os.getpid()}")
    os.makedirs(directory)
    subprocess.run([generator, "--marks", str(count), str(seed), directory], check=True)
    modules = {}
    with open(os.path.join(directory, "list")) as lines:
        for line in lines:
            name, kind, _, *places = line.split()
            modules[os.path.join(directory, name + ".wasm")] = (kind, {int(place) // 64 for place in places})
    answers = executors.run("cairn", list(modules))
    shutil.rmtree(directory)
    for path, (kind, occurring) in modules.items():
        answer = answers[path]
        if answer and answer[0].startswith(("crash", "reject")):
            print(os.path.basename(path), answer[0])
        marks = [word[len("marks="):] for word in answer if word.startswith("marks=")]
        yield kind, occurring, {int(mark, 16) for mark in marks[0].split(",")} if marks else set()
    return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--modules", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=30000001)
    parser.add_argument("--all", action="store_true", help="print every instruction, not only the rare ones")
    arguments = parser.parse_args()
    occurs, marked = {}, {}
    for _, occurring, marks in run(arguments.seed, arguments.modules):
        for place in occurring:
            occurs[place] = occurs.get(place, 0) + 1
        for mark in marks:
            marked[mark] = marked.get(mark, 0) + 1
    least = arguments.modules // 100
    few = 0
    for place, name, _ in instructions():
        executed = marked.get(64 * place, 0)
        few += executed < least
        if arguments.all or executed < least:
            print(f"{name:36} in {occurs.get(place, 0):5} executed in {executed:5}")
    print(f"{few} instructions are executed in less than {least} of {arguments.modules} modules")
    return 1 if few else 0


sys.exit(main())
