#!/usr/bin/env python3
"""limits.py COMMAND-PREFIX... [--only NAME] [--quick]: tests each limit of docs/manual/limits.md at its edge. A module
at the limit runs, and uses the last item; a module with one more item is refused, with a message that names the limit.
COMMAND-PREFIX runs a module, as in `./cairn run --target host`. Last line: N passed, N failed."""
import re
import subprocess
import sys
import tempfile

from module import *  # noqa: F403: this file uses nearly all of it

MILLION = 1_000_000
# Cases that take seconds or gigabytes where code is emulated.
SLOW = set()
CASES = {}


def case(limit, message, slow=False):
    """Registers make(n), which returns a module with n items of a kind. `message` is in the refusal of a module with
    more than `limit` items."""
    def add(make):
        CASES[make.__name__] = (make, limit, message)
        if slow:
            SLOW.add(make.__name__)
        return make
    return add


# --- Limits of a module -----------------------------------------------------------------------------------------------

@case(MILLION, "types")
def types(n):
    # The last type is the type of the function that is called.
    plain, last = function_type(), function_type([I32], [I32])
    return start(expect_i32(i32(6) + call(1), 7), types=[plain] * (n - 2) + [last], functions=[leb(n - 1)],
                 bodies=[body(b"\x20\0" + i32(1) + b"\x6a")])


@case(MILLION, "functions", slow=True)
def functions(n):
    gives = function_type([], [I32])
    code = expect_i32(call(n - 1), 42) + expect_i32(i32(0) + b"\x11" + leb(1) + leb(0), 42)  # directly, through a table
    return start(code, types=[gives], functions=[leb(1)] * (n - 1), bodies=[body(i32(1))] * (n - 2) + [body(i32(42))],
                 table=[FUNCREF + b"\0\1"], element=[b"\0" + i32(0) + END + vector([leb(n - 1)])])


@case(MILLION, "globals", slow=True)
def globals_(n):
    last = leb(n - 1)
    code = expect_i32(b"\x23" + last, 5) + i32(9) + b"\x24" + last + expect_i32(b"\x23" + last, 9)
    each = [I32 + b"\1" + i32(5) + END]
    return start(code, **{"global": each * n})


@case(MILLION, "tags")
def tags(n):
    thrown = i32(77) + b"\x08" + leb(n - 1)  # throw
    catch = b"\x02\x7f" + b"\x1f\x40\x01\x00" + leb(n - 1) + b"\0" + thrown + END + UNREACHABLE + END  # block try_table
    return start(expect_i32(catch, 77), types=[function_type([I32])], tag=[b"\0\0"] * (n - 1) + [b"\0\1"])


@case(MILLION, "functions", slow=True)
def imports(n):
    # All imports are the same function of WASI, which is called through the last one. _start is a function, too.
    n -= 1
    each = name("wasi_snapshot_preview1") + name("sched_yield") + b"\0" + leb(1)
    return start(expect_i32(call(n - 1), 0), imports=n, types=[function_type([], [I32])], **{"import": [each] * n})


@case(MILLION, "exports", slow=True)
def exports(n):
    return start(b"", export=[name(f"{i:x}") + b"\0\0" for i in range(n - 1)])


@case(100_000, "tables")
def tables(n):
    last = leb(n - 1)
    # table.size; table.set of ref.func 0
    code = (expect_i32(b"\xfc\x10" + last, 3) + i32(2) + b"\xd2\0" + b"\x26" + last
            + expect_i32(i32(2) + b"\x25" + last + b"\xd1", 0))  # table.get, ref.is_null
    return start(code, table=[FUNCREF + b"\0\1"] * (n - 1) + [FUNCREF + b"\0\3"], element=[b"\3\0" + vector([leb(0)])])


@case(100_000, "data segments")
def data_segments(n):
    code = i32(8) + i32(0) + i32(4) + b"\xfc\x08" + leb(n - 1) + b"\0" + expect_i32(i32(8) + b"\x28\2\0", 0x04030201)
    return start(code, memory=[b"\0\1"], data_count=leb(n), data=[b"\1\0"] * (n - 1) + [b"\1\4\1\2\3\4"])


@case(100_000, "element segments")
def element_segments(n):
    code = (i32(1) + i32(0) + i32(1) + b"\xfc\x0c" + leb(n - 1) + b"\0" + expect_i32(i32(1) + b"\x25\0\xd1", 0))
    return start(code, table=[FUNCREF + b"\0\2"], element=[b"\1\0\0"] * (n - 1) + [b"\1\0" + vector([leb(0)])])


