"""Describes the instructions of x86-64 in the syntax of `llvm-objdump -M intel`: their operands, where control
continues, and the values that they leave in registers and slots."""
import functools
import re

from values import (ANY, HALF, UNKNOWN, WORD, State, add, base_of, bound_of, constant, is_number, join, loaded, number,
                    scaled, truncated)

name = "x86_64"
objdump_flags = ["-M", "intel"]
stack, context, memory = "rsp", "r14", "r15"
callee_saved = ("rbx", "rbp", "r12", "r13")
kept_over_calls = {*callee_saved, stack, context, memory}
builtin_result = "r11"  # holds the result of builtins whose stub keeps all other registers
traps_on_purpose = {"ud2"}
padding = {"int3", "nop"}
meant_besides = set()  # texts of instructions that are allowed although their mnemonics are not listed
call_alignment = 8  # the stack pointer at a call, minus that at the function's entry, modulo 16
table_step = 4
table_window = 6  # number of instructions before a jump through a table in which the index is compared and masked

REGISTERS, WIDTHS = {}, {}
for _names in ["rax eax ax al ah", "rcx ecx cx cl ch", "rdx edx dx dl dh", "rbx ebx bx bl bh", "rsp esp sp spl",
               "rbp ebp bp bpl",
               "rsi esi si sil", "rdi edi di dil"] + [f"r{n} r{n}d r{n}w r{n}b" for n in range(8, 16)]:
    for _width, _name in zip((8, 4, 2, 1, 1), _names.split()):
        REGISTERS[_name], WIDTHS[_name] = _names.split()[0], _width
SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "xmmword": 16, "ymmword": 32}
CONDITION = re.compile(r"^j(?!mp)[a-z]+$")
# Instructions whose first operand is not a destination.
READ_ONLY = re.compile(r"^(cmp|test|v?u?comis[sd]|v?ptest|push|bt|nop|mfence|prefetch.*|cmp(?:x|n)?.*zz)$")


def entry_state():
    """Returns the state at the entry of a function."""
    registers = {r: ("K", r) for r in callee_saved}
    registers.update({stack: ("S", 0), context: ("C",), memory: base_of(0)})
    return State(registers, {0: ("A",)})


def address_of(operand):
    """Returns (base, index, scale, displacement) of a memory operand, or None."""
    found = re.search(r"\[(.*)\]", operand)
    if not found:
        return None
    base, index, scale, displacement = None, None, 1, 0
    for sign, term in re.findall(r"([+-]?)\s*([^+\-\s][^+\-]*)", found.group(1)):
        term = term.strip()
        factors = [factor.strip() for factor in term.split("*")]
        if len(factors) == 2:
            factor, register = factors if factors[0].isdigit() else reversed(factors)
            index, scale = REGISTERS[register], int(factor)
        elif re.match(r"^(0x[0-9a-f]+|\d+)$", term):
            displacement += int(term, 0) * (-1 if sign == "-" else 1)
        elif base is None:
            base = REGISTERS.get(term, term)
        else:
            index = REGISTERS[term]
    return base, index, scale, displacement


def size_of(i, operand):
    """Returns the size of a memory operand in bytes."""
    word = operand.split(" ptr")[0].split()[-1] if " ptr" in operand else ""
    return SIZES.get(word) or next((WIDTHS[o] for o in i.operands if o in WIDTHS), 16)


def access(i):
    """Returns (operand, size) of an access to memory, or None. The size is in bytes."""
    if i.mnemonic in ("lea", "nop") or i.mnemonic.startswith("prefetch"):
        return None
    for operand in i.operands:
        if "[" in operand:
            return operand, size_of(i, operand)
    return None


def place(operand, i, state, fields):
    """Returns the value of an address, and the displacement, which is a part of that value."""
    base, index, scale, displacement = address_of(operand)
    if base == "rip":
        return ("P", i.end + displacement), displacement
    value = state.get(base) if base else constant(0)
    if index:
        value = add(value, scaled(state.get(index), scale), fields)
    return add(value, constant(displacement), fields) if value[0] in "SPNI" or index else value, displacement


def classify(i, state, fields):
    """Returns the value of an access's base register, or of the sum of base and index, and the displacement."""
    operand, _ = access(i)
    base, index, scale, displacement = address_of(operand)
    if base == "rip":
        return ("P", i.end), displacement
    value = state.get(base) if base else constant(0)
    if index:
        value = add(value, scaled(state.get(index), scale), fields)
    elif value[0] == "F" and value[1] in fields:
        value = base_of(value[1])
    return value, displacement


