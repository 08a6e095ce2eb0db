"""What check_code.py knows of instructions, by target: operands, what is written, where control goes."""
import re

X86_REGISTERS = {}
for _index, _names in enumerate(
        ["rax eax ax al ah", "rcx ecx cx cl ch", "rdx edx dx dl dh", "rbx ebx bx bl bh", "rsp esp sp spl", "rbp ebp bp bpl",
         "rsi esi si sil", "rdi edi di dil"] + [f"r{n} r{n}d r{n}w r{n}b" for n in range(8, 16)]):
    for _name in _names.split():
        X86_REGISTERS[_name] = _names.split()[0]


def split_operands(text):
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


class Instruction:
    __slots__ = ("address", "end", "mnemonic", "operands", "text")

    def __init__(self, address, mnemonic, operands, text):
        self.address, self.end, self.mnemonic, self.operands, self.text = address, 0, mnemonic, operands, text


def number(text):
    return int(text, 0)


class X86:
    name = "x86_64"
    stack, context, memory = "rsp", "r14", "r15"
    flags = ["-M", "intel"]
    kept_over_calls = {"rbx", "rbp", "r12", "r13", "r14", "r15", "rsp"}
    trap = {"ud2"}
    reads_only = re.compile(r"^(cmp|test|v?u?comis[sd]|v?ptest|push|bt|jmp|call|ret|j[a-z]+|nop|v?movnt.*)$")

    @staticmethod
    def address(operand):
        """(base, index, displacement) of a memory operand, or None."""
        found = re.search(r"\[(.*)\]", operand)
        if not found:
            return None
        base = index = None
        displacement = 0
        for sign, term in re.findall(r"([+-]?)\s*([^+\-\s][^+\-]*)", found.group(1)):
            term = term.strip()
            if "*" in term:
                index = X86_REGISTERS.get(re.sub(r"\d+\*|\*\d+", "", term).strip(), term)
            elif re.match(r"^(0x)?[0-9a-f]+$", term) and term not in X86_REGISTERS:
                displacement += int(term, 0) * (-1 if sign == "-" else 1)
            elif base is None:
                base = X86_REGISTERS.get(term, term)
            else:
                index = X86_REGISTERS.get(term, term)
        return base, index, displacement

    @classmethod
    def access(cls, i):
        if i.mnemonic in ("lea", "nop") or i.mnemonic.startswith("prefetch"):
            return None
        for operand in i.operands:
            address = cls.address(operand)
            if address:
                return address
        return None

    @staticmethod
    def is_division(i):
        return i.mnemonic in ("div", "idiv")

    @staticmethod
    def is_checked(before):
        """Whether a length of the context has been compared with."""
        return any(i.mnemonic == "cmp" and "[r14" in i.text for i in before) and any(i.mnemonic in ("ja", "jb") for i in before)

    @staticmethod
    def flow(i):
        """(kind, target): next, jump, branch, call, return, indirect, trap."""
        m = i.mnemonic
        if m == "ud2":
            return "trap", None
        if m in ("ret", "retq"):
            return "return", number(i.operands[0]) if i.operands else 0
        if m == "jmp" or m.startswith("j"):
            target = re.match(r"^(0x[0-9a-f]+)", i.operands[0])
            if target:
                return ("jump" if m == "jmp" else "branch"), int(target.group(1), 16)
            return "indirect", None
        if m == "call":
            target = re.match(r"^(0x[0-9a-f]+)", i.operands[0])
            return "call", int(target.group(1), 16) if target else None
        return "next", None

    @staticmethod
    def stack_change(i, constants):
        """By how much the stack pointer moves up; None if not known."""
        m, o = i.mnemonic, i.operands
        if m == "push":
            return -8
        if m == "pop":
            return 8
        if not o or X86_REGISTERS.get(o[0]) != "rsp" or m in ("cmp", "test"):
            return 0
        if m in ("sub", "add") and re.match(r"^-?(0x)?[0-9a-f]+$", o[1]):
            return number(o[1]) * (1 if m == "add" else -1)
        if m == "lea":
            base, index, displacement = X86.address(o[1])
            if base == "rsp" and index is None:
                return displacement
        return None

    @classmethod
    def effect(cls, i, state, read):
        """Updates the provenance of registers (check_code.py)."""
        m, o = i.mnemonic, i.operands
        if not o:
            if m in ("cdq", "cqo", "cdqe"):
                state["rdx"] = "N"
            return
        written = X86_REGISTERS.get(o[0])
        if m in ("mul", "imul", "div", "idiv") and len(o) == 1:
            state["rax"] = state["rdx"] = "N"
            return
        if m.startswith("cmpxchg") or m.endswith("cmpxchg"):
            state["rax"] = "N"
            return
        if m.startswith("xchg") or m.startswith("xadd"):
            for operand in o:
                if operand in X86_REGISTERS:
                    state[X86_REGISTERS[operand]] = "N"
            return
        if m == "mulx":
            for operand in o[:2]:
                state[X86_REGISTERS[operand]] = "N"
            return
        target = cls.address(o[0])
        if target:
            if m == "mov" and target[0] == "rsp" and target[1] is None:
                whole = o[1] in X86_REGISTERS and X86_REGISTERS[o[1]] == o[1]
                read.store_slot(target[2], state.get(o[1], "?") if whole else "N")
            return
        if written is None or cls.reads_only.match(m):
            return
        if m == "mov" and len(o) == 2:
            source = cls.address(o[1])
            if source:
                state[written] = read.load(state, source) if o[0] == written else "N"
            elif o[1] in X86_REGISTERS and o[1] == X86_REGISTERS[o[1]]:
                state[written] = state.get(o[1], "?")
            else:
                state[written] = "N"
        elif m == "lea":
            base, index, displacement = cls.address(o[1])
            state[written] = read.derive([state.get(r, "?") for r in (base, index) if r])
            if base == "rip":
                state[written] = "R"
        elif m in ("add", "sub") and len(o) == 2:
            other = X86_REGISTERS.get(o[1])
            state[written] = read.derive([state.get(written, "?"), state.get(other, "?") if other else "N"])
        elif m.startswith("cmov"):
            other = cls.address(o[1])
            value = read.load(state, other) if other else state.get(X86_REGISTERS[o[1]], "?")
            state[written] = read.join(state.get(written, "?"), value)
        else:
            state[written] = "N"


