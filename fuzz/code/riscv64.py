"""Describes the instructions of RV64GC with Zba, Zbb, Zbs and V, in the syntax of llvm-objdump. The functions are the
same as in x86_64.py, which explains them."""
import re

from values import (ANY, HALF, UNKNOWN, WORD, State, add, base_of, bound_of, constant, is_number, loaded, number,
                    scaled, truncated)

name = "riscv64"
objdump_flags = ["--mattr=+m,+a,+f,+d,+c,+v,+zba,+zbb,+zbs"]
stack, context, memory = "sp", "s11", "s10"
callee_saved = tuple(f"s{n}" for n in range(10)) + tuple(f"fs{n}" for n in range(12))
kept_over_calls = {*callee_saved, stack, context, memory}
builtin_result = "t6"
traps_on_purpose = {"unimp", "ebreak"}
padding = {"unimp", "nop"}
meant_besides = {"csrwi vxrm, 0x0"}  # fixed-point rounding
call_alignment = 0
table_window = 10

STORES = {"sb": 1, "sh": 2, "sw": 4, "sd": 8, "fsw": 4, "fsd": 8}
LOADS = {"lb": 1, "lh": 2, "lw": 4, "ld": 8, "lbu": 1, "lhu": 2, "lwu": 4, "flw": 4, "fld": 8}
BRANCH = re.compile(r"^b(eq|ne|lt|ge|gt|le|ltu|geu|gtu|leu|eqz|nez|ltz|gez|gtz|lez)$")
INTEGER = re.compile(r"^([ast]\d+|ra|sp|gp|tp|zero)$")


def entry_state():
    registers = {r: ("K", r) for r in callee_saved}
    registers.update({stack: ("S", 0), context: ("C",), memory: base_of(0), "ra": ("A",), "zero": constant(0)})
    return State(registers, {})


def split_address(operand):
    """Returns (register, displacement) of a memory operand, or None."""
    found = re.match(r"^(-?(?:0x)?[0-9a-f]*)\((\w+)\)$", operand)
    return (found.group(2), int(found.group(1), 0) if found.group(1) else 0) if found else None


def access(i):
    if i.mnemonic in ("jalr", "jr"):
        return None
    for operand in i.operands:
        if split_address(operand):
            return operand, STORES.get(i.mnemonic) or LOADS.get(i.mnemonic) or 16
    return None


def classify(i, state, fields):
    register, displacement = split_address(access(i)[0])
    value = state.get(register)
    return base_of(value[1]) if value[0] == "F" and value[1] in fields else value, displacement


def base_register(i):
    return split_address(access(i)[0])[0]


def can_fault(i):
    return any(split_address(operand) for operand in i.operands)


def is_division(i):
    return False


def keeps_entry_elsewhere(i):
    """Returns whether another instruction has the trap entry for this access: a store-conditional follows a
    load-reserved from the same address, which has the entry."""
    return i.mnemonic.startswith("sc.")


def is_checked(before):
    """Returns whether one of the instructions compares a value with what may be a length."""
    return any(i.mnemonic in ("bltu", "bgeu", "bgtu", "bleu", "minu") for i in before)


def is_bound_check(i, is_type):
    return i.mnemonic in (("bne", "beq", "bnez", "beqz") if is_type else ("bltu", "bgeu", "bgtu", "bleu"))


def is_masked(before, i, after):
    """The instructions after the branch make 0 or 1 by the compare, a mask from that, and the masked value."""
    steps = [("sltu", "slt", "snez", "sltz", "sgtz"), ("neg", "addi"), ("and",)]
    made = None
    for a in after:
        if steps and a.mnemonic in steps[0] and (made is None or made in a.operands[1:]):
            made = a.operands[0]
            steps.pop(0)
    return not steps


def is_table_masked(before):
    compared = [n for n, i in enumerate(before) if i.mnemonic == "bgeu"]
    return not compared or any(i.mnemonic in ("minu", "and") for i in before[compared[-1]:])


