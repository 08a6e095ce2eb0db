#!/usr/bin/env python3
"""Writes contention.wast: threads that count with every atomic instruction, take a lock, and grow the memory."""
THREADS = 4
ROUNDS = 20000
WIDTHS = [("i32", "8", "_u", 1), ("i32", "16", "_u", 2), ("i32", "", "", 4), ("i64", "8", "_u", 1),
          ("i64", "16", "_u", 2),
          ("i64", "32", "_u", 4), ("i64", "", "", 8)]


def name(kind, width, operation, suffix):
    """Returns the name of an atomic read-modify-write instruction."""
    return f"{kind}.atomic.rmw{width}.{operation}{suffix}"


def worker():
    """Prints the functions of a thread."""
    print("""  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 200 shared)""")
    # The cells lie next to each other, so that narrow ones are changed while their neighbours are.
    body, at = [], 0
    for kind, width, suffix, size in WIDTHS:
        at = (at + 7) & ~7
        for operation, value in (("add", 3), ("sub", 5)):
            body.append(f"(drop ({name(kind, width, operation, suffix)} (i32.const {at}) ({kind}.const {value})))")
            at += size
        body.append(f"""
        (loop $again
          (local.set ${kind} ({kind}.atomic.load{width}{suffix} (i32.const {at})))
          (br_if $again ({kind}.ne (local.get ${kind})
            ({name(kind, width, "cmpxchg", suffix)} (i32.const {at}) (local.get ${kind})
              ({kind}.add (local.get ${kind}) ({kind}.const 1))))))""")
        at += size
    lines = "\n        ".join(body)
    print(f"""    (func (export "count") (param $n i32) (local $i32 i32) (local $i64 i64)
      (loop $round
        {lines}
        (br_if $round (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))""")
    # Each thread has a bit, which it changes with operations that AMOs do on words. The other bits must stay.
    print("""    (func (export "bits") (param $me i32) (param $n i32)
      (loop $round
        (drop (i32.atomic.rmw8.or_u (i32.const 1024) (local.get $me)))
        (if (i32.eqz (i32.and (i32.atomic.load8_u (i32.const 1024)) (local.get $me))) (then (unreachable)))
        (i64.atomic.rmw16.xor_u (i32.const 1026) (i64.extend_i32_u (local.get $me))) (drop)
        (i32.atomic.rmw8.and_u (i32.const 1024) (i32.xor (local.get $me) (i32.const -1)))
        (if (i32.eqz (i32.and (local.get $me))) (then (unreachable)))
        (i64.atomic.rmw16.xor_u (i32.const 1026) (i64.extend_i32_u (local.get $me)))
        (if (i64.eqz (i64.and (i64.extend_i32_u (local.get $me)))) (then (unreachable)))
        (br_if $round (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))""")
    # A lock with three states protects a plain counter.
    print("""    (func (export "locked") (param $n i32) (local $state i32)
      (loop $round
        (local.set $state (i32.atomic.rmw.cmpxchg (i32.const 2048) (i32.const 0) (i32.const 1)))
        (if (local.get $state)
          (then
            (if (i32.ne (local.get $state) (i32.const 2))
              (then (local.set $state (i32.atomic.rmw.xchg (i32.const 2048) (i32.const 2)))))
            (block $taken
              (loop $wait
                (br_if $taken (i32.eqz (local.get $state)))
                (drop (memory.atomic.wait32 (i32.const 2048) (i32.const 2) (i64.const -1)))
                (local.set $state (i32.atomic.rmw.xchg (i32.const 2048) (i32.const 2)))
                (br $wait)))))
        (i64.store (i32.const 2056) (i64.add (i64.load (i32.const 2056)) (i64.const 1)))
        (i64.store (i32.const 2064) (i64.add (i64.load (i32.const 2064)) (i64.load (i32.const 2056))))
        (if (i32.ne (i32.atomic.rmw.xchg (i32.const 2048) (i32.const 0)) (i32.const 1))
          (then (drop (memory.atomic.notify (i32.const 2048) (i32.const 1)))))
        (br_if $round (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))""")
    # Once a thread has seen a size, it may use this memory, at once and later.
    print("""    (func (export "grow") (param $n i32) (result i32) (local $size i32) (local $grown i32)
      (loop $round
        (local.set $size (memory.size))
        (drop (i64.atomic.rmw.add (i32.sub (i32.shl (local.get $size) (i32.const 16)) (i32.const 8)) (i64.const 1)))
        (if (i32.lt_u (memory.size) (local.get $size)) (then (unreachable)))
        (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
          (then (local.set $grown (i32.add (local.get $grown) (i32.const 1)))))
        (memory.fill (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4096)) (i32.const 0) (i32.const 16))
        (br_if $round (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (drop (i32.atomic.rmw.add (i32.const 4096) (local.get $grown)))
      (local.get $grown))
    (func (export "grown at most") (param i32) (result i32) (i32.le_u (memory.size) (local.get 0))))""")


print(';; Made by contention.py.\n\n(module $mem\n  (memory (export "shared") 1 200 shared)')
for kind, width, suffix, size in WIDTHS:
    print(f'  (func (export "get {kind} {width}") (param i32) (result {kind}) ({kind}.atomic.load{width}{suffix} '
          '(local.get 0)))')
print('  (func (export "size") (result i32) (memory.size)))')
for thread in range(THREADS):
    print(f"(thread $t{thread} (shared (module $mem))")
    worker()
    print(f'  (invoke "count" (i32.const {ROUNDS}))')
    print(f'  (invoke "bits" (i32.const {1 << thread}) (i32.const {ROUNDS}))')
    print(f'  (invoke "locked" (i32.const {ROUNDS // 20}))')
    print('  (invoke "grow" (i32.const 100))')
    print('  (assert_return (invoke "grown at most" (i32.const 200)) (i32.const 1)))')
for thread in range(THREADS):
    print(f"(wait $t{thread})")
at = 0
for kind, width, suffix, size in WIDTHS:
    at = (at + 7) & ~7
    for total in (3 * ROUNDS * THREADS, -5 * ROUNDS * THREADS, ROUNDS * THREADS):
        value = total % (1 << (8 * size))
        print(f'(assert_return (invoke $mem "get {kind} {width}" (i32.const {at})) ({kind}.const {value}))')
        at += size
print('(assert_return (invoke $mem "get i32 8" (i32.const 1024)) (i32.const 0))')
print('(assert_return (invoke $mem "get i32 16" (i32.const 1026)) (i32.const 0))')
count = ROUNDS // 20 * THREADS
print(f'(assert_return (invoke $mem "get i64 " (i32.const 2056)) (i64.const {count}))')
print(f'(assert_return (invoke $mem "get i64 " (i32.const 2064)) (i64.const {count * (count + 1) // 2}))')
print('(assert_return (invoke $mem "size") (i32.const 200))')
print('(assert_return (invoke $mem "get i32 " (i32.const 4096)) (i32.const 199))')