def base_register(i):
    """Returns the base register of an access."""
    return address_of(access(i)[0])[0]


def can_fault(i):
    """Returns whether the instruction accesses memory, so that it can cause a fault."""
    return any("[" in operand for operand in i.operands)


def is_division(i):
    """Returns whether the instruction traps by itself if the divisor is 0 or the quotient is too large."""
    return i.mnemonic in ("div", "idiv")


def keeps_entry_elsewhere(i):
    """Returns whether another instruction has the trap entry for this access: a `cmpxchg` in a loop follows a load from
    the same address, which has the entry."""
    return i.mnemonic.startswith("cmpxchg")


def is_checked(before):
    """Returns whether one of the instructions compares a value with what may be a length."""
    return any(i.mnemonic == "cmp" for i in before) and any(
        i.mnemonic in ("ja", "jb", "jae", "jbe", "cmovb") for i in before)


OPPOSITES = {"ja": "be", "jbe": "a", "jb": "ae", "jae": "b", "jne": "e", "je": "ne"}


def is_bound_check(i, is_type):
    """Returns whether a branch to a trap is a check of bounds, or of a function's type if `is_type`. Other traps of the
    same kinds come from the status of a builtin."""
    return i.mnemonic in (("jne", "je") if is_type else ("ja", "jb", "jae", "jbe"))


def is_masked(before, i, after):
    """Returns whether the instructions around the branch `i` give a register zero unless the branch is right not to be
    taken: the register is cleared before the compare, and a cmov with the opposite condition comes after the branch."""
    if not after or after[0].mnemonic != "cmov" + OPPOSITES[i.mnemonic]:
        return False
    register = REGISTERS[after[0].operands[0]]
    writes = [b for b in before[-3:] if b.operands and REGISTERS.get(b.operands[0]) == register
              and not READ_ONLY.match(b.mnemonic)]
    return bool(writes) and writes[-1].mnemonic == "xor" and writes[-1].operands[0] == writes[-1].operands[1]


def is_table_masked(before):
    """Returns whether the index of a jump table, if it is compared, is not compared by a branch only."""
    return not any(i.mnemonic == "jae" for i in before) or any(i.mnemonic == "cmovb" for i in before)


def flow(i, state):
    """Returns (kind, target): next, jump, branch, call, return (target: the bytes it pops), table, indirect, trap."""
    m = i.mnemonic
    if m == "ud2":
        return "trap", None
    if m == "ret":
        return "return", int(i.operands[0], 0) if i.operands else 0
    if m in ("jmp", "call") or CONDITION.match(m):
        direct = re.match(r"^0x([0-9a-f]+)$", i.operands[0])
        if direct:
            return {"jmp": "jump", "call": "call"}.get(m, "branch"), int(direct.group(1), 16)
        if m == "call":
            return "call", None
        value = state.get(REGISTERS.get(i.operands[0], ""))
        return ("table", value) if value[0] == "J" else ("indirect", None)
    return "next", None


def table_targets(code_object, value, inside, before):
    """Returns the targets of a jump table (None for an entry that is wrong), and whether their number is known. It is
    not known if none of the instructions `before` compares the index, because the compiler may know a bound that the
    checker does not know. The table then ends before the first entry that does not lead to an instruction."""
    table, last = value[1], value[2]
    known = last is not None and last < 1 << 20 and is_checked(before)
    targets = []
    while True:
        word = code_object.table_word(table + 4 * len(targets))
        target = None if word is None else table + word
        # The table may also be longer than the checker's bound, so entries after it that look right are followed, too.
        if (not known or len(targets) > last) and (
                target not in inside or targets and table + 4 * len(targets) in named_places(code_object)):
            return targets, known
        targets.append(target)


@functools.cache
def named_places(code_object):
    """Returns the addresses that `lea` computes: those of jump tables, and of constants that several instructions
    read."""
    return {i.end + address_of(i.operands[1])[3] for i in code_object.code if i.mnemonic == "lea" and "rip" in i.text}


def called_builtin(i, state):
    """Returns the number of the builtin that an indirect call calls, or None."""
    address = address_of(i.operands[0]) if i.operands else None
    if address and address[0] and not address[1]:
        code = loaded(state.get(address[0]), address[3], ())
        return code[1] if code[0] == "B" else None
    return None