def flow(i, state):
    m, o = i.mnemonic, i.operands
    if m in traps_on_purpose:
        return "trap", None
    if m == "ret":
        return "return", None
    if m in ("jr", "jalr"):
        link = "zero" if m == "jr" else o[0] if len(o) == 2 else "ra"
        register, displacement = split_address(o[-1]) or (o[-1], 0)
        value = state.get(register)
        if value[0] == "P":
            return ("jump" if link == "zero" else "call"), value[1] + displacement
        if value[0] == "J" and link == "zero":
            return "table", ("J", value[1] + displacement, value[2])
        return ("indirect", None) if link == "zero" else ("call", None)
    direct = re.match(r"^0x([0-9a-f]+)$", o[-1]) if o else None
    if m == "j":
        return "jump", int(direct.group(1), 16)
    if m == "jal":
        return "call", int(direct.group(1), 16)
    if BRANCH.match(m):
        return "branch", int(direct.group(1), 16)
    return "next", None


def table_targets(code_object, value, inside, before):
    """The table is code: its entries are jumps, all of 4 or all of 8 bytes, and these jumps are the targets."""
    table, last = value[1], value[2]
    first = code_object.index_at.get(table)
    step = 4 if first is None or code_object.code[first].mnemonic == "j" else 8
    known = last is not None and last < 1 << 22 and is_checked(before)
    # The bound of the index was rounded up where paths meet; the compare before the jump has the exact limit.
    limits = [immediate(i.operands[1]) for i in before if i.mnemonic == "li" and i.operands[0] == "t6"]
    if known and limits:
        last = min(last, step * (limits[-1] - (0 if any(i.mnemonic == "minu" for i in before) else 1)))
    targets = []
    while True:
        place = table + step * len(targets)
        jumps = place in inside and code_object.code[code_object.index_at[place]].mnemonic in ("j", "auipc")
        if (not known or step * len(targets) > last) and not jumps:
            return targets, known
        targets.append(place if jumps else None)


def called_builtin(i, state):
    register, _ = split_address(i.operands[-1]) or (i.operands[-1], 0)
    value = state.get(register)
    return value[1] if value[0] == "B" else None


def learn_from_branch(i, state, taken):
    """After a compare with a constant, bounds the register on the path where it is below the constant."""
    if i.mnemonic == ("bltu" if taken else "bgeu") and state.get(i.operands[1])[0] == "I":
        known, limit = bound_of(state.get(i.operands[0])), state.get(i.operands[1])[1]
        if limit > 0 and (is_number(state.get(i.operands[0])) or known is None):
            state.registers[i.operands[0]] = number(min(limit - 1, WORD if known is None else known))


def step(i, state, fields):
    m, o = i.mnemonic, i.operands
    if not o or BRANCH.match(m) or m in ("j", "jr", "ret"):
        return True
    if m in ("jal", "jalr"):
        state.registers[o[0] if len(o) == 2 else "ra"] = ANY
        return True
    address = next((a for a in map(split_address, o) if a), None)
    if m in STORES or m.startswith(("vs", "sc.", "amo")) and address:
        if m in STORES:
            base, size = state.get(address[0]), STORES[m]
            if base[0] == "S" and base[1] is not None:
                state.store(base[1] + address[1], size, state.get(o[0]) if size == 8 else ANY)
        elif m.startswith("vs"):
            base = state.get(address[0])
            if base[0] == "S" and base[1] is not None:
                state.store(base[1] + address[1], 16, ANY)
        else:
            state.registers[o[0]] = ANY
        return True
    state.registers[o[0]] = load(m, address, state, fields) if address else result(m, o, i, state, fields)
    state.registers["zero"] = constant(0)
    return state.get(stack)[0] == "S" and state.get(stack)[1] is not None


def load(m, address, state, fields):
    """Returns the value that a load with mnemonic `m` gives. `address` is its (register, displacement)."""
    if m not in LOADS:
        return ANY
    size, base = LOADS[m], state.get(address[0])
    if base[0] == "S" and base[1] is not None:
        value = state.load(base[1] + address[1], size)
    else:
        value = loaded(base, address[1], fields) if size == 8 else number((1 << 8 * size) - 1)
    return value if size == 8 or m.endswith("u") else sign_extended(value, size)


def sign_extended(value, size):
    """Returns the value, of `size` bytes, extended to 8 bytes. A number that may be negative gets no bound."""
    bound = bound_of(value)
    return UNKNOWN if bound is None else value if bound < 1 << (8 * size - 1) else ANY


def immediate(text):
    """Returns the number that a text stands for, or None."""
    try:
        return int(text, 0)
    except ValueError:
        return None


