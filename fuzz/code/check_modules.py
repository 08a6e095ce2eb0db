#!/usr/bin/env python3
"""Compiles modules for both targets and checks the code (check_code.py).

    fuzz/code/check_modules.py [--generate N] [--programs] [MODULE...]

--generate N: also N modules of fuzz/generator. --programs: also the modules that tests/programs has built.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check_code import TARGETS, Checker, allowed_mnemonics, keeping_builtins  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
CAIRN = os.environ.get("CAIRN_CLI", os.path.join(ROOT, "build/host/cairn-cli"))
# Pairs of a target and optional instruction sets: all of them, some, and none.
LANES = [("host", "sse42,popcnt,lzcnt,bmi1,bmi2,avx,avx2,fma"), ("host", "none"),
         ("riscv64", "zba,zbb,zbs,v"), ("riscv64", "zba,zbb,zbs"), ("riscv64", "none")]
FIRST_SEED = 900000


class ModuleChecker:
    def __init__(self):
        self.allowed = {target.name: allowed_mnemonics(target.name) for target in TARGETS.values()}
        self.keeping = keeping_builtins()
        self.totals = Counter()

    def check(self, module, place, lanes=LANES):
        """Returns the problems of the module's code, one string each."""
        problems = []
        for target, cpu in lanes:
            path = os.path.join(place, "module.o")
            done = subprocess.run([CAIRN, "compile", module, "--bounds", "guard", "--target", target, "--engine",
                                   "cpu=" + cpu, "-o", path],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                problems.append(f"{target} {cpu}: does not compile: {done.stderr.strip()}")
                continue
            checker = Checker(path, self.allowed, self.keeping).run()
            self.totals += checker.totals
            problems += [f"{target} {cpu}: {problem.removeprefix(path + ': ')}" for problem in checker.problems]
        return problems


def main():
    parser = argparse.ArgumentParser(prog="check_modules.py")
    parser.add_argument("--generate", type=int, default=0, metavar="N")
    parser.add_argument("--programs", action="store_true")
    parser.add_argument("modules", nargs="*")
    arguments = parser.parse_args()
    checker, passed, failed = ModuleChecker(), 0, 0
    with tempfile.TemporaryDirectory() as place:
        work = [(module, LANES) for module in arguments.modules]
        if arguments.generate:
            generator = subprocess.run([os.path.join(ROOT, "fuzz/generator/build.sh")], check=True, capture_output=True,
                                       text=True).stdout.strip()
            subprocess.run([generator, str(arguments.generate), str(FIRST_SEED), place], check=True)
            work += [(module, LANES) for module in sorted(glob.glob(place + "/*.wasm"))]
        if arguments.programs:
            built = sorted(glob.glob(os.path.join(ROOT, "build/cache/programs/*/*.wasm")))
            if not built:
                parser.error("tests/programs has built nothing yet: tests/programs/run.sh --build-only")
            work += [(module, (LANES[0], LANES[2])) for module in built]
        for module, lanes in work:
            problems = checker.check(module, place, lanes)
            for problem in problems[:10]:
                print(f"FAIL {module}: {problem}", flush=True)
            passed, failed = passed + (not problems), failed + bool(problems)
    print(", ".join(f"{count} {name}" for name, count in checker.totals.items()))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