def learn_from_branch(i, state, taken):
    """After a compare with a constant, bounds the register on the path where it is below the constant."""
    below, equal = i.mnemonic in ("jb", "jbe"), i.mnemonic in ("ja", "jbe")
    if state.compared and (below and taken or i.mnemonic in ("ja", "jae") and not taken):
        register, limit = state.compared
        known = bound_of(state.get(register))
        # An unknown value gets the bound, too, because arguments of 32 bits arrive zero-extended.
        if is_number(state.get(register)) or known is None:
            state.registers[register] = number(min(limit if equal else limit - 1, WORD if known is None else known))


def source(operand, width, i, state, fields):
    """Returns the value of an operand, zero-extended to 8 bytes."""
    if operand in REGISTERS:
        value = state.get(REGISTERS[operand])
        if width == 1 and REGISTERS[operand] + ".low" in state.registers:
            value = state.get(REGISTERS[operand] + ".low")
        return value if width == 8 else truncated(value, (1 << 8 * width) - 1)
    if "[" in operand:
        where, displacement = place(operand, i, state, fields)
        if where[0] == "S":
            return state.load(where[1], width) if where[1] is not None else UNKNOWN
        if width != 8:
            return number((1 << 8 * width) - 1)
        base, index, _, _ = address_of(operand)
        return loaded(state.get(base) if base and base != "rip" else ANY, displacement if not index else -1, fields)
    try:
        value = int(operand, 0)
    except ValueError:
        return state.get(operand)  # xmm
    return constant(value if width == 8 else value & ((1 << 8 * width) - 1))


def write(register, value, state):
    """Writes a register. A low byte or word is also kept by itself, for `movzx` after `setcc`, because the rest of the
    register may not be known."""
    full, width = REGISTERS[register], WIDTHS[register]
    state.registers.pop(full + ".low", None)
    if width >= 4:
        state.registers[full] = value if width == 8 else truncated(value, HALF)
        return
    old, low = bound_of(state.get(full)), truncated(value, (1 << 8 * width) - 1)
    state.registers[full] = ANY if old is None else number(max(old, low[1]))
    state.registers[full + ".low"] = low


def step(i, state, fields):
    """Applies the instruction to the state. Returns False if the stack pointer is not known afterwards."""
    m, o = i.mnemonic, i.operands
    if m == "cmp":
        state.compared = None
        if o[0] in REGISTERS and re.match(r"^(0x[0-9a-f]+|\d+)$", o[1]) and WIDTHS[o[0]] >= 4:
            state.compared = (REGISTERS[o[0]], int(o[1], 0))
        elif o[0] in REGISTERS and o[1] in REGISTERS and state.get(REGISTERS[o[1]])[0] == "I":
            state.compared = (REGISTERS[o[0]], state.get(REGISTERS[o[1]])[1])
        return True
    if m == "push":
        depth = state.get(stack)[1] - 8
        value = source(o[0], 8, i, state, fields)
        state.registers[stack] = ("S", depth)
        state.store(depth, 8, value)
        return True
    if m == "pop":
        depth = state.get(stack)[1]
        state.registers[stack] = ("S", depth + 8)
        state.registers[REGISTERS[o[0]]] = state.load(depth, 8)
        return True
    if not o or m == "test" or READ_ONLY.match(m) or CONDITION.match(m) or m in ("jmp", "call", "ret"):
        if m in ("cdq", "cqo"):
            state.registers["rdx"] = ANY
        return True
    if m in ("mul", "imul", "div", "idiv") and len(o) == 1:
        width = size_of(i, o[0])
        state.registers["rax"] = state.registers["rdx"] = number((1 << 8 * width) - 1)
        return True
    if "[" in o[0]:
        store(i, state, fields)
    elif o[0] in REGISTERS:
        old = source(o[0], WIDTHS[o[0]], i, state, fields)
        write(o[0], result(i, state, fields), state)
        state.compared = None
        if m in ("xchg", "xadd") and o[1] in REGISTERS:
            write(o[1], old, state)
        elif m == "cmpxchg":
            write("rax", ANY, state)
        elif m == "mulx":
            write(o[1], number((1 << 8 * WIDTHS[o[1]]) - 1), state)
    elif o[0].startswith(("xmm", "ymm")):
        # Code moves references and addresses to vector registers and back by movq, 8 bytes at a time.
        state.registers[o[0]] = source(o[1], 8, i, state, fields) if m in ("movq", "vmovq") and len(o) == 2 else ANY
    return state.get(stack)[0] == "S" and state.get(stack)[1] is not None


