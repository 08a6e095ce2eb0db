#!/usr/bin/env python3
"""Writes litmus.wast: message passing, store buffering, load buffering and independent reads of independent writes.

Each test runs over an array of cells, in which each variable has its own cache line. The threads meet before each chunk
of cells, so that they are at the same cells at about the same time. What each has read is kept; at the end, the script
counts the combinations that sequential consistency forbids, and there must be none. usage: litmus.py [CHUNKS [--list]];
with --list, the script fails and shows the number of combinations that were seen. A small number means that the threads
did not meet.
"""
import sys

CELLS = 1000
CHUNKS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
X, Y = 1 << 20, (1 << 20) + 64  # addresses of x and y of cell 0; those of cell i are 128 * i higher
READS = 4 << 20                 # read r of cell i in chunk c is kept in the byte at READS + 4 * (CELLS * c + i) + r
PAGES = (READS + 4 * CELLS * CHUNKS >> 16) + 1

# name: the steps of each thread, and the forbidden reads. W: atomic write of 1 (W2: of 2); Rn: atomic read number n;
# w, rn: the same, but plain; S: write by an atomic exchange; Cn: read by an atomic compare-exchange; F: fence.
TESTS = {
    "message passing": ([["w x", "W y"], ["R0 y", "r1 x"]], {0: 1, 1: 0}),
    "message passing by exchange": ([["w x", "S y"], ["C0 y", "r1 x"]], {0: 1, 1: 0}),
    "message passing by fences": ([["w x", "F", "w y"], ["r0 y", "F", "r1 x"]], {0: 1, 1: 0}),
    "store buffering": ([["W x", "R0 y"], ["W y", "R1 x"]], {0: 0, 1: 0}),
    "store buffering, plain after exchange": ([["S x", "R0 y"], ["S y", "R1 x"]], {0: 0, 1: 0}),
    "store buffering by fences": ([["w x", "F", "r0 y"], ["w y", "F", "r1 x"]], {0: 0, 1: 0}),
    "load buffering": ([["R0 x", "W y"], ["R1 y", "W x"]], {0: 1, 1: 1}),
    "independent reads": ([["W x"], ["W y"], ["R0 x", "R1 y"], ["R2 y", "R3 x"]], {0: 1, 1: 0, 2: 1, 3: 0}),
    "coherence": ([["W x", "W2 x"], ["R0 x", "R1 x"]], {0: 2, 1: 1}),
}


def step(text):
    """Returns the instruction for a step of a test."""
    if text == "F":
        return "(atomic.fence)"
    kind, variable = text.split()
    at = f"(i32.add (local.get $at) (i32.const {X if variable == 'x' else Y}))"
    value = kind[1:] or "1"
    keep = lambda read: f"(i32.store8 offset={READS + int(kind[1:])} (local.get $out) {read})"
    return {
        "w": lambda: f"(i32.store {at} (i32.const {value}))",
        "W": lambda: f"(i32.atomic.store {at} (i32.const {value}))",
        "S": lambda: f"(drop (i32.atomic.rmw.xchg {at} (i32.const {value})))",
        "r": lambda: keep(f"(i32.load {at})"),
        "R": lambda: keep(f"(i32.atomic.load {at})"),
        "C": lambda: keep(f"(i32.atomic.rmw.cmpxchg {at} (i32.const 0) (i32.const 0))"),
    }[kind[0]]()


def thread(module, count, steps):
    """Returns a module whose `run` waits for the other threads before and after each chunk."""
    body = "\n          ".join(step(s) for s in steps)
    return f"""(register "mem" {module})
  (module
    (memory (import "mem" "shared") {PAGES} {PAGES} shared)
    ;; Cell 0 counts arrivals.
    (func $meet (param $all i32)
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
      (call $reached (local.get $all)))
    (func $reached (param $all i32) (local $now i32) (local $spins i32)
      (block $done
        (loop $again
          (local.set $now (i32.atomic.load (i32.const 0)))
          (br_if $done (i32.ge_u (local.get $now) (local.get $all)))
          (br_if $again (i32.lt_u (local.tee $spins (i32.add (local.get $spins) (i32.const 1))) (i32.const 50000)))
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $now) (i64.const 1000000000)))
          (br $again))))
    (func (export "run") (local $chunk i32) (local $i i32) (local $at i32) (local $out i32)
      (loop $chunks
        (call $meet (i32.mul (i32.add (i32.shl (local.get $chunk) (i32.const 1)) (i32.const 1)) (i32.const {count})))
        (local.set $i (i32.const 0))
        (local.set $at (i32.const 0))
        (local.set $out (i32.shl (i32.mul (local.get $chunk) (i32.const {CELLS})) (i32.const 2)))
        (loop $cells
          {body}
          (local.set $at (i32.add (local.get $at) (i32.const 128)))
          (local.set $out (i32.add (local.get $out) (i32.const 4)))
          (br_if $cells (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {CELLS}))))
        (local.set $chunk (i32.add (local.get $chunk) (i32.const 1)))
        (call $meet (i32.shl (i32.mul (local.get $chunk) (i32.const {count})) (i32.const 1)))
        CLEAR
        (br_if $chunks (i32.lt_u (local.get $chunk) (i32.const {CHUNKS}))))))
  (invoke "run")"""


def clear(first):
    """Returns code of the first thread that clears the cells."""
    # The first thread clears before the next meeting, which the others do not leave without it.
    return f"(memory.fill (i32.const {X}) (i32.const 0) (i32.const {128 * CELLS}))" if first else ""


print(";; Made by litmus.py.")
for number, (name, (threads, forbidden)) in enumerate(TESTS.items()):
    module = f"$m{number}"
    matches = " ".join(f"(i32.eq (i32.load8_u offset={READS + read} (local.get $out)) (i32.const {value}))"
                       for read, value in forbidden.items())
    condition = matches
    for _ in range(len(forbidden) - 1):
        condition += " (i32.and)"
    print(f"""
;; {name}
(module {module}
  (memory (export "shared") {PAGES} {PAGES} shared)
  (func (export "forbidden") (result i32) (local $out i32) (local $count i32)
    (loop $again
      {condition}
      (local.set $count (i32.add (local.get $count)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $out) (i32.const {4 * CELLS * CHUNKS}))))
    (local.get $count))
  ;; How many combinations of reads there are.
  (func (export "kinds") (result i32) (local $out i32) (local $kinds i64)
    (loop $again
      (local.set $kinds (i64.or (local.get $kinds) (i64.shl (i64.const 1) (i64.extend_i32_u (i32.or
        (i32.or (i32.load8_u offset={READS} (local.get $out))
          (i32.shl (i32.load8_u offset={READS + 1} (local.get $out)) (i32.const 2)))
        (i32.or (i32.shl (i32.load8_u offset={READS + 2} (local.get $out)) (i32.const 1))
          (i32.shl (i32.load8_u offset={READS + 3} (local.get $out)) (i32.const 3))))))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $out) (i32.const {4 * CELLS * CHUNKS}))))
    (i32.wrap_i64 (i64.popcnt (local.get $kinds)))))""")
    for i, steps in enumerate(threads):
        print(f"(thread $t{i} (shared (module {module}))\n  "
              + thread(module, len(threads), steps).replace("CLEAR", clear(i == 0)) + ")")
    for i in range(len(threads)):
        print(f"(wait $t{i})")
    print(f'(assert_return (invoke {module} "forbidden") (i32.const 0))')
    if "--list" in sys.argv:
        print(f'(assert_return (invoke {module} "kinds") (i32.const -1)) ;; {name}')
