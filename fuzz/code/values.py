"""Represents what the checker knows about the content of a register or of a slot of the frame. A value is a tuple,
whose first element is the kind:

    ("N", bound)         a number that is at most `bound` when read as unsigned
    ("I", value)         this number
    ("M", field, most, least)  an address from `least` to `most` bytes above the base of a memory; the context keeps the
                         base at offset `field`
    ("C",)               the context (VMContext)
    ("F", field)         the value of the context's field at offset `field`
    ("R",)               another pointer of the runtime, or a value that it points to
    ("B", number)        the code of a builtin
    ("S", offset)        a place in the stack, relative to the stack pointer at the function's entry
    ("P", address)       a place in the code or its constants
    ("E", table, last)   an entry of the jump table at address `table`; its index is at most `last`
    ("J", table, last)   the target of such an entry
    ("A",)               the address to return to
    ("K", register)      the value of a callee-saved register at the function's entry
    ("?",)               not known: an argument, or a call's result
    ("half", bytes)      in slots only: this number of low bytes was written, and the bytes above are not known

A bound, or `most`, is None if it is not known.
"""
WORD = (1 << 64) - 1
HALF = (1 << 32) - 1
UNKNOWN, CONTEXT, RUNTIME, RETURN = ("?",), ("C",), ("R",), ("A",)
ANY = ("N", WORD)

# The bounds of joined values are rounded up to one of these, so that the states in a loop stop changing. The small ones
# are for indices of jump tables.
STEPS = [*range(1, 33), *((1 << bits) - 1 for bits in (6, 7, 8, 16, 31, 32)), HALF + (1 << 16), HALF + (1 << 30),
         (1 << 36) - 1, WORD]


def number(bound):
    """Returns the value of a number that is at most `bound`."""
    return ("N", bound if 0 <= bound < WORD else WORD)


def constant(value):
    """Returns the value of this number."""
    return ("I", value)


def bound_of(value):
    """Returns the largest unsigned 64-bit number that the value can be; None if unknown."""
    if value[0] == "N":
        return value[1]
    if value[0] == "I":
        return value[1] & WORD
    return None if value[0] == "?" else WORD


def base_of(field):
    """Returns the value of the base of a memory, which is in the context's field at this offset."""
    return ("M", field, 0, 0)


def is_number(value):
    """Returns whether the value is a number, perhaps with an unknown bound."""
    return value[0] in "NI"


def truncated(value, bound):
    """Returns the value with only the low bits kept that are ones in `bound`."""
    if value[0] == "I":
        return ("I", value[1] & bound)
    known = bound_of(value)
    return ("N", bound if known is None else min(known, bound))


def round_up(bound):
    """Returns the least of STEPS that is not less than the bound."""
    return next((step for step in STEPS if step >= bound), WORD)


def join_bounds(a, b):
    """Returns a bound for values that have either of two bounds."""
    return None if a is None or b is None else a if a == b else round_up(max(a, b))


def join(a, b):
    """Returns a value that includes both values."""
    if a == b:
        return a
    if is_number(a) and is_number(b):
        return ("N", round_up(max(bound_of(a), bound_of(b))))
    if a[0] == b[0] == "M" and a[1] == b[1]:
        return ("M", a[1], join_bounds(a[2], b[2]), min(a[3], b[3]))
    if a[0] in "FRB" and b[0] in "FRB":
        return RUNTIME
    return UNKNOWN


def scaled(value, factor):
    """Returns the product of a value and a factor."""
    if factor == 1:
        return value
    bound = bound_of(value)
    return UNKNOWN if bound is None else number(bound * factor)


def add(a, b, memory_fields):
    """Returns the sum of two values that are 64 bits wide."""
    if a[0] == "I" and b[0] == "I":
        return ("I", a[1] + b[1])
    for one, other in ((a, b), (b, a)):
        if one[0] == "F" and one[1] in memory_fields:
            one = base_of(one[1])
        if one[0] == "M":
            most = other[1] if other[0] == "I" else bound_of(other)
            return ("M", one[1], None if one[2] is None or most is None else one[2] + most,
                    one[3] + (most if other[0] == "I" else 0))
        if one[0] == "S":
            return ("S", one[1] + other[1]) if other[0] == "I" and one[1] is not None else ("S", None)
        if one[0] == "P" and other[0] == "I":
            return ("P", one[1] + other[1])
        if one[0] == "P" and (is_number(other) or other[0] == "?"):
            return ("J", one[1], bound_of(other))
        if one[0] == "E" and other == ("P", one[1]):
            return ("J", one[1], one[2])
    for one in (a, b):
        if one[0] in "CFRB":
            return RUNTIME
    if a[0] == "?" or b[0] == "?":
        return UNKNOWN
    return number(bound_of(a) + bound_of(b)) if is_number(a) and is_number(b) else ANY


def loaded(base, displacement, memory_fields):
    """Returns the value of the 8 bytes at a displacement from a pointer that does not point into the frame."""
    if base[0] == "C":
        if displacement == 0:
            return base_of(0)
        return base_of(displacement) if displacement in memory_fields else ("F", displacement)
    if base[0] == "F" and base[1] == BUILTINS_FIELD:
        return ("B", displacement // 8)
    if base[0] in "FRB":
        return RUNTIME
    return UNKNOWN if base[0] == "?" else ANY


# Offsets in VMContext (src/abi/vmcontext.hpp).
BUILTINS_FIELD, RESTORE_FIELD = 24, 40


class State:
    """The contents of registers and of slots of the frame at one place in the code. The stack pointer's register holds
    ("S", depth). `compared` is (register, limit) after a compare of x86-64 with a constant, otherwise None."""
    __slots__ = ("registers", "slots", "compared")

    def __init__(self, registers, slots):
        self.registers, self.slots, self.compared = registers, slots, None

    def copy(self):
        return State(dict(self.registers), dict(self.slots))

    def get(self, register):
        """Returns the value of a register."""
        return self.registers.get(register, UNKNOWN)

    def store(self, offset, size, value):
        """Writes `size` bytes to the stack; if there are 8, `value` is their value."""
        for slot in range(offset - 7, offset + size):
            self.slots.pop(slot, None)
        if size == 8:
            self.slots[offset] = value
        else:
            for slot in range(offset, offset + size - size % 8, 8):
                self.slots[slot] = ANY
            if size < 8:
                self.slots[offset] = ("half", size)

    def load(self, offset, size):
        """Returns the value of `size` bytes of the stack, zero-extended."""
        value = self.slots.get(offset, UNKNOWN)
        if value[0] == "half":
            value = ANY if size > value[1] else number((1 << 8 * size) - 1)
        return value if size == 8 else truncated(value, (1 << 8 * size) - 1)

    def merge(self, other):
        """Joins this state with that of another path to the same place. Returns whether this state has changed."""
        registers = {r: join(v, other.registers[r]) for r, v in self.registers.items() if r in other.registers}
        slots = {s: v if v == other.slots[s] else ANY if "half" in (v[0], other.slots[s][0])
                 else join(v, other.slots[s])
                 for s, v in self.slots.items() if s in other.slots}
        if registers == self.registers and slots == self.slots:
            return False
        self.registers, self.slots = registers, slots
        return True
