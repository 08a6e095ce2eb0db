;; Tests of shared memories that need only one thread at a time; a thread may run only while the script waits for it.

(module $mem
  (memory (export "shared") 1 4 shared)
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "get") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "set") (param i32 i32) (i32.atomic.store (local.get 0) (local.get 1)))
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait far") (param i32) (result i32)
    (memory.atomic.wait32 offset=0xfffffffc (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify (local.get 0) (local.get 1))))

(assert_return (invoke "wait32" (i32.const 0) (i32.const 1) (i64.const -1)) (i32.const 1))
(assert_return (invoke "wait32" (i32.const 0) (i32.const 0) (i64.const 0)) (i32.const 2))
(assert_return (invoke "wait32" (i32.const 0) (i32.const 0) (i64.const 3000000)) (i32.const 2))
(assert_return (invoke "wait64" (i32.const 8) (i64.const 0x1_0000_0000) (i64.const -1)) (i32.const 1))
(assert_return (invoke "wait64" (i32.const 8) (i64.const 0) (i64.const 3000000)) (i32.const 2))
(assert_return (invoke "notify" (i32.const 0) (i32.const -1)) (i32.const 0))
(assert_return (invoke "notify" (i32.const 65532) (i32.const 1)) (i32.const 0))

(assert_trap (invoke "wait32" (i32.const 2) (i32.const 0) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke "wait64" (i32.const 4) (i64.const 0) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke "notify" (i32.const 1) (i32.const 0)) "unaligned atomic")
(assert_trap (invoke "wait32" (i32.const 65536) (i32.const 0) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "wait64" (i32.const 65536) (i64.const 0) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "wait far" (i32.const 8)) "out of bounds memory access")
(assert_trap (invoke "notify" (i32.const 65536) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "get" (i32.const 65536)) "out of bounds memory access")
;; An address that is unaligned and out of bounds.
(assert_trap (invoke "get" (i32.const 65537)) "unaligned atomic")
;; No other thread has the memory, so nothing can end this wait.
(assert_trap (invoke "wait32" (i32.const 0) (i32.const 0) (i64.const -1)) "deadlock")

;; Instances of one store see the same length and bytes.
(register "mem" $mem)
(module $other
  (memory (import "mem" "shared") 1 5 shared)
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "get") (param i32) (result i32) (i32.load (local.get 0))))
(assert_return (invoke $other "size") (i32.const 1))
(assert_return (invoke $mem "grow" (i32.const 1)) (i32.const 1))
(assert_return (invoke $other "size") (i32.const 2))
(assert_return (invoke $other "grow" (i32.const 2)) (i32.const 2))
(assert_return (invoke $mem "size") (i32.const 4))
(assert_return (invoke $mem "grow" (i32.const 1)) (i32.const -1))
(invoke $mem "set" (i32.const 262140) (i32.const 17))
(assert_return (invoke $other "get" (i32.const 262140)) (i32.const 17))
(assert_unlinkable (module (memory (import "mem" "shared") 1 5)) "incompatible import type")
(assert_unlinkable (module (memory (import "mem" "shared") 1 3 shared)) "incompatible import type")

;; A thread has the memories that it is given, and nothing else.
(thread $t (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "add") (param i32) (result i32) (i32.atomic.rmw.add (i32.const 16) (local.get 0)))
    (func (export "size") (result i32) (memory.size)))
  (assert_return (invoke "size") (i32.const 4))
  (assert_return (invoke "add" (i32.const 5)) (i32.const 0))
  (assert_return (invoke "add" (i32.const 6)) (i32.const 5))
  (assert_unlinkable (module (import "mem" "size" (func (result i32)))) "unknown import"))
(wait $t)
(assert_return (invoke $mem "get" (i32.const 16)) (i32.const 11))

;; A memory that is not shared has atomics, but cannot be waited on.
(module
  (memory 1)
  (func (export "wait") (param i32) (result i32) (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify") (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const 1)))
  (func (export "swap") (param i32 i32) (result i32) (i32.atomic.rmw16.xchg_u offset=2 (local.get 0) (local.get 1))))
(assert_trap (invoke "wait" (i32.const 0)) "expected shared memory")
(assert_return (invoke "notify" (i32.const 0)) (i32.const 0))
(assert_trap (invoke "notify" (i32.const 65536)) "out of bounds memory access")
(assert_return (invoke "swap" (i32.const 0) (i32.const -1)) (i32.const 0))
(assert_return (invoke "swap" (i32.const 0) (i32.const 0)) (i32.const 0xffff))

;; A trap in a loop of atomic instructions does not undo the ones before it.
(module
  (memory (export "memory") 1 1 shared)
  (func (export "walk") (param i32) (result i32)
    (loop
      (drop (i64.atomic.rmw.or (local.get 0) (i64.const 1)))
      (local.set 0 (i32.add (local.get 0) (i32.const 8)))
      (br 0))
    (unreachable))
  (func (export "get") (param i32) (result i64) (i64.atomic.load (local.get 0))))
(assert_trap (invoke "walk" (i32.const 65000)) "out of bounds memory access")
(assert_return (invoke "get" (i32.const 64992)) (i64.const 0))
(assert_return (invoke "get" (i32.const 65000)) (i64.const 1))
(assert_return (invoke "get" (i32.const 65528)) (i64.const 1))
(assert_trap (invoke "walk" (i32.const 65001)) "unaligned atomic")

;; 64-bit addresses.
(module
  (memory i64 1 2 shared)
  (func (export "add") (param i64) (result i64) (i64.atomic.rmw.add offset=8 (local.get 0) (i64.const 1)))
  (func (export "wait") (param i64) (result i32) (memory.atomic.wait32 offset=4 (local.get 0) (i32.const 0) (i64.const 0))))
(assert_return (invoke "add" (i64.const 0)) (i64.const 0))
(assert_return (invoke "add" (i64.const 0)) (i64.const 1))
(assert_trap (invoke "add" (i64.const 65528)) "out of bounds memory access")
(assert_trap (invoke "add" (i64.const -8)) "out of bounds memory access")
(assert_return (invoke "wait" (i64.const 0)) (i32.const 2))
(assert_trap (invoke "wait" (i64.const -4)) "out of bounds memory access")