@case(100, "memories")
def memories(n):
    last = b"\x42" + leb(n - 1)  # alignment with the bit that says that a memory's number follows
    code = (i32(1) + b"\x40" + leb(n - 1) + DROP + i32(65536) + i32(321) + b"\x36" + last + b"\0"
            + expect_i32(i32(65536) + b"\x28" + last + b"\0", 321))
    return start(code, memory=[b"\0\1"] * n)


@case(10 * MILLION, "elements", slow=True)
def elements_of_a_segment(n):
    code = i32(0) + i32(n - 1) + i32(1) + b"\xfc\x0c\0\0" + expect_i32(i32(0) + b"\x25\0\xd1", 0)
    return start(code, table=[FUNCREF + b"\0\1"], element=[b"\1\0" + leb(n) + leb(0) * n])


@case(10 * MILLION, "table")
def elements_of_a_table(n):
    code = (i32(n - 1) + b"\xd2\0" + b"\x26\0" + expect_i32(i32(n - 1) + b"\x25\0\xd1", 0)
            + expect_i32(b"\xd0\x70" + i32(1) + b"\xfc\x0f\0", -1))  # the table cannot grow any more
    return start(code, table=[FUNCREF + b"\0" + leb(n)], element=[b"\3\0" + vector([leb(0)])])


@case(100_000, "name|string")
def export_name(n):
    return start(b"", export=[name("x" * n) + b"\0\0"])


@case(100_000, "name|string")
def custom_section_name(n):
    return start(b"") + b"\0" + (lambda content: leb(len(content)) + content)(name("x" * n))


MIXED = [I32, I64, F32, F64, V128, FUNCREF, EXTERNREF, I32]


def zero(kind):
    return {I32: i32(0), I64: i64(0), F32: b"\x43" + bytes(4), F64: b"\x44" + bytes(8), V128: b"\xfd\x0c" + bytes(16),
            FUNCREF: b"\xd0\x70", EXTERNREF: b"\xd0\x6f"}[kind]


def value(kind, i):
    """Returns code for the value of the i-th parameter: another value for each i, except for references."""
    bits = (i * 2654435761 + 1) & 0x3fffffff
    return {I32: i32(bits), I64: i64(bits << 20), F32: b"\x43" + bits.to_bytes(4, "little"),
            F64: b"\x44" + bits.to_bytes(8, "little"),
            V128: b"\xfd\x0c" + bits.to_bytes(8, "little") * 2, FUNCREF: b"\xd2\0", EXTERNREF: b"\xd0\x6f"}[kind]


# A mutable global that is 0. The compiler does not know its value.
UNKNOWN, ZERO = b"\x23\0", [I32 + b"\1" + i32(0) + END]


def unknown_value(kind, i):
    """Returns code for value(kind, i) that the compiler cannot compute again where the value is used."""
    bits = (i * 2654435761 + 1) & 0x3fffffff
    narrow, wide_ = i32(bits) + UNKNOWN + b"\x6a", UNKNOWN + b"\xac"
    return {I32: narrow, F32: narrow + b"\xbe", I64: i64(bits << 20) + wide_ + b"\x7c",
            F64: i64(bits) + wide_ + b"\x7c\xbf",
            V128: value(V128, i) + UNKNOWN + b"\xfd\x11\xfd\x51"}.get(kind) or value(kind, i)


def check(kind, i, get):
    """Returns code that traps unless the code `get` gives value(kind, i)."""
    fail = b"\x04\x40" + UNREACHABLE + END
    if kind == I32:
        return get + value(kind, i) + b"\x47" + fail
    if kind == I64:
        return get + value(kind, i) + b"\x52" + fail
    if kind == F32:
        return get + b"\xbc" + value(kind, i) + b"\xbc\x47" + fail
    if kind == F64:
        return get + b"\xbd" + value(kind, i) + b"\xbd\x52" + fail
    if kind == V128:
        return get + value(kind, i) + b"\xfd\x51" + b"\xfd\x53" + fail  # xor, any_true
    return get + b"\xd1" + (b"\x45" if kind == EXTERNREF else b"") + fail


