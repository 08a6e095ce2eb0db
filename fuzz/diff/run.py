#!/usr/bin/env python3
"""Runs generated modules on several engines and compares what they do. What fails is reduced and kept in
build/fuzz/found.

    fuzz/diff/run.py [--modules N] [--seed S] [--executors A,B,...] [--batch N] [--jobs N]
                     [--seconds N] [--code N] [--stop] [--keep-whole]
    fuzz/diff/run.py --replay FILE... [--executors ...]
"""
import argparse
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import executors
from compare import compare
from executors import ROOT
from reduce import reduce_module

sys.path.insert(0, os.path.join(ROOT, "fuzz/code"))
from check_modules import ModuleChecker  # noqa: E402

FUZZ = os.path.join(ROOT, "build/fuzz")
FOUND = os.path.join(FUZZ, "found")


class Totals:
    def __init__(self):
        self.modules = self.calls = self.traps = self.refused = self.stacks = 0
        self.comparisons = {}
        self.found = []
        self.code = 0
        self.started = time.monotonic()

    def line(self):
        seconds = time.monotonic() - self.started
        return (f"{self.modules} modules, {self.calls} calls ({100 * self.traps / max(1, self.calls):.0f} % trap), "
                f"{self.refused} refused, {self.stacks} ended by stack or heap, "
                f"{self.modules / max(seconds, 0.001):.1f} modules/s, "
                f"{len(self.found)} mismatches")


def make_batch(generator, first, count):
    """Generates the modules of `count` seeds. Returns their directory, and for each module its seed, its path and the
    names of its features."""
    directory = os.path.join(FUZZ, "batches", f"{os.getpid()}-{first}")
    os.makedirs(directory, exist_ok=True)
    subprocess.run([generator, str(count), str(first), directory], check=True)
    modules = []
    with open(os.path.join(directory, "list")) as lines:
        for line in lines:
            seed, _, names = line.split()
            modules.append((seed, os.path.join(directory, seed + ".wasm"), set(names.split(",")) - {"-"}))
    return directory, modules


def turn(names, number):
    """Returns the executors of batch `number`: of those that take turns, one."""
    return [alternatives[number % len(alternatives)] for alternatives in (name.split("|") for name in names)]


def compare_batch(modules, names):
    """Returns a list of the differences as (seed, path, executor, detail), the reference's answers, the number of
    modules that reached a limit, and for each executor the number of modules that were compared."""
    paths = [path for _, path, _ in modules]
    answers = {name: executors.run(name, paths) for name in names}
    differing, stacks, comparisons = [], 0, {name: 0 for name in names}
    for seed, path, features in modules:
        stack = False
        for name in names[1:]:
            verdict = compare(answers[names[0]].get(path), answers[name].get(path), names[0], name, features)
            if verdict.kind == "differs":
                differing.append((seed, path, name, verdict.detail))
            comparisons[name] += verdict.kind != "skipped"
            stack |= verdict.detail == "stack"
        stacks += stack
    return differing, answers[names[0]], stacks, comparisons


def check_code(checker, modules, directory):
    """Checks the machine code of the modules (fuzz/code). Returns the problems in a list like compare_batch()."""
    differing = []
    for seed, path, _ in modules:
        problems = checker.check(path, directory)
        if problems:
            differing.append((seed, path, "code", problems[0]))
    return differing


def differs_again(reference, name, features, detail):
    """Returns a function that says whether a reduced module still shows the difference `detail` between the two
    executors."""
    crashed = "crash:" in detail

    def check(path):
        answers = [executors.run(which, [path], 10) for which in (reference, name)]
        verdict = compare(answers[0].get(path), answers[1].get(path), reference, name, features)
        # A module that became invalid, or for which an engine gives fewer answers, is not the same case.
        return (verdict.kind == "differs" and "reject:" not in verdict.detail and
                ("crash:" in verdict.detail) == crashed and " has " not in verdict.detail)
    return check


def report(totals, modules, differing, reference, arguments, generator):
    """Keeps the modules with differences in FOUND, prints the differences, and reduces the modules."""
    features_of = {seed: features for seed, _, features in modules}
    by_seed = {}
    for seed, path, name, detail in differing:
        by_seed.setdefault(seed, []).append((path, name, detail))
    for seed, cases in by_seed.items():
        os.makedirs(FOUND, exist_ok=True)
        kept = os.path.join(FOUND, os.path.basename(cases[0][0]))
        shutil.copy(cases[0][0], kept)
        shutil.copy(os.path.join(os.path.dirname(cases[0][0]), "library.wasm"), FOUND)
        totals.found.append(seed)
        for _, name, detail in cases:
            print(f"FAIL seed {seed} {name}: {detail}", flush=True)
        if not arguments.keep_whole:
            _, name, detail = cases[0]
            if "reject:" not in detail and name != "code":
                small = reduce_module(generator, kept, kept.replace(".wasm", ".small.wasm"),
                                      differs_again(reference, name, features_of[seed], detail))
                print(f"  reduced to {os.path.relpath(small, ROOT)}, {os.path.getsize(small)} bytes", flush=True)


