"""Makes modules in the binary format, section by section."""

I32, I64, F32, F64, V128 = b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b"
FUNCREF, EXTERNREF, ANYREF = b"\x70", b"\x6f", b"\x6e"
END, DROP, UNREACHABLE = b"\x0b", b"\x1a", b"\x00"
SECTIONS = ("custom type import function table memory global export start element code data data_count tag").split()
# The section of tags comes after the memories, and the number of data segments before the code.
ORDER = "custom type import function table memory tag global export start element data_count code data".split()


# leb() and sleb() return numbers in LEB128, unsigned and signed.
def leb(number):
    out = bytearray()
    while True:
        byte, number = number & 0x7f, number >> 7
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def sleb(number):
    out = bytearray()
    while True:
        byte, number = number & 0x7f, number >> 7
        done = number == (-1 if byte & 0x40 else 0)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


def name(text):
    """Returns a name: its length and its bytes."""
    return leb(len(text)) + text.encode()


def vector(items):
    """Returns the number of the items, and the items."""
    return leb(len(items)) + b"".join(items)


def function_type(params=(), results=()):
    """Returns a function type. Its parameters and results are encoded types."""
    return b"\x60" + vector(params) + vector(results)


def body(code, local_groups=()):
    """Returns a function's body. `local_groups` has (count, type) pairs."""
    inner = vector([leb(count) + kind for count, kind in local_groups]) + code + END
    return leb(len(inner)) + inner


def i32(number):
    """Returns an instruction that gives the number. i64() does the same."""
    return b"\x41" + sleb(number)


def i64(number):
    return b"\x42" + sleb(number)


def call(index):
    """Returns a call of the function with this index."""
    return b"\x10" + leb(index)


def expect_i32(code, number):
    """Returns code that traps unless the given code results in the number."""
    return code + i32(number) + b"\x47\x04\x40" + UNREACHABLE + END  # ne if unreachable end


def module(**sections):
    """Returns a module of sections, by their names: lists of entries, or bytes, which are used as they are."""
    out = [b"\0asm\1\0\0\0"]
    for key in ORDER:
        if key not in sections:
            continue
        content = sections[key]
        if isinstance(content, list):
            content = vector(content)
        out += [bytes([SECTIONS.index(key)]), leb(len(content)), content]
    return b"".join(out)


def start(code, groups=(), types=(), functions=(), bodies=(), imports=0, **sections):
    """Returns a command whose `_start` runs the code. `groups` are the locals of `_start`: pairs of a count and a type.
    Type 0 is [] -> []. `imports` is the number of imported functions, so it is the index of `_start`, which other
    functions follow."""
    exports = sections.pop("export", [])
    return module(type=[function_type()] + list(types), function=[leb(0)] + list(functions),
                  code=[body(code, groups)] + list(bodies),
                  export=[name("_start") + b"\0" + leb(imports)] + list(exports), **sections)
