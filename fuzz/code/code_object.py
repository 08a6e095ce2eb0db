"""Reads code objects (src/compiler/codegen/object/code_object.hpp), and disassembles their code with llvm-objdump."""
import re
import struct
import subprocess
from bisect import bisect_right
from collections import namedtuple

TRAMPOLINE = 0xffffffff  # the function index of trampolines
RODATA_ALIGNMENT = 64  # .rodata follows .text in memory at the next multiple of this number of bytes

Function = namedtuple("Function",
                      "begin end index frame_bytes argument_bytes body_begin saved_registers saved_offset flags "
                      "frame_begin")


class Instruction:
    __slots__ = ("address", "end", "mnemonic", "operands", "text")

    def __init__(self, address, mnemonic, operands, text):
        self.address, self.end, self.mnemonic, self.operands, self.text = address, address, mnemonic, operands, text

    def __str__(self):
        return f"{self.address:x}: {self.text}"


def split_operands(text):
    """Returns the operands in a text. Commas in brackets do not separate them."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in "[({") - (character in "])}")
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    if current.strip():
        parts.append(current.strip())
    return parts


PREFIXES = ("lock", "rep", "repne", "notrack")


def disassemble(path, flags):
    """Returns the instructions of an object's code, in the order of their addresses."""
    lines = subprocess.run(["llvm-objdump-22", "-d", "-z", "--no-show-raw-insn", *flags, path], capture_output=True,
                           text=True, check=True).stdout.split("\n")
    code, prefix = [], ""
    for line in lines:
        found = re.match(r"^ +([0-9a-f]+):\s+(.*)$", line)
        if not found:
            continue
        text = found.group(2).split(" <")[0].split(" #")[0].split("\t#")[0].replace("\t", " ").strip()
        address, words = int(found.group(1), 16), text.split(None, 1)
        # A prefix may stand on the line of its instruction or on one of its own.
        if prefix:
            address, text = int(prefix.split()[0], 16), prefix.split(None, 1)[1] + " " + text
            prefix = ""
        while words and words[0] in PREFIXES:
            words = words[1].split(None, 1) if len(words) > 1 else []
        if not words:
            prefix = f"{address:x} {text}"
            continue
        code.append(Instruction(address, words[0], split_operands(words[1]) if len(words) > 1 else [], text))
    for one, following in zip(code, code[1:]):
        one.end = following.address
    return code


class CodeObject:
    """A code object: its records in dictionaries (calls, handlers and stack maps by the call's return offset), and all
    instructions."""

    def __init__(self, path, targets):
        self.path = path
        with open(path, "rb") as file:
            data = file.read()
        # The offsets here and in read_sections() are those of the ELF header's fields.
        self.target = targets[struct.unpack_from("<H", data, 18)[0]]
        self.sections = self.read_sections(data)
        every = [Function(*record) for record in self.records(".cairn.functions", "<10I")]
        self.functions = [f for f in every if f.index != TRAMPOLINE]
        self.starts = {f.begin: f for f in every}
        self.traps = {offset: kind for offset, _, kind in self.records(".cairn.traps", "<3I")}
        self.calls = {offset: popped for offset, _, popped in self.records(".cairn.calls", "<3I")}
        self.handlers = dict(self.records(".cairn.handlers", "<2I"))
        words = [word for word, in self.records(".cairn.stackslots", "<i")]
        self.stack_maps = {offset: words[first:first + count]
                           for offset, first, count in self.records(".cairn.stackmaps", "<3I")}
        self.rodata = self.sections.get(".rodata", b"")
        text = len(self.sections[".text"])
        self.rodata_address = -(-text // RODATA_ALIGNMENT) * RODATA_ALIGNMENT
        self.code = disassemble(path, self.target.objdump_flags)
        if self.code:
            self.code[-1].end = text
        self.index_at = {instruction.address: index for index, instruction in enumerate(self.code)}
        self.begins = [f.begin for f in self.functions]

    @staticmethod
    def read_sections(data):
        """Returns the contents of the sections by their names."""
        offset, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + size * i) for i in range(count)]
        strings = headers[names][4]
        sections = {}
        for header in headers:
            name = data[strings + header[0]:data.index(b"\0", strings + header[0])].decode()
            sections[name] = data[header[4]:header[4] + header[5]]
        return sections

    def records(self, section, layout):
        """Returns the records of a section as tuples. `layout` is the format of a record for `struct`."""
        data = self.sections.get(section, b"")
        return list(struct.iter_unpack(layout, data[:len(data) - len(data) % struct.calcsize(layout)]))

    def function_of(self, offset):
        """Returns the function whose code has this offset, or None."""
        position = bisect_right(self.begins, offset) - 1
        return self.functions[position] if position >= 0 and offset < self.functions[position].end else None

    def body_of(self, function):
        """Returns the function's instructions, or an empty list where it does not begin at one."""
        first = self.index_at.get(function.begin)
        if first is None:
            return []
        last = first
        while last < len(self.code) and self.code[last].address < function.end:
            last += 1
        return self.code[first:last]

    def table_word(self, address):
        """Returns the 4-byte number of .rodata at an address, or None outside of it."""
        offset = address - self.rodata_address
        return struct.unpack_from("<i", self.rodata, offset)[0] if 0 <= offset <= len(self.rodata) - 4 else None