def fuzz(arguments):
    """Compares generated modules, in batches, until the wanted number or time. Returns the exit status."""
    generator = subprocess.run([os.path.join(ROOT, "fuzz/generator/build.sh")], check=True, capture_output=True,
                               text=True).stdout.strip()
    names = arguments.executors
    totals, checker = Totals(), ModuleChecker()
    batches = [(first, min(arguments.batch, arguments.seed + arguments.modules - first))
               for first in range(arguments.seed, arguments.seed + arguments.modules, arguments.batch)]
    next_report = time.monotonic() + 30

    def work(batch):
        """Returns a batch's directory, its modules, and the results of comparing them; None after the time limit."""
        if arguments.seconds and time.monotonic() - totals.started > arguments.seconds:
            return None
        directory, modules = make_batch(generator, *batch)
        differing, *rest = compare_batch(modules, turn(names, batch[0] // arguments.batch))
        return directory, modules, (differing + check_code(checker, modules[:arguments.code], directory), *rest)

    with ThreadPoolExecutor(arguments.jobs) as pool:
        # No more batches in flight than jobs, so that nothing piles up.
        for start in range(0, len(batches), arguments.jobs):
            for done in pool.map(work, batches[start:start + arguments.jobs]):
                if done is None:
                    continue
                directory, modules, (differing, answers, stacks, comparisons) = done
                totals.modules += len(modules)
                totals.code += min(len(modules), arguments.code)
                totals.stacks += stacks
                for name, count in comparisons.items():
                    totals.comparisons[name] = totals.comparisons.get(name, 0) + count
                for answer in answers.values():
                    calls = [word for word in answer if word.startswith(("e", "state="))]
                    totals.calls += len(calls)
                    totals.traps += sum("=!" in word for word in calls)
                    totals.refused += bool(answer) and answer[0].startswith("reject:")
                report(totals, modules, differing, names[0], arguments, generator)
                shutil.rmtree(directory)
            if time.monotonic() >= next_report or start + arguments.jobs >= len(batches):
                print(totals.line(), flush=True)
                next_report = time.monotonic() + 30
            if totals.found and arguments.stop:
                break
            if arguments.seconds and time.monotonic() - totals.started > arguments.seconds:
                break
    print("compared with " + names[0] + ": " + ", ".join(f"{name} {count}" for name, count in totals.comparisons.items()
                                                    if name != names[0]))
    print(f"code of {totals.code} modules checked: "
          + ", ".join(f"{count} {name}" for name, count in checker.totals.items()))
    if totals.found:
        print("seeds: " + " ".join(totals.found))
    print(f"{totals.modules - len(totals.found)} passed, {len(totals.found)} failed")
    return 1 if totals.found or totals.modules == 0 else 0


def replay(arguments):
    """Compares the given modules. Returns the exit status."""
    status = 0
    for path in map(os.path.abspath, arguments.replay):
        answers = {name: executors.run(name, [path], 10).get(path) for name in arguments.executors}
        for name, answer in answers.items():
            print(f"{name:12} {' '.join(answer or ['-'])}")
            verdict = compare(answers[arguments.executors[0]], answer, arguments.executors[0], name, set())
            if verdict.kind == "differs":
                print(f"FAIL {path}: {verdict.detail}")
                status = 1
    return status


def main():
    parser = argparse.ArgumentParser(prog="cairn fuzz diff")
    parser.add_argument("--modules", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--executors", type=lambda text: text.split(","), default=executors.DEFAULT)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=0, help="stop after so many")
    parser.add_argument("--code", type=int, default=4, metavar="N",
                        help="check the code of so many modules of a batch (fuzz/code)")
    parser.add_argument("--stop", action="store_true", help="stop at the first batch with a mismatch")
    parser.add_argument("--keep-whole", action="store_true", help="do not reduce what differs")
    parser.add_argument("--replay", nargs="+")
    arguments = parser.parse_args()
    for name in [name for names in arguments.executors for name in names.split("|")]:
        if name not in executors.COMMANDS:
            parser.error(f"unknown executor {name}; there are {', '.join(executors.COMMANDS)}")
    if arguments.replay:
        arguments.executors = list(dict.fromkeys(name for names in arguments.executors for name in names.split("|")))
    return replay(arguments) if arguments.replay else fuzz(arguments)


sys.exit(main())