def result(m, o, i, state, fields):
    """Returns the value of the destination, which is the first operand."""
    values = [state.get(r) if INTEGER.match(r) else UNKNOWN for r in o[1:]]
    last = immediate(o[-1])
    if m in ("mv", "fmv.d"):
        return state.get(o[1])
    if m == "li":
        return constant(last)
    if m == "lui":
        return constant((last << 12) - (1 << 32 if last >= 1 << 19 else 0))
    if m == "auipc":
        return ("P", i.address + ((last << 12) - (1 << 32 if last >= 1 << 19 else 0)))
    if m in ("bseti", "bclri", "binvi") and values[0][0] == "I":
        bit, old = 1 << last, values[0][1] & WORD
        return constant({"bseti": old | bit, "bclri": old & ~bit, "binvi": old ^ bit}[m])
    if m == "addi":
        return add(values[0], constant(last), fields)
    if m in ("addiw", "sext.w"):
        if values[0][0] == "I":
            wrapped = (values[0][1] + (last or 0)) & HALF
            return constant(wrapped - (1 << 32 if wrapped >> 31 else 0))
        return sign_extended(add(values[0], constant(last or 0), fields), 4) if (last or 0) >= 0 else ANY
    if m == "addw":
        return sign_extended(add(values[0], values[1], fields), 4)
    if m == "slliw":
        return sign_extended(scaled(values[0], 1 << last), 4)
    if m == "add":
        return add(values[0], values[1], fields)
    if m == "sub":
        if values[1][0] == "I":
            return add(values[0], constant(-values[1][1]), fields)
        return ANY if is_number(values[0]) else add(values[0], ANY, fields)
    if m in ("add.uw", "zext.w"):
        low = truncated(values[0], HALF)
        return low if m == "zext.w" else add(low, values[1], fields)
    found = re.match(r"^sh([123])add(\.uw)?$", m)
    if found:
        low = truncated(values[0], HALF) if found.group(2) else values[0]
        return add(scaled(low, 1 << int(found.group(1))), values[1], fields)
    if m in ("slli", "slli.uw") and last is not None:
        # A small constant may be the index of a jump table, so it is treated as an upper bound.
        if values[0][0] == "I" and m == "slli" and not 0 <= values[0][1] << last < 1 << 20:
            return constant(values[0][1] << last & WORD)
        return scaled(truncated(values[0], HALF) if m == "slli.uw" else values[0], 1 << last)
    if m == "srli":
        bound = bound_of(values[0])
        return number((WORD if bound is None else bound) >> last)
    if m == "srliw" and last:
        return number(truncated(values[0], HALF)[1] >> last)
    if m == "andi":
        bound = bound_of(values[0])
        if values[0][0] in "FR" and last < 0:
            return values[0]
        if values[0][0] == "M" and last < 0:  # aligns the address down; the base is aligned
            return ("M", values[0][1], values[0][2], max(values[0][3] + last + 1, 0))
        return number(min(WORD if bound is None else bound, WORD if last < 0 else last))
    if m in ("and", "minu"):
        bounds = [b for b in map(bound_of, values) if b is not None]
        return number(min(bounds)) if bounds else ANY
    if m in ("or", "xor", "ori", "xori", "maxu"):
        bounds = [last if last is not None else bound_of(values[-1]), bound_of(values[0])]
        return UNKNOWN if None in bounds else ANY if min(bounds) < 0 else number((1 << max(bounds).bit_length()) - 1)
    if (m in ("divu", "divuw", "remu", "remuw", "srl", "srlw")
            or m in ("mul", "mulw") and None not in map(bound_of, values)):
        # A divisor that may be 0 was tested before.
        bound = bound_of(values[0]) if not m.startswith("mul") else bound_of(values[0]) * bound_of(values[1])
        return UNKNOWN if bound is None else sign_extended(number(bound), 4 if m.endswith("w") else 8)
    if m in ("zext.b", "zext.h"):
        return truncated(values[0], 0xff if m == "zext.b" else 0xffff)
    if m in ("slt", "slti", "sltu", "sltiu", "seqz", "snez", "sltz", "sgtz", "feq.s", "feq.d", "flt.s", "flt.d",
             "fle.s", "fle.d",
             "fgt.s", "fgt.d", "fge.s", "fge.d", "bext", "bexti"):
        return number(1)
    if m in ("clz", "ctz", "cpop", "clzw", "ctzw", "cpopw"):
        return number(64)
    return ANY
