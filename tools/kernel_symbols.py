#!/usr/bin/env python3
"""Writes the kernel's table of function names, as src/kernel/image.cpp reads it, for its backtraces.

usage: kernel_symbols.py LINKED-KERNEL OUTPUT.S
"""
import subprocess
import sys


def shorten(name):
    """Removes parameters, template arguments and the project's name: cairn::kernel::f<int>(char) -> kernel::f."""
    out, depth = [], 0
    name = name.replace("(anonymous namespace)::", "")
    name = name.replace("operator<<", "operator shl").replace("operator()", "operator call")
    for c in name:
        if c == "<":
            depth += 1
        elif c == ">" and depth:
            depth -= 1
        elif c == "(" and depth == 0:
            break
        elif depth == 0:
            out.append(c)
    text = "".join(out).replace("cairn::", "").replace("std::__1::", "std::")
    return text.split(" ")[-1] if " " in text and "operator" not in text else text


def main():
    kernel, output = sys.argv[1:]
    listing = subprocess.run(["llvm-nm-22", "-C", "--defined-only", kernel], check=True, capture_output=True, text=True)
    functions = {}
    for line in listing.stdout.splitlines():
        address, kind, name = line.split(" ", 2)
        # The kernel lies in the last 4 GiB of addresses, so the low half of an address is enough. RISC-V objects keep
        # their local labels.
        if kind in "tTwW" and int(address, 16) >> 32 == 0xFFFFFFFF and not name.startswith((".L", "$")):
            functions.setdefault(int(address, 16) & 0xFFFFFFFF, shorten(name))
    names, offsets, at = [], {}, 0
    with open(output, "w") as out:
        out.write('  .section .symbols, "a"\n  .balign 4\n')
        out.write(f"  .long 0x6d797343, {len(functions)}\n")  # kSymbolMagic in src/kernel/image.cpp
        for address in sorted(functions):
            name = functions[address]
            if name not in offsets:
                offsets[name] = at
                names.append(name)
                at += len(name.encode()) + 1
            out.write(f"  .long {address:#x}, {offsets[name]}\n")
        for name in names:
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            out.write(f'  .asciz "{quoted}"\n')
        out.write('  .section .note.GNU-stack, "", @progbits\n')


main()
