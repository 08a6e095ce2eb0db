;; Traps beside threads that wait: the waiters continue to wait, and each is woken once, by a notification.

(module $mem (memory (export "shared") 1 1 shared))
(register "mem" $mem)
(module $m
  (memory (import "mem" "shared") 1 1 shared)
  ;; Cell 4 counts the threads that are about to wait, and cell 8 those that were woken.
  (func $until (param $cell i32) (param $count i32)
    (loop $again (br_if $again (i32.lt_u (i32.atomic.load (local.get $cell)) (local.get $count)))))
  ;; Traps in one of several ways while threads wait for cell 0.
  (func (export "trap") (param $how i32)
    (call $until (i32.const 4) (i32.const 2))
    (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 (local.get $how)))
      (drop (memory.atomic.notify (i32.const 2) (i32.const -1))))
      (drop (memory.atomic.notify (i32.const 0x10000) (i32.const -1))))
      (drop (memory.atomic.wait32 (i32.const 1) (i32.const 0) (i64.const -1))))
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1)))
      (drop (i32.div_u (i32.const 1) (i32.sub (i32.const 1000) (i32.atomic.load (i32.const 12)))))
      (br $again)))
  (func (export "get") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  ;; Notifies at most one waiter at a time, and returns how many were woken.
  (func (export "wake") (param $count i32) (result i32)
    (local $woken i32)
    (loop $again
      (local.set $woken (i32.add (local.get $woken) (memory.atomic.notify (i32.const 0) (i32.const 1))))
      (br_if $again (i32.lt_u (local.get $woken) (local.get $count))))
    (call $until (i32.const 8) (local.get $count))
    (i32.add (local.get $woken) (memory.atomic.notify (i32.const 0) (i32.const -1))))
)
(thread $a (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (result i32)
      (local $result i32)
      (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (local.set $result (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 120_000_000_000)))
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
      (local.get $result)))
  (assert_return (invoke "wait") (i32.const 0)))
(thread $b (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    ;; This thread traps first.
    (func (export "trap") (drop (i64.atomic.rmw.add (i32.const 20) (i64.const 1))))
    (func (export "wait") (result i32)
      (local $result i32)
      (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (local.set $result (memory.atomic.wait64 (i32.const 0) (i64.const 0x7_0000_0000) (i64.const -1)))
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
      (local.get $result)))
  (assert_trap (invoke "trap") "unaligned atomic")
  ;; The upper half, cell 4, never becomes 7, so the value is not the expected one.
  (assert_return (invoke "wait") (i32.const 1)))
(wait $b)
(assert_trap (invoke $m "trap" (i32.const 0)) "unaligned atomic")
(assert_trap (invoke $m "trap" (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke $m "trap" (i32.const 2)) "unaligned atomic")
(assert_trap (invoke $m "trap" (i32.const 3)) "integer divide by zero")
(assert_return (invoke $m "get" (i32.const 12)) (i32.const 1000))
;; $b returned without being woken; $a still waits.
(assert_return (invoke $m "get" (i32.const 8)) (i32.const 1))
(assert_return (invoke $m "wake" (i32.const 1)) (i32.const 1))
(wait $a)
(assert_return (invoke $m "get" (i32.const 8)) (i32.const 2))