def store(i, state, fields):
    """Applies an instruction whose first operand is in memory to the state."""
    m, o = i.mnemonic, i.operands
    where, _ = place(o[0], i, state, fields)
    width = size_of(i, o[0])
    if where[0] == "S" and where[1] is not None:
        value = source(o[1], 8, i, state, fields) if m in ("mov", "movq", "vmovq") and width == 8 else ANY
        state.store(where[1], width, value)
    if m in ("xchg", "xadd") and o[1] in REGISTERS:
        write(o[1], source(o[0], WIDTHS[o[1]], i, state, fields) if m == "xchg" else ANY, state)
    elif m in ("cmpxchg", "cmpxchg8b", "cmpxchg16b"):
        write({1: "al", 2: "ax", 4: "eax"}.get(width, "rax"), ANY, state)
        if m == "cmpxchg16b":
            state.registers["rdx"] = ANY


def result(i, state, fields):
    """Returns the value of the destination, which is the first operand and a register."""
    m, o = i.mnemonic, i.operands
    width = WIDTHS[o[0]]
    everything = number((1 << 8 * width) - 1)

    def operand(position):
        """Returns the value of the operand at this position."""
        return source(o[position], width, i, state, fields)

    if m in ("mov", "movabs", "movq", "vmovq", "xchg"):
        return operand(1)
    if m == "lea":
        value, _ = place(o[1], i, state, fields)
        is_plain = value[0] not in "SPNI" and not address_of(o[1])[1]
        return add(value, constant(address_of(o[1])[3]), fields) if is_plain else value
    if m in ("movd", "vmovd"):
        return number(HALF)
    if m in ("movzx", "pextrb", "pextrw", "vpextrb", "vpextrw"):
        size = WIDTHS[o[1]] if o[1] in WIDTHS else 2 if m.endswith("w") else 1 if m.endswith("b") else size_of(i, o[1])
        return source(o[1], size, i, state, fields) if m == "movzx" else number((1 << 8 * size) - 1)
    if m.startswith("set"):
        return number(1)
    if m == "movsxd" and "[" in o[1]:
        where, _ = place(o[1], i, state, fields)
        base, index, scale, displacement = address_of(o[1])
        table = state.get(base) if base else UNKNOWN
        if table[0] == "P" and index and scale == 4 and displacement == 0:
            return ("E", table[1], bound_of(state.get(index)))
        return ANY
    if m in ("xor", "sub", "sbb") and o[0] == o[1]:
        return everything if m == "sbb" else constant(0)
    if m == "add":
        value = add(operand(0), operand(1), fields)
        return value if width == 8 or is_number(value) and bound_of(value) <= everything[1] else everything
    if m == "sub" and width == 8:
        return add(operand(0), constant(-operand(1)[1]),
                   fields) if operand(1)[0] == "I" and operand(0)[0] in "SI" else \
            ANY if is_number(operand(0)) and operand(0) != UNKNOWN else add(operand(0), ANY, fields)
    if m == "and":
        bounds = [b for b in (bound_of(operand(0)), bound_of(operand(1))) if b is not None]
        return number(min(bounds)) if bounds else everything
    if m in ("or", "xor"):
        bounds = [bound_of(operand(0)), bound_of(operand(1))]
        if None in bounds:
            return UNKNOWN if width == 8 else everything
        return number((1 << max(bounds).bit_length()) - 1)
    if m in ("shr", "rorx", "shrx", "sar", "shl", "sal") and len(o) == 2 and re.match(r"^(0x[0-9a-f]+|\d+)$", o[1]):
        bound, count = bound_of(operand(0)), int(o[1], 0) & (8 * width - 1)
        bound = everything[1] if bound is None else bound
        if m == "shr":
            return number(bound >> count)
        if m in ("shl", "sal"):
            return number(min(bound << count, everything[1]))
        return everything
    if m == "cmovb" and state.compared and o[1] in REGISTERS and REGISTERS[o[1]] == state.compared[0]:
        known, limit = bound_of(operand(1)), state.compared[1]
        return join(operand(0), number(min(limit - 1, WORD if known is None else known)))
    if m.startswith("cmov"):
        return join(operand(0), operand(1))
    if m in ("popcnt", "lzcnt", "tzcnt", "movmskps", "movmskpd", "pmovmskb", "vmovmskps", "vmovmskpd", "vpmovmskb",
             "bsf", "bsr"):
        return number(HALF)
    return everything
