"""Follows the control flow of one function, keeps track of the contents of registers and slots (values.py), and checks
each instruction that it reaches."""
from values import CONTEXT, RESTORE_FIELD, RETURN, RUNTIME, UNKNOWN, base_of, bound_of

# Bytes of address space that a memory with guard pages reserves (kGuardedReservation in src/abi/vmcontext.hpp).
RESERVATION = (1 << 32) + (1 << 31) + 65536
# Numbers of traps in src/wasm/types/trap.def: out_of_bounds_memory_access and indirect_call_type_mismatch; and those of
# all checks after which code masks what it has checked: these two, out_of_bounds_table_access, undefined_element and
# out_of_bounds_array_access.
OUT_OF_BOUNDS = 4
TYPE_MISMATCH = 6
MASKED = {OUT_OF_BOUNDS, 5, TYPE_MISMATCH, 8, 18}


class FunctionCheck:
    """The check of one function. `index` stands for the index of an instruction in `body`, and `i` for the instruction.
    `states` has the state at the beginning of each block, by the index of the block's first instruction. `work` has the
    blocks to be followed, by the same index, `seen` the indices of the instructions that were reached, and `at_tables`
    the states at jumps through tables. `guesses` says whether explore() has guessed targets of such jumps. In the
    checker, `fields` has the offsets of the context's fields that are known to hold the base of a memory, `learned`
    those that accesses show to hold one, and `guarded` those of memories with guard pages."""

    def __init__(self, checker, function):
        self.checker, self.object, self.function = checker, checker.object, function
        self.target = self.object.target
        self.body = self.object.body_of(function)
        self.local = {i.address: n for n, i in enumerate(self.body)}
        self.fields = checker.fields
        self.states, self.work, self.seen, self.at_tables = {}, [], set(), []
        self.reporting = self.guesses = False

    def explore(self):
        """Computes the states at the beginnings of basic blocks, until none of them changes any more."""
        if self.body:
            self.reach(self.function.begin, self.target.entry_state(), self.body[0])
        self.drain()
        # Code that was not reached is taken for a target of a jump table, because the checker may not find targets for
        # indices that never occur. It begins with the states of all jumps through tables.
        while self.at_tables and self.lost():
            self.guesses = True
            place = self.lost()
            for state in self.at_tables:
                self.reach(place.address, state, place)
            self.drain()

    def drain(self):
        """Follows blocks until none is left whose state has changed."""
        while self.work:
            self.follow(self.work.pop())

    def lost(self):
        """Returns the first instruction that was not reached and is no padding, or None."""
        return next((i for n, i in enumerate(self.body) if n not in self.seen
                     and i.mnemonic not in self.target.padding), None)

    def report(self):
        """Goes through all blocks once more, and reports their problems."""
        self.reporting = True
        if not self.body:
            self.checker.problem(f"function {self.function.index}", "does not begin at an instruction")
        for index in sorted(self.states):
            self.follow(index)
        if self.lost():
            self.complain(self.lost(), "is not reached")

    def complain(self, instruction, text):
        """Notes a problem, once the states are complete."""
        if self.reporting:
            self.checker.problem(instruction, text)

    def reach(self, address, state, source):
        """Joins `state` with that of the block at `address`. `source` is the instruction that leads there."""
        index = self.local.get(address)
        if index is None:
            self.complain(source, f"goes to {address:x}, where no instruction of the function is")
        elif index not in self.states:
            self.states[index] = state.copy()
            self.work.append(index)
        else:
            old = self.states[index]
            if old.get(self.target.stack) != state.get(self.target.stack):
                self.complain(source,
                              f"leaves the stack at {state.get(self.target.stack)[1]} where "
                              f"{old.get(self.target.stack)[1]} is expected")
            elif not self.reporting and old.merge(state):
                self.work.append(index)

    def follow(self, index):
        """Follows the block that begins at `index` to a jump, or to the beginning of the next block."""
        state, first = self.states[index].copy(), index
        while True:
            i = self.body[index]
            if index != first and index in self.states:
                return self.reach(i.address, state, i)
            self.seen.add(index)
            if not self.step(index, i, state):
                return
            index += 1
            if index == len(self.body):
                return

    def depth(self, state):
        """Returns the stack pointer, relative to that at the function's entry."""
        return state.get(self.target.stack)[1]

    def step(self, index, i, state):
        """Follows one instruction. Returns whether control continues after it."""
        function, target = self.function, self.target
        kind, where = target.flow(i, state)
        self.inspect(index, i, state)
        if not target.step(i, state, self.fields):
            self.complain(i, "moves the stack pointer in a way that cannot be followed")
            return False
        inside = where is not None and kind in ("jump", "branch") and function.begin <= where < function.end
        if kind == "branch":
            self.check_mask(index, i, where)
            if inside:
                taken = state.copy()
                target.learn_from_branch(i, taken, True)
                self.reach(where, taken, i)
            else:
                self.complain(i, "leaves the function")
            target.learn_from_branch(i, state, False)
        elif kind == "jump":
            if inside:
                self.reach(where, state, i)
            else:
                self.leave(i, state, self.object.starts.get(where), where)
        elif kind == "table":
            self.follow_table(index, i, state, where)
        elif kind == "indirect":
            self.leave(i, state, None, None)
        elif kind == "return":
            self.end(i, state, where)
        elif kind == "call":
            return self.call(i, state, where)
        return kind in ("next", "branch")

    def check_mask(self, index, i, where):
        """Checks that code masks what the branch to a trap has checked, in case that the CPU mispredicts the branch."""
        if not self.reporting:
            return
        kind = self.trap_at(where)
        if kind is None and index + 1 < len(self.body) and self.body[index + 1].end == where:
            # A branch that does not reach the trap skips a jump to it.
            index += 1
            kind = self.trap_at(self.target.flow(self.body[index], self.states[0])[1])
        if kind in MASKED and self.target.is_bound_check(i, kind == TYPE_MISMATCH):
            self.checker.totals["masked"] += 1
            if not self.target.is_masked(self.body[max(0, index - 8):index], i, self.following(index + 1, 8)):
                self.complain(i, "does not mask what it checks")

    def following(self, index, count):
        """Returns the next `count` instructions, from that with this index on. Jumps are followed, and are not among
        them."""
        found = []
        while index is not None and index < len(self.body) and len(found) < count:
            i = self.body[index]
            kind, where = self.target.flow(i, self.states[0])
            if kind == "jump":
                count, index = count - 1, self.local.get(where)
            else:
                found.append(i)
                index += 1
        return found

    def trap_at(self, address):
        """Returns the kind of the trap that an instruction at this address raises on purpose, or None."""
        place = self.local.get(address) if isinstance(address, int) else None
        if place is None or self.body[place].mnemonic not in self.target.traps_on_purpose:
            return None
        return self.object.traps.get(address)

    def follow_table(self, index, i, state, table):
        """Follows a jump through a table, a value of kind "J", to all its targets."""
        if not self.reporting and not any(state.registers == other.registers for other in self.at_tables):
            self.at_tables.append(state.copy())
        # The instructions before the jump are searched for the comparison of the index.
        before = self.body[max(0, index - self.target.table_window):index]
        targets, known = self.target.table_targets(self.object, table, self.local, before)
        if not self.target.is_table_masked(before):
            self.complain(i, "goes through a table with an index that is not masked")
        if self.reporting:
            self.checker.totals["tables"] += 1
            self.checker.totals["tables of unknown length"] += not known
        if not targets:
            self.complain(i, "goes through a table that has no entries")
        for place in dict.fromkeys(targets):
            if place is None:
                self.complain(i, "goes through a table with an entry that is none")
            else:
                self.reach(place, state, i)

    def call(self, i, state, where):
        """Checks a call and applies it to the state. `where` is the callee's address, or None. Returns whether control
        continues after it."""
        target, registers = self.target, state.registers
        depth = self.depth(state)
        if where is not None:
            if where not in self.object.starts:
                self.complain(i, "calls something that is no function")
            if registers.get(target.context) != CONTEXT or registers.get(target.memory) != base_of(0):
                self.complain(i,
                              f"calls with {registers.get(target.context)} for the context and "
                              f"{registers.get(target.memory)} for the memory")
        if depth % 16 != target.call_alignment:
            self.complain(i, f"calls with the stack at {depth}")
        if i.end not in self.object.calls:
            self.complain(i, "has no call record")
        popped = self.object.calls.get(i.end, 0)
        if where in self.object.starts and self.object.starts[where].argument_bytes != popped:
            self.complain(i, f"has {popped} bytes popped by what pops {self.object.starts[where].argument_bytes}")
        if self.reporting:
            self.check_stack_map(i, state)
        if where is None and target.called_builtin(i, state) in self.checker.keeping:
            registers[target.builtin_result] = UNKNOWN
        else:
            self.clobber(state, depth + popped)
        registers[target.stack] = ("S", depth + popped)
        if i.end in self.object.handlers:
            landing = state.copy()
            landing.registers[target.stack] = ("S", -self.function.frame_bytes)
            for pinned in (target.context, target.memory):
                landing.registers.pop(pinned, None)
            self.reach(self.object.handlers[i.end], landing, i)
        state.compared = None
        # A call that does not return may be the last instruction.
        return i.end < self.function.end

    def clobber(self, state, depth):
        """Forgets what a call may change: registers, its arguments on the stack, and results in the frame whose address
        the callee gets."""
        given = [v[1] for r, v in state.registers.items() if v[0] == "S" and v[1] is not None
                 and r != self.target.stack]
        for register in list(state.registers):
            if register not in self.target.kept_over_calls and register != "zero":
                del state.registers[register]
        lowest = min(given, default=None)
        for slot, value in list(state.slots.items()):
            if slot < depth:
                del state.slots[slot]
            elif lowest is not None and slot >= lowest and value[0] not in "ACK":
                state.slots[slot] = UNKNOWN

    def check_stack_map(self, i, state):
        """Checks that the stack map of a call names only slots that may hold references."""
        for distance in self.object.stack_maps.get(i.end, ()):
            place = distance - self.function.frame_bytes
            if place >= 0:
                self.complain(i, f"has a stack map that names a slot outside of the frame, {distance}")
            elif distance >= 0 and place not in state.slots and not self.guesses:
                self.complain(i, f"has a stack map that names a slot nothing was written to, {distance}")
            elif distance >= 0 and state.load(place, 8)[0] in "NI" and bound_of(state.load(place, 8)) >= 1 << 32:
                self.complain(i, f"has a stack map that names a slot with more than 32 bits, {distance}")

    def end(self, i, state, popped):
        """Checks a return, or on x86-64 a tail call to an address that was pushed."""
        depth = self.depth(state)
        if self.target.name == "riscv64":
            address, expected, popped = state.get("ra"), self.function.argument_bytes, 0
        else:
            address, expected = state.load(depth, 8), 0
            # A tail call has pushed the callee's address, to which `ret` jumps. The return address is in the next slot.
            if address[0] in "RF" and popped == 0:
                self.check_restored(i, state, False)
                return self.check_return_address(i, state.load(depth + 8, 8))
        if address != RETURN:
            return self.complain(i, f"returns to {address}")
        if depth != expected or self.target.name != "riscv64" and popped != self.function.argument_bytes:
            self.complain(i, f"returns with the stack at {depth}, popping {popped} of {self.function.argument_bytes}")
        self.check_restored(i, state, True)

    def leave(self, i, state, callee, where):
        """Checks a tail call."""
        depth, is_riscv = self.depth(state), self.target.name == "riscv64"
        if where is not None and callee is None:
            return self.complain(i, f"leaves the function for {where:x}, where none begins")
        self.check_return_address(i, state.get("ra") if is_riscv else state.load(depth, 8))
        if callee is not None and depth != self.function.argument_bytes - callee.argument_bytes:
            self.complain(i,
                          f"leaves with the stack at {depth}, not "
                          f"{self.function.argument_bytes - callee.argument_bytes}")
        self.check_restored(i, state, callee is not None)

    def check_return_address(self, i, value):
        """Checks the address to which a tail call's callee will return."""
        if value not in (RETURN, ("F", RESTORE_FIELD)):
            self.complain(i, f"leaves {value} for the callee to return to")

    def check_restored(self, i, state, same_instance):
        """Checks that callee-saved registers have their old values, and the context, too, if `same_instance`."""
        for register in self.target.callee_saved:
            if state.get(register) != ("K", register):
                self.complain(i, f"leaves the function with {state.get(register)} in {register}")
        if same_instance and (state.get(self.target.context) != CONTEXT or state.get(self.target.memory) != base_of(0)):
            self.complain(i, "leaves the function with another context or memory")

    def inspect(self, index, i, state):
        """Checks the stack pointer where the frame's record tells unwinders about it, and checks accesses to memory."""
        function, depth = self.function, self.depth(state)
        if i.address in (function.body_begin, function.frame_begin) and depth != -function.frame_bytes:
            self.complain(i, f"has the stack at {depth}, not {-function.frame_bytes} as the frame's record says")
        if self.reporting and i.address in self.object.traps:
            expected = -function.frame_bytes if i.address >= function.frame_begin else 0
            if depth != expected:
                self.complain(i, f"may trap with the stack at {depth}, not {expected}")
        elif self.reporting and i.mnemonic in self.target.traps_on_purpose:
            self.complain(i, "traps and has no entry in the trap table")
        accessed = self.target.access(i)
        if accessed and self.target.flow(i, state)[0] in ("next", "branch"):
            self.inspect_access(index, i, state, accessed[1])

    def inspect_access(self, index, i, state, size):
        """Checks an access of `size` bytes to memory."""
        pointer, displacement = self.target.classify(i, state, self.fields)
        kind = pointer[0]
        if kind in "?NI" and self.object.traps.get(i.address, OUT_OF_BOUNDS) != OUT_OF_BOUNDS:
            # The instruction uses the value as a reference, so after it the value is a reference that is not null.
            state.registers[self.target.base_register(i)] = RUNTIME
        has_entry = i.address in self.object.traps or self.target.keeps_entry_elsewhere(i)
        if kind in "SCPJ":
            return
        if self.object.traps.get(i.address) == OUT_OF_BOUNDS and not self.reporting:
            if kind == "M":
                self.checker.guarded.add(pointer[1])
            elif kind == "F":
                self.checker.learned.add(pointer[1])
        if not self.reporting:
            return
        totals = self.checker.totals
        totals["accesses"] += 1
        if kind == "M":
            if pointer[1] not in self.checker.guarded:
                totals["checked"] += 1
                return
            # The 24 instructions before the access are searched for a bounds check.
            before = self.body[max(0, index - 24):index]
            if not has_entry:
                if self.target.is_checked(before):
                    totals["checked"] += 1  # an offset beyond the guard pages
                else:
                    self.complain(i, "accesses a memory and has no entry in the trap table")
                return
            if pointer[2] is None:
                totals["unknown index"] += 1
            elif pointer[2] + displacement + size > RESERVATION or pointer[3] + displacement < 0:
                self.complain(i,
                              f"accesses a memory {pointer[3] + displacement:#x} to {pointer[2] + displacement:#x} "
                              "from its base")
        elif has_entry or kind in "FRBA":
            return
        elif kind == "?":
            totals["unknown pointer"] += 1
        else:
            self.complain(i, f"accesses what {pointer} points to and has no entry in the trap table")
