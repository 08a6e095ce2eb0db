#!/usr/bin/env python3
"""Checks the code in code objects (`cairn compile`) against their own tables, by an independent disassembler.

    fuzz/code/check_code.py [--learn] OBJECT...

For each function:
- every byte is part of an instruction that decodes, and its name is in mnemonics/TARGET.txt;
- branches, handlers and entries of jump tables lead to instructions of the function; calls and tail jumps lead to
  functions; every instruction of the function is reached;
- the stack pointer is the same however an instruction is reached, agrees with the frame's record where the body begins
  and wherever code may trap, and is aligned at calls; returns go to the address that the caller left, with callee-saved
  registers, context and memory base unchanged; direct calls are made with the function's own context and memory
  base;
- an entry of the trap table is at an instruction that can trap in this way; an instruction that traps on purpose, or
  accesses a memory with guard pages, has an entry (divisions without an entry, whose divisor was tested or is known,
  are only counted);
- code masks what a bounds check or a check of a function's type lets through, in case that the CPU mispredicts the
  branch, and the index of a jump table;
- an access to a memory with guard pages ends before the end of the guard, so 32-bit indices are zero-extended;
- calls have a record, and stack maps name slots of the frame that hold 32-bit numbers and were written on every path.

If the content of a register is not known (arguments, results of calls), an access through the register counts as
`unknown`. Objects must have been compiled with --bounds guard. --learn prints the names of the instructions, and
accepts all of them.
"""
import argparse
import os
import re
import sys
from collections import Counter

import riscv64
import x86_64
from code_object import CodeObject
from function_check import OUT_OF_BOUNDS, FunctionCheck

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = {62: x86_64, 243: riscv64}  # ELF machines
# Kinds of traps, as the numbers of src/wasm/types/trap.def.
DIVISION = {1, 2}
# Accesses to memory cause these traps: bounds of memories, tables and arrays, null references, and casts.
FAULTS = {OUT_OF_BOUNDS, 5, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18}


def keeping_builtins():
    """Returns the numbers of builtins that keep all registers."""
    with open(os.path.join(HERE, "../../src/abi/builtins.def")) as lines:
        frames = re.findall(r"^CAIRN_BUILTIN\(.*, (\w+)\)", lines.read(), re.MULTILINE)
    return {n for n, frame in enumerate(frames) if frame == "keep"}


def allowed_mnemonics(target):
    """Returns the names of the instructions that the compiler may use, from mnemonics/."""
    with open(os.path.join(HERE, "mnemonics", target + ".txt")) as lines:
        return {word for line in lines if not line.startswith("#") for word in line.split()}


class Checker:
    def __init__(self, path, allowed, keeping):
        self.object = CodeObject(path, TARGETS)
        self.allowed, self.keeping = allowed.get(self.object.target.name), keeping
        self.fields, self.learned, self.guarded = set(), set(), set()
        self.totals, self.problems, self.mnemonics = Counter(), [], set()

    def problem(self, where, text):
        """Notes a problem at `where`, an instruction or the name of a record."""
        self.problems.append(f"{self.object.path}: {where} {text}")

    def run(self):
        """Checks the object, and returns this checker, whose totals and problems then are complete."""
        self.check_records()
        self.check_instructions()
        # Accesses with an entry in the trap table show which fields of the context are bases of memories, and which of
        # these memories have guard pages. The functions are explored until no new field is found, and then checked.
        while True:
            checks = [FunctionCheck(self, function) for function in self.object.functions]
            for check in checks:
                check.explore()
            if self.learned <= self.fields:
                break
            self.fields |= self.learned
        for check in checks:
            check.report()
        self.totals["functions"] += len(self.object.functions)
        self.totals["instructions"] += len(self.object.code)
        return self

    def check_records(self):
        """Checks that the offsets in the object's tables are at instructions of the right kind."""
        code = self.object
        for before, after in zip(code.functions, code.functions[1:]):
            if before.end > after.begin:
                self.problem(f"function {after.index}", f"begins before function {before.index} ends")
        for function in code.functions:
            if function.end not in code.index_at and function.end != len(code.sections[".text"]):
                self.problem(f"function {function.index}", "ends inside of an instruction")
        behind_calls = {i.end for i in code.code if i.mnemonic in ("call", "jal", "jalr")}
        for name, offsets in (("call", code.calls), ("handler", code.handlers), ("stack map", code.stack_maps)):
            for offset in filter(code.function_of, offsets):
                if offset not in code.calls:
                    self.problem(f"{name} at {offset:x}", "has no call record")
                if offset not in behind_calls:
                    self.problem(f"{name} at {offset:x}", "is not behind a call")
        for offset, kind in code.traps.items():
            if code.function_of(offset):
                index = code.index_at.get(offset)
                if index is None:
                    self.problem(f"trap {kind} at {offset:x}", "is not at an instruction")
                elif not self.can_trap(code.code[index], kind):
                    self.problem(code.code[index], f"cannot trap as its entry of kind {kind} says")

    def can_trap(self, i, kind):
        """Returns whether the instruction can cause a trap of this kind."""
        target = self.object.target
        if i.mnemonic in target.traps_on_purpose:
            return True
        if target.is_division(i):
            return kind in DIVISION
        return kind in FAULTS and target.can_fault(i)

    def check_instructions(self):
        """Checks the name of every instruction."""
        code, target = self.object, self.object.target
        for i in code.code:
            self.mnemonics.add(i.mnemonic)
            if self.allowed is not None and i.mnemonic not in self.allowed and i.text not in target.meant_besides:
                self.problem(i, "is not an instruction that the compiler means to use")
            # Code that belongs to no function, such as a trampoline, is left out.
            if target.is_division(i) and i.address not in code.traps and code.function_of(i.address):
                self.totals["divisions without entry"] += 1


def main():
    parser = argparse.ArgumentParser(prog="check_code.py")
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("objects", nargs="+")
    arguments = parser.parse_args()
    allowed = {} if arguments.learn else {target.name: allowed_mnemonics(target.name) for target in TARGETS.values()}
    keeping, totals, seen, failed = keeping_builtins(), Counter(), {}, 0
    for path in arguments.objects:
        checker = Checker(path, allowed, keeping).run()
        totals += checker.totals
        seen.setdefault(checker.object.target.name, set()).update(checker.mnemonics)
        for problem in checker.problems[:10]:
            print("FAIL", problem)
        failed += bool(checker.problems)
    if arguments.learn:
        for name, words in seen.items():
            print(name + ":", " ".join(sorted(words)))
    print(", ".join(f"{count} {name}" for name, count in totals.items()))
    print(f"{len(arguments.objects) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
