#!/usr/bin/env python3
"""Checks how much stack the functions of a kernel use, by reading the kernel's machine code.

usage: check_stacks.py KERNEL.debug... [--list]; the last line is "N passed, N failed".

- The size of each frame is known and at most FRAME_LIMIT, so that no frame steps over the guard below a stack.
- No function calls itself, directly or through other functions, except those in tools/recursion.txt, which says what
  bounds the depth of each. When several kernels are given, a name in that file that recurses in none of them is a
  failure, too. Calls through pointers are not seen.

--list prints the largest frames, and the path through the calls with the most stack. It counts each function once.
"""
import fnmatch
import pathlib
import re
import subprocess
import sys

FRAME_LIMIT = 16 * 1024  # half of the guard below the stack (src/kernel/arch/*/entry.S)
ALLOWED = pathlib.Path(__file__).resolve().parent / "recursion.txt"

FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\s+(\S+)\s*(.*?)(?:\s+[#<].*)?$")
TARGET = re.compile(r"0x([0-9a-f]+) <")


class Function:
    def __init__(self, name):
        self.name, self.frame, self.unknown, self.callees = name, 0, False, set()


def number(text):
    return int(text, 0)


class X86:
    """AT&T syntax: the operand that changes comes last."""
    calls, jumps = {"callq"}, re.compile(r"j\w+")

    def start(self):
        self.depth = 0

    def step(self, function, mnemonic, operands):
        if mnemonic == "pushq":
            self.depth += 8
        elif mnemonic == "popq":
            self.depth -= 8
        elif mnemonic == "retq":
            self.depth = 0  # code after a return is reached by jumps from the body, where the frame was counted
        elif operands.endswith(", %rsp"):
            match = re.match(r"\$(-?\w+), %rsp$", operands)
            if mnemonic in ("subq", "addq") and match:
                self.depth += number(match[1]) if mnemonic == "subq" else -number(match[1])
            elif mnemonic == "leaq" and (match := re.match(r"(-?\w*)\(%r[bs]p\), %rsp$", operands)):
                pass  # taken for the end of a frame, where the stack pointer goes up
            elif mnemonic == "andq" or mnemonic in ("movq", "testq", "cmpq"):
                self.depth += 64 if mnemonic == "andq" else 0  # aligning to at most 64 bytes takes less than 64
            else:
                function.unknown = True
        function.frame = max(function.frame, self.depth + 8)


class RiscV:
    calls, jumps = {"jal", "jalr"}, re.compile(r"j|b\w+")

    def start(self):
        self.depth, self.upper = 0, {}  # upper: the constants that lui, li and addi have left in registers

    def step(self, function, mnemonic, operands):
        words = [word.strip() for word in operands.split(",")]
        if mnemonic in ("lui", "li"):
            self.upper[words[0]] = number(words[1]) << (12 if mnemonic == "lui" else 0)
        elif mnemonic in ("addi", "addiw") and words[0] == words[1] != "sp":
            self.upper[words[0]] = self.upper.get(words[0], 0) + number(words[2])
        elif words[0] == "sp" and mnemonic == "addi" and words[1] == "sp":
            self.depth = max(0, self.depth - number(words[2]))
        elif words[0] == "sp" and mnemonic == "sub":
            if words[2] in self.upper:
                self.depth += self.upper[words[2]]
            else:
                function.unknown = True
        elif words[0] == "sp" and mnemonic == "andi":
            self.depth += -number(words[2])
        elif mnemonic == "ret":
            self.depth = 0
        function.frame = max(function.frame, self.depth)


def read_functions(path):
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
    names = subprocess.run(["llvm-cxxfilt-22"], input="\n".join(f.name for f in functions.values()), capture_output=True,
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
    return name.replace("(anonymous namespace)::", "").split("(")[0]


def check_kernel(path, patterns, used, check):
    functions = read_functions(path)
    check(len(functions) > 1000, f"{path}: only {len(functions)} functions were found")
    for function in functions.values():
        if function.unknown or function.frame > FRAME_LIMIT:
            size = "unknown size" if function.unknown else f"{function.frame} bytes"
            check(False, f"{path}: {function.name} has a frame of {size} (the limit is {FRAME_LIMIT})")
    order = components(functions)
    for component in order:
        if len(component) == 1 and component[0] not in functions[component[0]].callees:
            continue
        for member in component:
            name = functions[member].name
            matching = [p for p in patterns if fnmatch.fnmatchcase(name.replace(" ", ""), p)]
            used.update(matching)
            check(matching, f"{path}: {name} recurses ({', '.join(sorted(short(functions[m].name) for m in component)[:6])})")
    return functions, order


def list_deepest(functions, order):
    for function in sorted(functions.values(), key=lambda f: -f.frame)[:40]:
        print(f"{function.frame:8} {function.name[:150]}")
    depth = {}  # by function: the bytes of the deepest stack that begins with its frame, and the callee on that path
    for component in order:
        for member in component:
            below = [(depth[c][0], c) for c in functions[member].callees if c in depth]
            depth[member] = (functions[member].frame + max(below, default=(0, None))[0], max(below, default=(0, None))[1])
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
    used = set()
    for path in kernels:
        found = check_kernel(path, patterns, used, check)
        if "--list" in sys.argv:
            list_deepest(*found)
    # The compiler may make a loop of a recursion for one machine and not for the other.
    for pattern in patterns if len(kernels) > 1 else []:
        check(pattern in used, f"{ALLOWED.name} names {pattern}, which does not recurse")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
