"""Makes a WASI command of a WASI reactor whose export `_initialize` runs the whole program.

    start_export.py IN OUT

OUT is IN with the export renamed to `_start`.
"""
import sys


def read_leb(data, at):
    """Returns the unsigned LEB128 number at an offset, and the offset after it."""
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def leb(value):
    """Returns a number as unsigned LEB128."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


data = open(sys.argv[1], "rb").read()
out, at = bytearray(data[:8]), 8
while at < len(data):
    section = data[at]
    size, start = read_leb(data, at + 1)
    body = data[start:start + size]
    if section == 7:
        old, new = b"_initialize", b"_start"
        body = body.replace(leb(len(old)) + old, leb(len(new)) + new)
    out += bytes([section]) + leb(len(body)) + body
    at = start + size
open(sys.argv[2], "wb").write(out)