def wide(params, results):
    """Returns a module that calls a function with so many parameters and results in every way, and checks all values.
    Function 1 takes and returns them. The functions from 2 on pass them on: by direct calls, through a table, through a
    reference, by tail calls of these three kinds, and while the memory grows."""
    kinds = [MIXED[i % len(MIXED)] for i in range(params)]
    gives = [MIXED[(i * 3 + 1) % len(MIXED)] for i in range(results)]
    get = [b"\x20" + leb(i) for i in range(params)]
    callee = body(b"".join(check(k, i, get[i]) for i, k in enumerate(kinds))
                  + b"".join(value(k, i) for i, k in enumerate(gives)))
    arguments = b"".join(get)
    ways = [call(1), i32(0) + b"\x11\1\0", b"\xd2\1\x14\1",             # call, call_indirect, call_ref
            b"\x12\1", i32(0) + b"\x13\1\0", b"\xd2\1\x15\1"]           # as tail calls
    bodies = [callee] + [body(arguments + way) for way in ways]
    # _start: pushes, calls each, and checks the results from the last to the first.
    groups = [(1, k) for k in (I32, I64, F32, F64, V128, FUNCREF, EXTERNREF)]
    local = {k: leb(i) for i, (_, k) in enumerate(groups)}
    code = b""
    for number in range(1, 2 + len(ways)):
        code += b"".join(value(k, i) for i, k in enumerate(kinds)) + call(number)
        for i in reversed(range(results)):
            code += b"\x21" + local[gives[i]] + check(gives[i], i, b"\x20" + local[gives[i]])
    return start(code, groups, types=[function_type(kinds, gives)], functions=[leb(1)] * len(bodies), bodies=bodies,
                 table=[FUNCREF + b"\0\1"],
                 element=[b"\0" + i32(0) + END + vector([leb(1)]), b"\3\0" + vector([leb(0), leb(1)])])


@case(1000, "param")
def parameters(n):
    return wide(n, 1000)


@case(1000, "results|return")
def results(n):
    return wide(1000, n)


