#!/usr/bin/env python3
"""Checks the code in code objects (`cairn compile`) against their own tables, by an independent disassembler.

    fuzz/diff/check_code.py [--learn] OBJECT...

For each function: every byte is part of an instruction that decodes, and whose name is in the target's list of those that
the compiler means to use (mnemonics/); branches go to instructions of the function, calls and tail jumps to functions; the
stack pointer is the same however an instruction is reached, agrees with the frame's record, and is back where the
convention wants it at each return; each entry of the trap table is an instruction that can trap in that way; each
instruction that traps on purpose, divides, or accesses a memory behind guard pages has an entry; call records, handlers and
stack maps name instructions behind calls. Where it cannot be told what a pointer is (it came in as an argument, say) an access
counts as `unknown` instead. Objects must have been compiled with guard pages.
"""
import os
import re
import struct
import subprocess
import sys

from code_model import TARGETS, Instruction, split_operands

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY, DIVIDE, OVERFLOW = 4, 1, 2  # numbers of wasm/trap.def
NULLS = {7, 11, 12, 13, 14, 15, 16}
TRAMPOLINE = 0xffffffff


def sections_of(data):
    offset, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3a)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + size * i) for i in range(count)]
    strings = headers[names][4]
    found = {}
    for header in headers:
        end = data.index(b"\0", strings + header[0])
        found[data[strings + header[0]:end].decode()] = data[header[4]:header[4] + header[5]] if header[1] != 8 else b""
    return found


