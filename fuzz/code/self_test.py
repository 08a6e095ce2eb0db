#!/usr/bin/env python3
"""self_test.py CAIRN: tests that check_code.py finds problems. Objects of self_test.wat are damaged in several ways
(WAYS), at one place after the other. For each way, the expected problem must be found at one place at least."""
import os
import re
import struct
import subprocess
import sys
import tempfile

from check_code import Checker, allowed_mnemonics, keeping_builtins
from code_object import CodeObject
from check_code import TARGETS

HERE = os.path.dirname(os.path.abspath(__file__))
FUNCTION, TRAP, STACK_MAP = 40, 12, 12  # sizes of records in bytes


class Spoiler:
    """An object's bytes, and functions that find and change parts of them."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.object = CodeObject(path, TARGETS)
        self.offsets = self.find_sections()

    def find_sections(self):
        """Returns the offsets of the sections in the file, by their names."""
        offset, = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, offset + size * i) for i in range(count)]
        strings = headers[names][4]
        return {self.data[strings + h[0]:self.data.index(b"\0", strings + h[0])].decode(): h[4] for h in headers}

    def patched(self, section, offset, replacement):
        """Returns the object's bytes with a replacement at an offset of a section."""
        at = self.offsets[section] + offset
        return self.data[:at] + replacement + self.data[at + len(replacement):]

    def words(self, section):
        """Returns the offsets of a section's 4-byte words."""
        return range(0, len(self.object.sections[section]), 4)

    def word(self, section, offset):
        """Returns the word at an offset of a section."""
        return struct.unpack_from("<I", self.object.sections[section], offset)[0]

    def instructions(self, pattern):
        """Returns the instructions of functions whose text begins with a match of the pattern."""
        return [i for i in self.object.code if re.match(pattern, i.text) and self.object.function_of(i.address)]

    def code(self, i):
        """Returns the bytes of an instruction."""
        return self.object.sections[".text"][i.address:i.end]


def entry_lost(s):
    for offset in range(0, len(s.object.sections[".cairn.traps"]), TRAP):
        yield s.patched(".cairn.traps", offset, struct.pack("<I", len(s.object.sections[".text"]) + 64))


def entry_moved(s):
    for offset in range(0, len(s.object.sections[".cairn.traps"]), TRAP):
        yield s.patched(".cairn.traps", offset, struct.pack("<I", s.word(".cairn.traps", offset) + 1))


def frame_misstated(s):
    for n in range(len(s.object.functions)):
        offset = n * FUNCTION + 12  # the field frame_bytes of record n
        yield s.patched(".cairn.functions", offset, struct.pack("<I", s.word(".cairn.functions", offset) + 16))


def call_record_lost(s):
    for offset in range(0, len(s.object.sections[".cairn.calls"]), 12):
        yield s.patched(".cairn.calls", offset, struct.pack("<I", len(s.object.sections[".text"]) + 64))


def stack_map_misstated(s):
    for offset in s.words(".cairn.stackslots"):
        for other in (0, 8, 16, 4096):
            yield s.patched(".cairn.stackslots", offset, struct.pack("<i", other))


def table_entry_wrong(s):
    if s.object.target.name == "x86_64":
        for offset in s.words(".rodata"):
            yield s.patched(".rodata", offset, struct.pack("<I", (s.word(".rodata", offset) + 1) & 0xffffffff))
    else:
        for i in s.instructions("j 0x"):
            if i.end - i.address == 4:
                yield s.patched(".text", i.address, b"\x13\0\0\0")  # nop


def privileged(s):
    for i in s.object.code:
        if i.end - i.address == 2:
            # syscall; ebreak
            yield s.patched(".text", i.address, b"\x0f\x05" if s.object.target.name == "x86_64" else b"\x02\x90")
        elif s.object.target.name == "riscv64":
            yield s.patched(".text", i.address, struct.pack("<I", 0x10500073))  # wfi


def returns_too_early(s):
    for i in s.instructions(r"mov |add |lea |addi |add "):
        if i.end - i.address >= 3 or s.object.target.name == "riscv64":
            yield s.patched(".text", i.address, b"\xc3\x90\x90" if s.object.target.name == "x86_64" else b"\x82\x80")