@case(10_000, "field")
def fields(n):
    struct = b"\x5f" + vector([I32 + b"\1", V128 + b"\1"] * (n // 2) + [I32 + b"\1"] * (n % 2))
    last = n - 2 if n % 2 == 0 else n - 1  # an i32
    code = (b"\xfb\x01\1\x21\0" + b"\x20\0" + i32(31) + b"\xfb\x05\1" + leb(last)
            + expect_i32(b"\x20\0\xfb\x02\1" + leb(last), 31) + expect_i32(b"\x20\0\xfb\x02\1\0", 0))
    return start(code, [(1, b"\x63\1")], types=[struct])


@case(10_000, "array.new_fixed")
def operands_of_new_fixed(n):
    array = b"\x5e" + I32 + b"\0"
    code = b"".join(i32(i) for i in range(n)) + b"\xfb\x08\1" + leb(n) + b"\x21\0"
    code += expect_i32(b"\x20\0" + i32(n - 1) + b"\xfb\x0b\1", n - 1)
    code += expect_i32(b"\x20\0" + i32(5000) + b"\xfb\x0b\1", 5000)
    return start(code, [(1, b"\x63\1")], types=[array])


@case(63, "depth|supertypes|subtyp")
def supertypes(n):
    chain = [b"\x50\0\x5f\0"] + [b"\x50\1" + leb(i + 1) + b"\x5f\0" for i in range(n)]
    code = b"\xfb\x01" + leb(n + 1) + b"\x21\0"
    code += expect_i32(b"\x20\0\xfb\x14" + leb(1), 1) + expect_i32(b"\x20\0\xfb\x14" + sleb(n + 1), 1)
    return start(code, [(1, ANYREF)], types=chain)


# --- Limits of a function ---------------------------------------------------------------------------------------------

@case(7_654_321, "body|function size", slow=True)
def body_size(n):
    code = expect_i32(i32(3), 3)
    overhead = 1 + len(code) + 1  # no locals, END
    return start(code + b"\1" * (n - overhead))


@case(50_000, "locals")
def locals_(n):
    # Values of every type, all of which live across a call; the frame is larger than any immediate of an instruction.
    kinds = [k for k in MIXED[:7]]
    counts = [n // 7] * 6 + [n - 6 * (n // 7)]
    groups = list(zip(counts, kinds))
    first = [sum(counts[:i]) for i in range(7)]
    chosen = [(k, at + offset) for k, at, count in zip(kinds, first, counts)
              for offset in list(range(0, count, 7)) + [count - 1]]
    code = b"".join(unknown_value(k, i) + b"\x21" + leb(i) for k, i in chosen) + call(1)
    code += b"".join(check(k, i, b"\x20" + leb(i)) for k, i in chosen)
    return start(code, groups, functions=[leb(0)], bodies=[body(b"")], element=[b"\3\0" + vector([leb(0)])],
                 **{"global": ZERO})


@case(100_000, "nest|blocks")
def nesting(n):
    depth = n - 1  # and the if of expect_i32
    code = b"\x02\x40" * depth + expect_i32(i32(2), 2) + b"\x0c" + leb(depth - 1) + END * depth
    return start(code)


@case(MILLION, "operand|stack", slow=True)
def operand_stack(n):
    return start(i32(1) * n + DROP * n)


@case(MILLION, "br_table|targets", slow=True)
def targets(n):
    # 500 blocks; the last target, far after the first, is taken.
    depth = 500
    table = b"\x0e" + leb(n) + b"".join(leb(i % depth) for i in range(n)) + leb(0)
    code = i32(0) + b"\x21\0" + b"\x02\x40" * depth + i32(n - 1) + table + END
    for i in range(1, depth):
        code += i32(i) + b"\x21\0" + END
    # Target k leaves k + 1 blocks, so that the assignments of the blocks from k + 1 on happen. The last of them assigns
    # depth - 1, unless all blocks were left.
    want = 0 if (n - 1) % depth == depth - 1 else depth - 1
    return start(code + expect_i32(b"\x20\0", want), [(1, I32)])


@case(100_000, "clauses|catch", slow=True)
def clauses(n):
    # The last clause catches; the others have another tag.
    table = b"\x1f\x40" + leb(n) + b"\0\0\0" * (n - 1) + b"\0\1\0"
    code = b"\x02\x40" + table + b"\x08\1" + END + UNREACHABLE + END
    return start(code, tag=[b"\0\0", b"\0\0"])


# --- Distances --------------------------------------------------------------------------------------------------------

@case(None, "")
def far_branches(n):
    """Returns a module with a loop, an if and a br_table around more code than a branch reaches directly: on RV64
    without vectors, each swizzle takes half a kilobyte."""
    step = b"\x20\2\x20\3\xfd\x0e\x21\2"  # i8x16.swizzle
    filler = step * 5000
    # vectors of zeros; 3; loop
    code = (UNKNOWN + b"\xfd\x11\x22\2\x21\3" + i32(3) + UNKNOWN + b"\x6a\x21\1" + b"\x03\x40"
            + b"\x20\1\x04\x40" + filler + b"\x05" + filler + END         # if else
            + b"\x02\x40\x02\x40\x20\1\x0e\1\0\1" + END + filler + END     # a table's targets on both sides
            + b"\x20\1" + i32(1) + b"\x6b\x22\1\x0d\0" + END)              # local 1 -= 1; br_if
    return start(code + expect_i32(b"\x20\1", 0) + expect_i32(b"\x20\2\xfd\x53", 0), [(2, I32), (2, V128)],
                 **{"global": ZERO})


@case(None, "")
def far_offsets(n):
    """Returns a module with accesses of all widths at offsets of all sizes, inside and after guards."""
    code = b""
    offsets = [0, 2047, 2048, 4095, 4096, 65520, 0x7ffff7ff, 0x7ffff800, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff]
    loads = [b"\x28\0", b"\x29\0", b"\x2a\0", b"\x2b\0", b"\x2c\0", b"\x2d\0", b"\x2f\0", b"\xfd\0\0"]
    stores = [(b"\x36\0", i32(1)), (b"\x37\0", i64(1)), (b"\x3a\0", i32(1)), (b"\xfd\x0b\0", zero(V128))]
    for offset in offsets:
        # After the end of the memory: compiled, but not executed.
        code += UNKNOWN + b"\x04\x40" if offset > 65520 else b"\x02\x40"
        for load in loads:
            code += i32(0) + load + leb(offset) + DROP
        for store, what in stores:
            code += i32(0) + what + store + leb(offset)
        code += END
    return start(code, memory=[b"\0\1"], **{"global": ZERO})


def message_of(result):
    """Returns the last line of the command's standard error."""
    return result.stderr.decode(errors="replace").strip().split("\n")[-1][:300]


def main():
    arguments, only, quick = [], None, False
    words = iter(sys.argv[1:])
    for word in words:
        if word == "--only":
            only = next(words)
        elif word == "--quick":
            quick = True
        else:
            arguments.append(word)
    passed = failed = 0

    def judge(label, ok, why):
        """Counts a case as passed or failed."""
        nonlocal passed, failed
        passed, failed = passed + ok, failed + (not ok)
        if not ok:
            print(f"FAIL limits/{label}: {why}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/limit.wasm"

        def run(contents):
            """Runs the command on a module of these bytes."""
            with open(path, "wb") as file:
                file.write(contents)
            return subprocess.run(arguments + [path], capture_output=True, stdin=subprocess.DEVNULL)

        for key, (make, limit, message) in CASES.items():
            if (only and only not in key) or (quick and key in SLOW):
                continue
            result = run(make(limit))
            judge(f"{key} at its limit", result.returncode == 0, f"status {result.returncode}: {message_of(result)}")
            if limit is None:
                continue
            result = run(make(limit + 1))
            text = message_of(result)
            named = re.search(message, text) and re.search(rf"(limit|at most)\D*{limit}\b", text)
            judge(f"{key} beyond its limit", result.returncode == 65 and bool(named),
                  f"status {result.returncode}: {text}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