def records(data, layout):
    return list(struct.iter_unpack(layout, data[:len(data) // struct.calcsize(layout) * struct.calcsize(layout)]))


def disassemble(path, target):
    lines = subprocess.run(["llvm-objdump-22", "-d", "-z", "--no-show-raw-insn", *target.flags, path], capture_output=True,
                           text=True, check=True).stdout.split("\n")
    made = []
    for line in lines:
        head, separator, rest = line.partition(":")
        if not separator or not head.startswith(" ") or not rest.strip():
            continue
        try:
            address = int(head, 16)
        except ValueError:
            continue
        text = re.sub(r"<[^>]*>", "", rest.split("#")[0]).replace("\t", " ").strip()
        words = text.split(None, 1)
        # Prefixes belong to the name.
        while words[0] in ("lock", "rep", "repne", "notrack") and len(words) > 1:
            rest_words = words[1].split(None, 1)
            words = [rest_words[0], *rest_words[1:]]
        if made and made[-1].mnemonic in ("lock", "rep", "repne"):
            made[-1].mnemonic, made[-1].text = words[0], made[-1].text + " " + text
            made[-1].operands = split_operands(words[1]) if len(words) > 1 else []
            continue
        made.append(Instruction(address, words[0], split_operands(words[1]) if len(words) > 1 else [], text))
    for one, following in zip(made, made[1:]):
        one.end = following.address
    if made:
        made[-1].end = made[-1].address
    return made


class Provenance:
    """What registers and slots of the frame hold: C the context, M:K a memory's base or an address in it (K: where the
    context has it, or `pinned`), ('F', K) what the context has at K, R another pointer of the runtime, S the stack, N a number, ? not known."""

    def __init__(self, memory_fields, slots, depth):
        self.memory_fields, self.slots, self.depth = memory_fields, slots, depth

    def join(self, a, b):
        if a == b:
            return a
        if isinstance(a, tuple) and isinstance(b, tuple):
            return "R"
        return "?"

    def derive(self, classes):
        memory = next((kind for kind in classes if kind[0] == "M"), None)
        if memory:
            return memory
        if "S" in classes:
            return "S"
        if "C" in classes:
            return "R"
        for value in classes:
            if isinstance(value, tuple):
                return f"M:{value[1]}" if value[1] in self.memory_fields else "R"
        if "R" in classes:
            return "R"
        return "?" if "?" in classes else "N"

    def load(self, state, address):
        base, index, displacement = address
        if base in ("rsp", "sp"):
            return self.slots.get(displacement + self.depth, "?") if index is None else "?"
        if base == "rip":
            return "N"
        kind = state.get(base, "?")
        if kind == "C":
            return ("F", displacement) if displacement not in self.memory_fields else f"M:{displacement}"
        if kind == "R" or isinstance(kind, tuple):
            return "R"
        return "?" if kind == "?" else "N"

    def store_slot(self, displacement, value):
        self.slots[displacement + self.depth] = value


class Checker:
    def __init__(self, path, allowed):
        self.path, self.allowed = path, allowed
        self.problems, self.unknown, self.accesses, self.checked, self.mnemonics = [], 0, 0, 0, set()
        data = open(path, "rb").read()
        self.target = TARGETS[struct.unpack_from("<H", data, 18)[0]]
        sections = sections_of(data)
        self.functions = [f for f in records(sections[".cairn.functions"], "<10I") if f[2] != TRAMPOLINE]
        self.traps = {offset: kind for offset, _, kind in records(sections[".cairn.traps"], "<3I")}
        self.calls = {offset: popped for offset, _, popped in records(sections[".cairn.calls"], "<3I")}
        self.handlers = dict(records(sections[".cairn.handlers"], "<2I"))
        self.stack_maps = [offset for offset, _, _ in records(sections[".cairn.stackmaps"], "<3I")]
        self.code = disassemble(path, self.target)
        self.at = {i.address: n for n, i in enumerate(self.code)}
        self.begins = {f[0]: f for f in self.functions}

    def problem(self, instruction, text):
        where = f"{instruction.address:x}: {instruction.text}" if isinstance(instruction, Instruction) else instruction
        self.problems.append(f"{self.path}: {where}: {text}")

    def run(self):
        bodies = [(function, self.check(function)) for function in self.functions]
        # The first time round for where the context keeps memories, and which of them are behind guard pages: those of whose
        # accesses any has an entry. Others are checked before each access.
        self.fields, self.guarded = set(), set()
        for report in (False, False, True):
            for function, body in bodies:
                if body:
                    self.walk(function, body, self.fields, report)
        inside = lambda offset: any(f[0] <= offset < f[1] for f in self.functions)  # noqa: E731
        for offset, kind in self.traps.items():
            if not inside(offset):
                continue
            if offset not in self.at:
                self.problem(f"trap {kind} at {offset:x}", "is not at an instruction")
                continue
            self.check_trap(self.code[self.at[offset]], kind)
        for name, offsets in (("call", self.calls), ("stack map", self.stack_maps), ("handler", self.handlers)):
            for offset in offsets:
                before = self.at.get(offset)
                if before is None or self.target.flow(self.code[before - 1])[0] != "call":
                    self.problem(f"{name} at {offset:x}", "is not behind a call")
                if offset not in self.calls:
                    self.problem(f"{name} at {offset:x}", "has no call record")
        return self

    def check_trap(self, i, kind):
        target = self.target
        if i.mnemonic in target.trap:
            return
        if target.is_division(i) and kind in (DIVIDE, OVERFLOW):
            return
        if target.access(i) and (kind == MEMORY or kind in NULLS or kind in (5, 8, 18)):
            return
        if target.flow(i)[0] in ("call", "indirect") and target.access(i):
            return
        self.problem(i, f"cannot trap as its entry of kind {kind} says")

    def check(self, function):
        begin, end = function[0], function[1]
        if begin not in self.at:
            return self.problem(f"function {function[2]}", "does not begin at an instruction")
        code = self.code[self.at[begin]:]
        body = []
        for i in code:
            if i.address >= end:
                break
            body.append(i)
        if body[-1].end != end and body[-1].end != body[-1].address and body[-1].end < end:
            self.problem(body[-1], "ends before the function does")
        if end not in self.at and any(i.address < end < i.end for i in body):
            self.problem(body[-1], "reaches over the function's end")
        for i in body:
            self.mnemonics.add(i.mnemonic)
            if self.allowed is not None and i.mnemonic not in self.allowed:
                self.problem(i, "is not an instruction that the compiler means to use")
        return body

    def walk(self, function, body, fields, report):
        """Follows control; with `report`, complains. The first time round it learns where the context keeps memories."""
        target = self.target
        begin, end = function[0], function[1]
        local = {i.address: n for n, i in enumerate(body)}
        start = {target.context: "C", target.memory: "M:pinned", target.stack: "S"}
        states = {0: (0, start, {})}
        work = [0]
        frame, body_begin, argument_bytes = function[3], function[5], function[4]
        sinks = [self.handlers[a] for a in self.handlers if begin <= a < end]

        def reach(index, depth, state, slots, source):
            if index not in states:
                states[index] = (depth, dict(state), dict(slots))
                work.append(index)
                return
            old_depth, old_state, old_slots = states[index]
            if old_depth != depth and report:
                self.problem(source, f"leaves the stack at {depth} where {old_depth} is expected")
            keeper = Provenance(fields, {}, 0)
            joined = {r: keeper.join(old_state[r], state[r]) for r in old_state if r in state}
            joined_slots = {s: keeper.join(old_slots[s], slots[s]) for s in old_slots if s in slots}
            if joined != old_state or joined_slots != old_slots:
                states[index] = (old_depth, joined, joined_slots)
                work.append(index)

        seen_problem = set()
        bodies_done = False
        while True:
            while work:
                index = work.pop()
                depth, state, slots = states[index]
                state, slots = dict(state), dict(slots)
                constants = {}
                while True:
                    i = body[index]
                    if report and i.address == body_begin and depth != -frame and frame:
                        if i.address not in seen_problem:
                            self.problem(i, f"the body begins with the stack at {depth}, not {-frame}")
                    kind, where = target.flow(i)
                    provenance = Provenance(fields, slots, depth)
                    self.check_access(body, index, state, provenance, fields, report, seen_problem)
                    change = target.stack_change(i, constants)
                    if target.name == "riscv64" and i.mnemonic in ("li", "lui") and len(i.operands) == 2:
                        value = int(i.operands[1], 0)
                        constants[i.operands[0]] = value << 12 if i.mnemonic == "lui" else value
                        if constants[i.operands[0]] >= 1 << 31:
                            constants[i.operands[0]] -= 1 << 32
                    elif target.name == "riscv64" and i.mnemonic in ("addiw", "addi") and i.operands[0] == i.operands[1] in constants:
                        constants[i.operands[0]] += int(i.operands[2], 0)
                    elif i.operands and i.operands[0] in constants:
                        del constants[i.operands[0]]
                    if change is None:
                        # A tail call to more stack arguments moves the frame's end and leaves the function at once.
                        leaves = any(target.flow(j)[0] == "indirect" or target.flow(j)[0] == "jump" and not begin <= target.flow(j)[1] < end
                                     for j in body[index:index + 10])
                        if report and not leaves and i.address not in seen_problem:
                            seen_problem.add(i.address)
                            self.problem(i, "moves the stack pointer in a way that cannot be followed")
                        break
                    if kind == "next":
                        target.effect(i, state, provenance)
                    depth += change
                    if i.mnemonic == "push" and i.address >= body_begin:
                        state["pushed"] = "N"
                    state[target.stack], state[target.context], state[target.memory] = "S", "C", "M:pinned"
                    if kind == "trap":
                        break
                    if kind == "return" and "pushed" in state:
                        break  # a tail call: the callee's address was pushed over a moved return address
                    if kind == "return":
                        popped = argument_bytes if where is None else where
                        expected = argument_bytes if target.name == "riscv64" else 0
                        if report and (depth != expected or popped != argument_bytes) and i.address not in seen_problem:
                            seen_problem.add(i.address)
                            self.problem(i, f"returns with the stack at {depth}, popping {popped} of {argument_bytes}")
                        break
                    if kind in ("jump", "branch"):
                        if begin <= where < end:
                            if where not in local:
                                if report:
                                    self.problem(i, "goes into the middle of an instruction")
                            else:
                                reach(local[where], depth, state, slots, i)
                        elif where in self.begins:
                            callee = self.begins[where]
                            if report and depth != argument_bytes - callee[4] and i.address not in seen_problem:
                                seen_problem.add(i.address)
                                self.problem(i, f"calls with the stack at {depth}, not {argument_bytes - callee[4]}")
                        elif report:
                            self.problem(i, "leaves the function to no function's beginning")
                        if kind == "jump":
                            break
                    if kind == "indirect":
                        break
                    if kind == "call":
                        if where is not None and where not in self.begins and begin <= where < end and report:
                            self.problem(i, "calls something that is no function")
                        depth += self.calls.get(i.end, 0)
                        for register in list(state):
                            if register not in target.kept_over_calls:
                                state[register] = "?"
                        for slot in [s for s in slots if s < depth]:
                            del slots[slot]
                    if index + 1 >= len(body):
                        if report and kind not in ("call",):
                            self.problem(i, "runs over the end of the function")
                        break
                    index += 1
                    if index in states:
                        reach(index, depth, state, slots, i)
                        break
                    states[index] = (depth, dict(state), dict(slots))
            # What jump tables and handlers lead to is not followed: it begins with the frame of a body and anything in registers.
            if not bodies_done:
                bodies_done = True
                for offset in sinks:
                    if offset in local and local[offset] not in states:
                        states[local[offset]] = (-frame, dict(start), {})
                        work.append(local[offset])
                    elif offset not in local and report:
                        self.problem(f"handler at {offset:x}", "is not an instruction of the function")
                continue
            rest = [n for n, i in enumerate(body) if n not in states and i.mnemonic not in ("int3", "nop", "unimp", "c.nop", "...")
                    and i.address >= body_begin]
            if not rest:
                break
            states[rest[0]] = (-frame, dict(start), {})
            work.append(rest[0])

    def check_access(self, body, position, state, provenance, fields, report, seen):
        i = body[position]
        address = self.target.access(i)
        # Pointers to code are the runtime's; the compare of a loop follows a load from the same place.
        if address is None or self.target.flow(i)[0] in ("call", "indirect") or i.mnemonic.startswith(("push", "cmpxchg", "sc.")):
            return
        base, index, displacement = address
        classes = [state.get(r, "?") for r in (base, index) if r and r != "rip"]
        if base == "rip" or "S" in classes or "C" in classes:
            return
        has_entry = i.address in self.traps
        memory = next((kind for kind in classes if kind[0] == "M"), None)
        if has_entry and self.traps[i.address] == MEMORY and not report:
            if memory:
                self.guarded.add(memory)
            else:
                fields.update(kind[1] for kind in classes if isinstance(kind, tuple))
        if not report or i.address in seen:
            return
        self.accesses += 1
        if not has_entry and memory in self.guarded and self.target.is_checked(body[max(0, position - 24):position]):
            self.checked += 1  # an offset beyond the guard pages
            return
        is_memory = memory is not None
        is_runtime = not is_memory and ("R" in classes or any(isinstance(kind, tuple) for kind in classes))
        if has_entry or is_runtime or (is_memory and memory not in self.guarded):
            return
        seen.add(i.address)
        if is_memory:
            self.problem(i, "accesses a memory and has no entry in the trap table")
        elif "?" in classes:  # an argument
            self.unknown += 1
        else:
            self.problem(i, "accesses what a number points to and has no entry in the trap table")


def load_allowed(target):
    path = os.path.join(HERE, "mnemonics", target + ".txt")
    if not os.path.exists(path):
        return None
    return {word for line in open(path) if not line.startswith("#") for word in line.split()}


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    learn = "--learn" in sys.argv
    totals = {"functions": 0, "instructions": 0, "accesses": 0, "checked": 0, "unknown": 0}
    seen, failed = {}, 0
    allowed = {target.name: None if learn else load_allowed(target.name) for target in TARGETS.values()}
    for path in arguments:
        with open(path, "rb") as file:
            machine = struct.unpack_from("<H", file.read(20), 18)[0]
        checker = Checker(path, allowed[TARGETS[machine].name]).run()
        totals["functions"] += len(checker.functions)
        totals["instructions"] += len(checker.code)
        totals["accesses"] += checker.accesses
        totals["checked"] += checker.checked
        totals["unknown"] += checker.unknown
        seen.setdefault(checker.target.name, set()).update(checker.mnemonics)
        for problem in checker.problems[:10]:
            print("FAIL", problem)
        failed += bool(checker.problems)
    if learn:
        for name, words in seen.items():
            print(name + ":", " ".join(sorted(words)))
    print(", ".join(f"{count} {name}" for name, count in totals.items()))
    print(f"{len(arguments) - failed} passed, {failed} failed")
    return 1 if failed or not arguments else 0


if __name__ == "__main__":
    sys.exit(main())
