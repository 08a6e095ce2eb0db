#!/usr/bin/env python3
"""Checks how much stack the functions of a kernel use, by reading the kernel's machine code.

usage: check_stacks.py KERNEL.debug... [--list]; the last line is "N passed, N failed".

- The size of each frame is known and at most FRAME_LIMIT, so that no frame steps over the guard below a stack.
- No function calls itself, directly or through other functions, except those in tools/recursion.txt, which says what
  bounds the depth of each. When several kernels are given, a name in that file that recurses in none of them is a
  failure, too. Calls through pointers are not seen.
- No function sets the stack pointer to a value that is not derived from its old value, except those in SWITCHES.

--list prints the largest frames, and the path through the calls with the most stack. It counts each function once.
"""
import fnmatch
import pathlib
import re
import subprocess
import sys

FRAME_LIMIT = 16 * 1024  # half of the guard below the stack (src/kernel/arch/*/entry.S)
ALLOWED = pathlib.Path(__file__).resolve().parent / "recursion.txt"

# Functions that continue on another stack. Where they switch to it, the count of their frame begins again at 0.
SWITCHES = {
    "sbi_entry": "the first stack, before the page table is on (RISC-V)",
    "high_start": "the first stack",
    "high_cpu_start": "the first stack of another CPU",
    "cairn_switch_stacks": "the stack of a guest or of a fiber",
    "cairn_return_to_point": "the stack that the caller of a guest has left",
    "cairn::platform::Platform::resume": "the frame of a guest that catches an exception",
    "trap_common": "the stack that the trap has interrupted (x86-64)",
    "trap_entry": "the stack for traps, and the stack that the trap has interrupted (RISC-V)",
}

FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\s+(\S+)\s*(.*?)(?:\s+[#<].*)?$")
TARGET = re.compile(r"0x([0-9a-f]+) <")


class Function:
    def __init__(self, name):
        self.name, self.frame, self.callees = name, 0, set()
        self.unknown = False  # whether the stack pointer moves by an unknown number of bytes
        self.leaves = False  # whether the stack pointer gets a value that is not derived from its old one


def number(text):
    return int(text, 0)


class X86:
    """AT&T syntax: the operand that changes comes last."""
    calls, jumps = {"callq"}, re.compile(r"j\w+")

    def start(self):
        # base: the depth at which %rbp points into the frame, while it is the frame pointer
        self.depth, self.base = 0, None

    def step(self, function, mnemonic, operands):
        if mnemonic in ("pushq", "pushfq"):
            self.depth += 8
        elif mnemonic in ("popq", "popfq") and operands != "%rsp":
            # A tail call removes the frame. Code of the body may follow, and its own end removes the frame again, so
            # the depth must not fall below 0.
            self.depth = max(0, self.depth - 8)
        elif mnemonic in ("retq", "iretq"):
            self.depth = 0  # code after a return is reached by jumps from the body, where the frame was counted
        elif mnemonic in ("cmpq", "testq"):
            pass
        elif re.search(r", %(rbp|ebp|bpl?)$", operands):
            lea = re.match(r"(-?\w*)\(%rsp\), %rbp$", operands) if mnemonic == "leaq" else None
            if mnemonic == "movq" and operands == "%rsp, %rbp":
                self.base = self.depth
            else:
                self.base = self.depth - number(lea[1] or "0") if lea else None
        elif operands.endswith("%rsp") or mnemonic == "leave":
            self.change(function, mnemonic, operands)
        elif mnemonic == "xchgq" and operands.startswith("%rsp"):
            self.leave(function)
        function.frame = max(function.frame, self.depth + 8)

    def change(self, function, mnemonic, operands):
        immediate = re.match(r"\$(-?\w+), %rsp$", operands)
        lea = re.match(r"(-?\w*)\(%(rsp|rbp)\), %rsp$", operands) if mnemonic == "leaq" else None
        if mnemonic in ("subq", "addq", "andq"):
            if immediate and mnemonic == "andq":
                self.depth += -number(immediate[1])  # an alignment moves the stack pointer by less than this
            elif immediate:
                self.depth = max(0, self.depth + number(immediate[1]) * (1 if mnemonic == "subq" else -1))
            else:
                function.unknown = True
        elif lea and lea[2] == "rsp":
            self.depth = max(0, self.depth - number(lea[1] or "0"))
        elif lea and self.base is not None:
            self.depth = self.base - number(lea[1] or "0")
        elif (mnemonic == "leave" or operands == "%rbp, %rsp") and self.base is not None:
            self.depth = self.base - (8 if mnemonic == "leave" else 0)
        else:
            self.leave(function)

    def leave(self, function):
        function.leaves, self.depth = True, 0


class RiscV:
    """The operand that changes comes first."""
    calls, jumps = {"jal", "jalr"}, re.compile(r"j|b\w+")
    readers = re.compile(r"f?s[bhwdq]|b\w+|j\w*|csrw\w*|vs\w+\.v")  # instructions whose first operand does not change

    def start(self):
        self.depth = 0
        self.base = None  # the depth at which s0 points into the frame, while it is the frame pointer
        self.constants = {}  # the constants that lui, li and addi have left in registers

    def step(self, function, mnemonic, operands):
        words = [word.strip() for word in operands.split(",")]
        if mnemonic == "ret":
            self.depth = 0
        elif mnemonic in self.calls:
            self.constants.clear()
        elif not self.readers.fullmatch(mnemonic):
            self.change(function, mnemonic, words)
        function.frame = max(function.frame, self.depth)

    def change(self, function, mnemonic, words):
        known = self.constants.get(words[-1])
        if words[0] == "sp":
            self.move(function, mnemonic, words, known)
        elif words[0] == "s0" and mnemonic != "ld":  # `ld` restores the caller's s0 at an end of the function
            offset = {("addi", 3): words[-1], ("mv", 2): "0"}.get((mnemonic, len(words)))
            self.base = self.depth - number(offset) if offset and words[1] == "sp" else None
        if mnemonic == "lui":
            upper = number(words[1])
            self.constants[words[0]] = (upper - (1 << 20) if upper >= 1 << 19 else upper) << 12
        elif mnemonic == "li":
            self.constants[words[0]] = number(words[1])
        elif mnemonic in ("addi", "addiw") and words[1] in self.constants:
            self.constants[words[0]] = self.constants[words[1]] + number(words[2])
        else:
            self.constants.pop(words[0], None)

    def move(self, function, mnemonic, words, known):
        source = words[1]
        if source == "sp" and mnemonic == "addi":
            self.depth = max(0, self.depth - number(words[2]))
        elif source == "sp" and mnemonic in ("add", "sub"):
            if known is None:
                function.unknown = True
            else:
                self.depth = max(0, self.depth + (known if mnemonic == "sub" else -known))
        elif source == "sp" and mnemonic == "andi":
            self.depth += -number(words[2])  # an alignment moves the stack pointer by less than this
        elif source == "s0" and mnemonic in ("addi", "mv") and self.base is not None:
            self.depth = self.base - (number(words[2]) if mnemonic == "addi" else 0)
        else:
            function.leaves, self.depth = True, 0


def read_functions(path):
    """Returns the functions of a kernel by their addresses."""
    header = subprocess.run(["llvm-readelf-22", "-h", path], capture_output=True, text=True, check=True).stdout
    machine = X86() if "X86-64" in header else RiscV()
    command = ["llvm-objdump-22", "-d", "--no-show-raw-insn", path]
    functions, function = {}, None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as dump:
        for line in dump.stdout:
            if match := FUNCTION.match(line):
                if match[2].startswith(".L"):  # RISC-V's objects keep labels within functions
                    continue
                function = functions[int(match[1], 16)] = Function(match[2])
                machine.start()
            elif function and (match := INSTRUCTION.match(line)):
                mnemonic, operands = match[1], match[2]
                machine.step(function, mnemonic, operands)
                if mnemonic in machine.calls or machine.jumps.fullmatch(mnemonic) or mnemonic == "auipc":
                    if target := TARGET.search(line):
                        function.callees.add(int(target[1], 16))
    names = subprocess.run(["llvm-cxxfilt-22"], input="\n".join(f.name for f in functions.values()),
                           capture_output=True,
                           text=True, check=True).stdout.splitlines()
    for (address, function), name in zip(functions.items(), names):
        function.name = name
        function.callees &= functions.keys()
    return functions


def components(functions):
    """Returns the strongly connected components of the call graph, callees first (Tarjan's algorithm)."""
    index, low, on_stack, stack, result = {}, {}, set(), [], []
    for root in functions:
        if root in index:
            continue
        work = [(root, iter(functions[root].callees))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, callees = work[-1]
            for callee in callees:
                if callee not in index:
                    index[callee] = low[callee] = len(index)
                    stack.append(callee)
                    on_stack.add(callee)
                    work.append((callee, iter(functions[callee].callees)))
                    break
                if callee in on_stack:
                    low[node] = min(low[node], index[callee])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    result.append(component)
    return result


def short(name):
    """Returns the name without anonymous namespaces and parameters."""
    return name.replace("(anonymous namespace)::", "").split("(")[0]


def check_kernel(path, patterns, used, switching, check):
    """Checks one kernel. Adds to `used` the patterns that matched a recursion, and to `switching` the functions that
    set the stack pointer. Returns the functions and the components of the call graph."""
    functions = read_functions(path)
    check(len(functions) > 1000, f"{path}: only {len(functions)} functions were found")
    for function in functions.values():
        if function.unknown or function.frame > FRAME_LIMIT:
            size = "unknown size" if function.unknown else f"{function.frame} bytes"
            check(False, f"{path}: {function.name} has a frame of {size} (the limit is {FRAME_LIMIT})")
        if function.leaves:
            name = short(function.name)
            switching.add(name)
            check(name in SWITCHES, f"{path}: {name} sets the stack pointer, so the size of its frame is unknown")
    order = components(functions)
    for component in order:
        if len(component) == 1 and component[0] not in functions[component[0]].callees:
            continue
        for member in component:
            name = functions[member].name
            matching = [p for p in patterns if fnmatch.fnmatchcase(name.replace(" ", ""), p)]
            used.update(matching)
            check(matching,
                  f"{path}: {name} recurses ({', '.join(sorted(short(functions[m].name) for m in component)[:6])})")
    return functions, order


def list_deepest(functions, order):
    """Prints what --list asks for."""
    for function in sorted(functions.values(), key=lambda f: -f.frame)[:40]:
        print(f"{function.frame:8} {function.name[:150]}")
    depth = {}  # by function: the bytes of the deepest stack that begins with its frame, and the callee on that path
    for component in order:
        for member in component:
            below = [(depth[c][0], c) for c in functions[member].callees if c in depth]
            depth[member] = (functions[member].frame + max(below, default=(0, None))[0],
                             max(below, default=(0, None))[1])
    at = max(depth, key=lambda a: depth[a][0])
    print(f"deepest: {depth[at][0]} bytes")
    while at is not None:
        print(f"    {functions[at].frame:6} {short(functions[at].name)[:120]}")
        at = depth[at][1]


def main():
    kernels = [argument for argument in sys.argv[1:] if argument != "--list"]
    passed = failed = 0

    def check(condition, message):
        nonlocal passed, failed
        passed, failed = passed + bool(condition), failed + (not condition)
        if not condition:
            print("FAIL " + message)

    patterns = [line for line in ALLOWED.read_text().splitlines() if line and not line.startswith("#")]
    used, switching = set(), set()
    for path in kernels:
        found = check_kernel(path, patterns, used, switching, check)
        if "--list" in sys.argv:
            list_deepest(*found)
    # The compiler may make a loop of a recursion for one machine and not for the other.
    for pattern in patterns if len(kernels) > 1 else []:
        check(pattern in used, f"{ALLOWED.name} names {pattern}, which does not recurse")
    for name in SWITCHES if len(kernels) > 1 else []:
        check(name in switching, f"SWITCHES names {name}, which does not set the stack pointer")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