class RiscV:
    name = "riscv64"
    stack, context, memory = "sp", "s11", "s10"
    flags = ["--mattr=+m,+a,+f,+d,+c,+v,+zba,+zbb,+zbs"]
    kept_over_calls = {f"s{n}" for n in range(12)} | {"sp"}
    trap = {"unimp", "ebreak", "c.unimp"}
    stores = re.compile(r"^(s[bhwd]|fs[wd]|vs.*|sc\..*)$")

    @staticmethod
    def address(operand):
        found = re.match(r"^(-?(?:0x)?[0-9a-f]*)\((\w+)\)$", operand)
        if not found:
            return None
        return found.group(2), None, number(found.group(1)) if found.group(1) else 0

    @classmethod
    def access(cls, i):
        if i.mnemonic in ("jalr", "jr", "c.jr", "c.jalr"):
            return None
        for operand in i.operands:
            address = cls.address(operand)
            if address:
                return address
        return None

    @staticmethod
    def is_division(i):
        return False

    @staticmethod
    def is_checked(before):
        return any(i.mnemonic == "ld" and "(s11)" in i.text for i in before) and any(i.mnemonic == "bltu" for i in before)

    @staticmethod
    def flow(i):
        m, o = i.mnemonic, i.operands
        if m in RiscV.trap:
            return "trap", None
        if m == "ret":
            return "return", None
        if m in ("jr", "c.jr"):
            return "indirect", None
        if m == "jalr":
            return ("indirect", None) if o[0] == "zero" else ("call", None)
        target = re.match(r"^(0x[0-9a-f]+)", o[-1]) if o else None
        if m == "j":
            return "jump", int(target.group(1), 16)
        if m == "jal":
            return "call", int(target.group(1), 16)
        if re.match(r"^b(eq|ne|lt|ge|gt|le|ltu|geu|gtu|leu|eqz|nez|ltz|gez|gtz|lez)$", m):
            return "branch", int(target.group(1), 16)
        return "next", None

    @staticmethod
    def stack_change(i, constants):
        m, o = i.mnemonic, i.operands
        if not o or o[0] != "sp" or RiscV.stores.match(m):
            return 0
        if m == "addi" and o[1] == "sp":
            return number(o[2])
        if m in ("add", "sub") and o[1] == "sp" and o[2] in constants:
            return constants[o[2]] * (1 if m == "add" else -1)
        return None

    @classmethod
    def effect(cls, i, state, read):
        m, o = i.mnemonic, i.operands
        if not o or m.startswith("b") and cls.flow(i)[0] == "branch":
            return
        memory = next((a for a in map(cls.address, o) if a), None)
        if cls.stores.match(m):
            if memory and memory[0] == "sp":
                read.store_slot(memory[2], state.get(o[0], "?") if m == "sd" and o[0] != "zero" else "N")
            if m.startswith("sc."):
                state[o[0]] = "N"
            return
        if memory:
            state[o[0]] = read.load(state, memory) if m == "ld" else "N"
        elif m == "mv":
            state[o[0]] = state.get(o[1], "?")
        elif m in ("addi", "andi") or m in ("add", "sub") or m.startswith(("sh1add", "sh2add", "sh3add", "add.uw")):
            state[o[0]] = read.derive([state.get(r, "N" if r == "zero" else "?") for r in o[1:] if re.match(r"^[a-z]", r)])
        elif m == "auipc":
            state[o[0]] = "R"
        else:
            state[o[0]] = "N"


TARGETS = {62: X86, 243: RiscV}
