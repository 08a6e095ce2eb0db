#!/usr/bin/env python3
"""Counts, for each instruction that Cairn supports, the generated modules that contain it, those that execute it, and
those that execute it with certain classes of operands (fuzz/generator/src/marks.rs). The exit status is 1 if less than
0.5 % of the modules execute some instruction, or a wanted class of operands (SITUATIONS) does not occur.

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

# The number in the marks of the first instruction of each prefix, as in fuzz/generator/src/marks.rs.
PREFIXES = {0: 0, 0xFB: 256, 0xFC: 320, 0xFD: 352, 0xFE: 640}


def instructions():
    """Yields the number in the marks, the name and the signature of every instruction of Cairn's table."""
    with open(os.path.join(ROOT, "src/wasm/types/opcodes.def")) as table:
        for line in table:
            match = re.match(r'CAIRN_OPCODE\((\w+), "([^"]+)", (\w+), (\w+), .*, "([^"]*)"\)', line)
            if match:
                enumerator, _, prefix, code, signature = match.groups()
                yield PREFIXES[int(prefix, 16)] + int(code, 16), enumerator, signature


def run(seed, count):
    """Runs generated modules. Yields for each module its kind, the numbers of the instructions in it, and its marks:
    the offsets of the bytes that are 1 in the memory `marks`, which has 64 bytes for each instruction."""
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


INTEGERS = ["0", "1", "-1", "least", "greatest", "power of two", "width or more", "negative", "near 2^31", "near 2^32"]
FLOATS = ["0", "-0", "NaN", "NaN with payload", "signalling NaN", "infinity", "-infinity", "subnormal", "near 2^31",
          "near 2^32", "near 2^63",
          "near 2^64", "half"]
ACCESSES = ["aligned", "unaligned", "over 4 KiB", "over 64 KiB", "last bytes", "partly outside", "outside", "from 2^32",
            "from 2^63"]
COPIES = ["nothing", "apart", "onto itself", "overlapping down", "overlapping up", "to another"]
LOADS = "i(32|64)_load(8|16|32)?(_[su])?|[fi](32|64)_(load|store)|i(32|64)_store(8|16|32)|v128_(load|store)"
NANS = FLOATS[2:5]
# Each row has a pattern of instructions, the number of an operand, the classes of this operand, and the wanted ones.
# Each of the instructions must be executed with an operand of each wanted class.
SITUATIONS = [
    ("i(32|64)_(shl|shr_s|shr_u|rotl|rotr)", 1, INTEGERS, ["0", "1", "-1", "width or more", "negative", "least"]),
    ("i(32|64)_(div|rem)_[su]", 0, INTEGERS, ["0", "-1", "least", "greatest"]),
    ("i(32|64)_(div|rem)_[su]", 1, INTEGERS, ["0", "1", "-1", "least", "power of two", "negative"]),
    # Operand 2 is a second operand that is a constant.
    ("i(32|64)_(div|rem)_[su]", 2, INTEGERS,
     ["1", "-1", "least", "greatest", "power of two", "negative", "width or more"]),
    ("i(32|64)_(shl|shr_s|shr_u|rotl|rotr)", 2, INTEGERS, ["0", "1", "-1", "width or more", "negative", "least"]),
    ("i(32|64)_(add|sub|mul|and|or|xor|lt_s|lt_u|ge_s|ge_u|clz|ctz|popcnt)", 0, INTEGERS,
     ["0", "-1", "least", "greatest"]),
    ("i64_(add|sub|mul|lt_s|lt_u)", 0, INTEGERS, ["near 2^31", "near 2^32"]),
    ("i32_trunc_(sat_)?f(32|64)_[su]", 0, FLOATS,
     NANS + ["-0", "infinity", "-infinity", "near 2^31", "near 2^32", "half"]),
    ("i64_trunc_(sat_)?f(32|64)_[su]", 0, FLOATS,
     NANS + ["-0", "infinity", "-infinity", "near 2^63", "near 2^64", "half"]),
    ("f(32|64)_(add|sub|mul|div|min|max|copysign|eq|lt)", 0, FLOATS,
     NANS + ["-0", "infinity", "-infinity", "subnormal"]),
    ("f(32|64)_(add|sub|mul|div|min|max|copysign|eq|lt)", 1, FLOATS,
     NANS + ["-0", "infinity", "-infinity", "subnormal"]),
    ("f(32|64)_(sqrt|ceil|floor|trunc|nearest|neg|abs)|f32_demote_f64|f64_promote_f32", 0, FLOATS,
     NANS + ["-0", "infinity", "half"]),
    ("f(32|64)_convert_i64_[su]", 0, INTEGERS, ["least", "greatest", "negative", "0"]),
    (LOADS, 0, ACCESSES, ["last bytes"]),
    ("[fi](32|64)_(load|store)|v128_(load|store)", 0, ACCESSES, ["unaligned", "over 4 KiB", "over 64 KiB"]),
    ("memory_copy|table_copy", 0, COPIES, COPIES),
    ("array_copy", 0, COPIES, ["nothing", "apart", "onto itself", "overlapping down", "overlapping up"]),
    ("memory_grow|table_grow", 0, INTEGERS, ["0", "1", "-1"]),
]


# Operands that cause traps: it is enough that the instructions together meet each wanted class five times.
RARE_SITUATIONS = [
    ("[fi](32|64)_load|v128_load", 0, ACCESSES, ["partly outside", "outside", "from 2^32", "from 2^63"]),
    ("[fi](32|64)_store|v128_store", 0, ACCESSES, ["partly outside", "outside", "from 2^32"]),
]


def situations(names, marked, modules, everything):
    """Prints the situations. Returns the number of wanted classes that were not met."""
    missing = 0
    for pattern, operand, classes, wanted in SITUATIONS + RARE_SITUATIONS:
        rare = (pattern, operand, classes, wanted) in RARE_SITUATIONS
        places = {name: place for name, place in names.items() if re.fullmatch(pattern, name)}
        for kind in wanted:
            counts = {name: marked.get(64 * place + 1 + 20 * operand + classes.index(kind), 0)
                      for name, place in places.items()}
            rarest = min(counts, key=counts.get)
            met = sum(counts.values()) >= 5 if rare else counts[rarest] > 0
            missing += not met
            if everything or not met:
                print(f"operand {operand} is {kind:18} in {sum(counts.values()):6} executions by module of "
                      f"{len(counts):2} instructions, least in "
                      f"{counts[rarest]:4} of {rarest}")
    print(f"{missing} kinds of operands are met by some instruction in none of {modules} modules")
    return missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--modules", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=30000001)
    parser.add_argument("--all", action="store_true", help="print every instruction, not only the rare ones")
    arguments = parser.parse_args()
    occurs, marked = {}, {}
    for _, occurring, marks in run(arguments.seed, arguments.modules):
        for place in occurring:
            occurs[place] = occurs.get(place, 0) + 1
        for mark in marks:
            marked[mark] = marked.get(mark, 0) + 1
    least = arguments.modules // 200
    names = {name: place for place, name, _ in instructions()}
    few = 0
    for place, name, _ in instructions():
        executed = marked.get(64 * place, 0)
        few += executed < least
        if arguments.all or executed < least:
            print(f"{name:36} in {occurs.get(place, 0):5} executed in {executed:5}")
    print(f"{few} instructions are executed in less than {least} of {arguments.modules} modules")
    missing = situations(names, marked, arguments.modules, arguments.all)
    return 1 if few or missing else 0


sys.exit(main())