def restores_wrong(s):
    if s.object.target.name == "x86_64":
        for i in s.instructions(r"mov r(bx|bp|12|13), qword ptr \[rsp"):
            code = s.code(i)
            yield s.patched(".text", i.address, code[:-1] + bytes([code[-1] ^ 8]))
    else:
        for i in s.instructions(r"ld s\d"):
            yield s.patched(".text", i.address, b"\x01\x00" * ((i.end - i.address) // 2))  # nop


def stack_moved_wrong(s):
    if s.object.target.name == "x86_64":
        for i in s.instructions(r"(add|sub) rsp, "):
            code = s.code(i)
            yield s.patched(".text", i.address, code[:3] + bytes([code[3] ^ 16]) + code[4:])
    else:
        for i in s.instructions(r"addi sp, sp"):
            yield s.patched(".text", i.address, b"\x01\x00" * ((i.end - i.address) // 2))


def not_zero_extended(s):
    if s.object.target.name == "x86_64":
        # REX.W makes a 32-bit instruction one of 64 bits.
        for i in s.object.code:
            code = s.code(i)
            if code[0] & 0xf8 == 0x40:
                yield s.patched(".text", i.address, bytes([code[0] | 8]))
    else:
        for i in s.instructions(r"srli \w+, \w+, 0x20"):
            yield s.patched(".text", i.address, b"\x01\x00" * ((i.end - i.address) // 2))
        for i in s.instructions(r"add.uw "):
            word, = struct.unpack("<I", s.code(i))
            yield s.patched(".text", i.address, struct.pack("<I", word ^ 0x08000008))  # add


def call_displaced(s):
    if s.object.target.name == "x86_64":
        for i in s.instructions("call 0x"):
            code = s.code(i)
            yield s.patched(".text", i.address, code[:1] + struct.pack("<i", struct.unpack("<i", code[1:5])[0] + 1))
    else:
        for i in s.instructions("jalr .*ra"):
            code, = struct.unpack("<I", s.code(i).ljust(4, b"\0"))
            if i.end - i.address == 4:
                yield s.patched(".text", i.address, struct.pack("<I", code ^ 4 << 20))


def mask_lost(s):
    if s.object.target.name == "x86_64":
        for i in s.instructions("cmov"):
            yield s.patched(".text", i.address, b"\x90" * (i.end - i.address))
    else:
        for i in s.instructions("neg |snez |minu "):
            yield s.patched(".text", i.address, b"\x01\x00" * ((i.end - i.address) // 2))


WAYS = [
    (mask_lost, "does not mask what it checks"),
    (entry_lost, "no entry in the trap table"),
    (entry_moved, "is not at an instruction|cannot trap as"),
    (frame_misstated, "as the frame's record says|has the stack at|may trap with"),
    (call_record_lost, "has no call record"),
    (stack_map_misstated, "stack map that names"),
    (table_entry_wrong, "where no instruction of the function is|entry that is none"),
    (privileged, "not an instruction that the compiler means to use"),
    (returns_too_early, "returns to|returns with|leaves the function with"),
    (restores_wrong, "leaves the function with"),
    (stack_moved_wrong, "returns|leaves the stack at|has the stack at|calls with the stack"),
    (not_zero_extended, "accesses a memory .* from its base"),
    (call_displaced, "calls something that is no function"),
]


def main():
    cairn = sys.argv[1]
    allowed = {target.name: allowed_mnemonics(target.name) for target in TARGETS.values()}
    keeping, passed, failed = keeping_builtins(), 0, 0

    def complaints(path):
        """Returns the problems that the checker finds in an object."""
        return Checker(path, allowed, keeping).run().problems

    with tempfile.TemporaryDirectory() as place:
        for target, cpu in (("host", "none"), ("riscv64", "none"), ("riscv64", "zba,zbb,zbs")):
            path, spoiled = os.path.join(place, target + ".o"), os.path.join(place, "spoiled.o")
            subprocess.run([cairn, "compile", os.path.join(HERE, "self_test.wat"), "--bounds", "guard", "--target",
                            target, "--engine",
                            "cpu=" + cpu, "-o", path], check=True)
            good = complaints(path)
            passed, failed = passed + (not good), failed + bool(good)
            for problem in good:
                print("FAIL", problem)
            spoiler = Spoiler(path)
            for spoil, expected in WAYS:
                places = noticed = 0
                for data in spoil(spoiler):
                    with open(spoiled, "wb") as file:
                        file.write(data)
                    places += 1
                    noticed += any(re.search(expected, problem) for problem in complaints(spoiled))
                print(f"{'' if noticed else 'FAIL '}{spoiler.object.target.name} {cpu} {spoil.__name__}: {noticed} of "
                      f"{places} noticed as such")
                passed, failed = passed + bool(noticed), failed + (not noticed)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
