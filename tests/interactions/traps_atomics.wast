;; Traps between atomic instructions: those before the trap have their effect, those after it have none, and the access
;; that traps has no effect. There is one thread; waiting_traps.wast has several.

(module $m
  (memory $shared (export "shared") 1 2 shared)
  (memory $own 1 1)
  (func (export "get") (param i32) (result i32) (i32.atomic.load $shared (local.get 0)))
  (func (export "get64") (param i32) (result i64) (i64.load $shared align=1 (local.get 0)))
  (func (export "set") (param i32 i32) (i32.atomic.store $shared (local.get 0) (local.get 1)))
  (func (export "size") (result i32) (memory.size $shared))
  (func (export "grow") (param i32) (result i32) (memory.grow $shared (local.get 0)))

  ;; Adds to cells from an address on, until the memory ends.
  (func (export "add up to the end") (param $at i32)
    (loop $next
      (drop (i32.atomic.rmw.add $shared (local.get $at) (i32.const 5)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br $next)))
  (func (export "exchange bytes up to the end") (param $at i32)
    (loop $next
      (drop (i32.atomic.rmw8.xchg_u $shared (local.get $at) (i32.const 0xab)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  ;; The step makes the second round's address unaligned.
  (func (export "unaligned after one") (param $at i32)
    (loop $next
      (drop (i64.atomic.rmw.or $shared (local.get $at) (i64.const -1)))
      (local.set $at (i32.add (local.get $at) (i32.const 12)))
      (br $next)))
  ;; The division traps between the load and the store.
  (func (export "trap between") (param $at i32) (param $divisor i32)
    (loop $again
      (i32.atomic.store $shared (local.get $at)
        (i32.add (i32.atomic.load $shared (local.get $at))
          (i32.div_u (i32.const 12) (local.get $divisor))))
      (local.set $divisor (i32.sub (local.get $divisor) (i32.const 1)))
      (br $again)))
  ;; A value that traps is evaluated before an access that would trap.
  (func (export "value first") (param $divisor i32)
    (drop (i32.atomic.rmw.add $shared (i32.const -4) (i32.div_u (i32.const 1) (local.get $divisor)))))
  ;; Takes a lock; the trap does not release it.
  (func (export "locked trap") (param $lock i32)
    (loop $spin
      (br_if $spin (i32.atomic.rmw.cmpxchg $shared (local.get $lock) (i32.const 0) (i32.const 1))))
    (i32.atomic.store $shared (i32.add (local.get $lock) (i32.const 4)) (i32.const 77))
    (unreachable))
  (func (export "try lock") (param $lock i32) (result i32)
    (i32.atomic.rmw.cmpxchg $shared (local.get $lock) (i32.const 0) (i32.const 1)))
  (func (export "unlock") (param $lock i32) (i32.atomic.store $shared (local.get $lock) (i32.const 0)))
  ;; Each function has one instruction.
  (func (export "cmpxchg64") (param i32 i64 i64) (result i64)
    (i64.atomic.rmw.cmpxchg $shared (local.get 0) (local.get 1) (local.get 2)))
  (func (export "cmpxchg16") (param i32 i32 i32) (result i32)
    (i32.atomic.rmw16.cmpxchg_u $shared (local.get 0) (local.get 1) (local.get 2)))
  (func (export "store64") (param i32 i64) (i64.atomic.store $shared (local.get 0) (local.get 1)))
  (func (export "store64 offset") (param i32 i64) (i64.atomic.store $shared offset=0xfff8 (local.get 0) (local.get 1)))
  (func (export "wait") (param i32 i32) (result i32)
    (memory.atomic.wait32 $shared (local.get 0) (local.get 1) (i64.const 0)))
  (func (export "wait64") (param i32 i64) (result i32)
    (memory.atomic.wait64 $shared (local.get 0) (local.get 1) (i64.const 0)))
  (func (export "wait own") (param i32) (result i32)
    (memory.atomic.wait32 $own (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify") (param i32) (result i32) (memory.atomic.notify $shared (local.get 0) (i32.const 1)))
  (func (export "notify own") (param i32) (result i32) (memory.atomic.notify $own (local.get 0) (i32.const 1)))
  ;; Exceptions leave the code between atomic instructions as traps do, but they can be caught.
  (tag $stop (param i32))
  (func $add_until (param $at i32) (param $limit i32)
    (loop $next
      (if (i32.ge_u (i32.atomic.rmw.add $shared (local.get $at) (i32.const 1)) (local.get $limit))
        (then (throw $stop (i32.atomic.load $shared (local.get $at)))))
      (br $next)))
  (func (export "add until thrown") (param $at i32) (param $limit i32) (result i32)
    (block $h (result i32)
      (try_table (catch $stop $h) (call $add_until (local.get $at) (local.get $limit)))
      (unreachable)))
  ;; A trap is not an exception: catch_all sees none.
  (func (export "no exception") (param $at i32)
    (block $h
      (try_table (catch_all $h)
        (i32.atomic.store $shared (i32.const 64) (i32.const 1))
        (drop (i32.atomic.rmw.add $shared (local.get $at) (i32.const 1))))
      (return))
    (i32.atomic.store $shared (i32.const 64) (i32.const 2)))
)

(assert_trap (invoke $m "add up to the end" (i32.const 0xfff0)) "out of bounds memory access")
(assert_return (invoke $m "get" (i32.const 0xffec)) (i32.const 0))
(assert_return (invoke $m "get" (i32.const 0xfff0)) (i32.const 5))
(assert_return (invoke $m "get" (i32.const 0xfffc)) (i32.const 5))
(assert_trap (invoke $m "add up to the end" (i32.const 0xfff8)) "out of bounds memory access")
(assert_return (invoke $m "get" (i32.const 0xfff4)) (i32.const 5))
(assert_return (invoke $m "get" (i32.const 0xfff8)) (i32.const 10))
(assert_return (invoke $m "get" (i32.const 0xfffc)) (i32.const 10))
(assert_trap (invoke $m "exchange bytes up to the end" (i32.const 0xfffe)) "out of bounds memory access")
(assert_return (invoke $m "get" (i32.const 0xfffc)) (i32.const 0xabab000a))
;; Address 0xfffffffc is aligned, and outside.
(assert_trap (invoke $m "add up to the end" (i32.const 0xfffffffc)) "out of bounds memory access")

(assert_trap (invoke $m "unaligned after one" (i32.const 256)) "unaligned atomic")
(assert_return (invoke $m "get64" (i32.const 256)) (i64.const -1))
(assert_return (invoke $m "get64" (i32.const 264)) (i64.const 0))
(assert_return (invoke $m "get64" (i32.const 272)) (i64.const 0))

;; 12 / 3 + 12 / 2 + 12 / 1.
(assert_trap (invoke $m "trap between" (i32.const 512) (i32.const 3)) "integer divide by zero")
(assert_return (invoke $m "get" (i32.const 512)) (i32.const 22))
(assert_trap (invoke $m "value first" (i32.const 0)) "integer divide by zero")
(assert_trap (invoke $m "value first" (i32.const 1)) "out of bounds memory access")

(assert_trap (invoke $m "locked trap" (i32.const 1024)) "unreachable")
(assert_return (invoke $m "get" (i32.const 1028)) (i32.const 77))
(assert_return (invoke $m "try lock" (i32.const 1024)) (i32.const 1))
(invoke $m "unlock" (i32.const 1024))
(assert_return (invoke $m "try lock" (i32.const 1024)) (i32.const 0))

;; An access that traps changes nothing: unaligned, partly or wholly outside, with the expected value or another one.
(invoke $m "set" (i32.const 0xfff8) (i32.const 0x11111111))
(invoke $m "set" (i32.const 0xfffc) (i32.const 0x22222222))
(assert_trap (invoke $m "cmpxchg64" (i32.const 0xfffc) (i64.const 0x22222222) (i64.const 1)) "unaligned atomic")
(assert_trap (invoke $m "cmpxchg64" (i32.const 0xfff9) (i64.const 0) (i64.const 1)) "unaligned atomic")
(assert_trap (invoke $m "cmpxchg64" (i32.const 0x10000) (i64.const 0) (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke $m "cmpxchg16" (i32.const 0xfffd) (i32.const 0x2222) (i32.const 1)) "unaligned atomic")
(assert_trap (invoke $m "store64" (i32.const 0xfffc) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke $m "store64" (i32.const 0x10000) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke $m "store64 offset" (i32.const 8) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke $m "store64 offset" (i32.const -8) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke $m "store64 offset" (i32.const 4) (i64.const 0)) "unaligned atomic")
(assert_return (invoke $m "get64" (i32.const 0xfff8)) (i64.const 0x22222222_11111111))
(assert_return (invoke $m "cmpxchg64" (i32.const 0xfff8) (i64.const 0x22222222_11111111) (i64.const 3))
  (i64.const 0x22222222_11111111))
(assert_return (invoke $m "get64" (i32.const 0xfff8)) (i64.const 3))
(invoke $m "store64 offset" (i32.const 0) (i64.const 4))
(assert_return (invoke $m "get64" (i32.const 0xfff8)) (i64.const 4))

;; Waiting and notifying trap like accesses. In memory that is not shared, waiting traps, and notifying finds no waiter.
(assert_return (invoke $m "wait" (i32.const 128) (i32.const 1)) (i32.const 1))
(assert_return (invoke $m "wait" (i32.const 128) (i32.const 0)) (i32.const 2))
(assert_trap (invoke $m "wait" (i32.const 130) (i32.const 0)) "unaligned atomic")
(assert_trap (invoke $m "wait64" (i32.const 132) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke $m "wait" (i32.const 0x10000) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke $m "wait64" (i32.const 0x10000) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke $m "wait own" (i32.const 0)) "expected shared memory")
(assert_return (invoke $m "notify" (i32.const 128)) (i32.const 0))
(assert_trap (invoke $m "notify" (i32.const 130)) "unaligned atomic")
(assert_trap (invoke $m "notify" (i32.const 0x10000)) "out of bounds memory access")
(assert_return (invoke $m "notify own" (i32.const 0xfffc)) (i32.const 0))
(assert_trap (invoke $m "notify own" (i32.const 0x10000)) "out of bounds memory access")

(assert_return (invoke $m "add until thrown" (i32.const 2048) (i32.const 1000)) (i32.const 1001))
(assert_return (invoke $m "get" (i32.const 2048)) (i32.const 1001))
(assert_return (invoke $m "add until thrown" (i32.const 2048) (i32.const 0)) (i32.const 1002))
(assert_trap (invoke $m "no exception" (i32.const 0x10000)) "out of bounds memory access")
(assert_return (invoke $m "get" (i32.const 64)) (i32.const 1))
(assert_trap (invoke $m "no exception" (i32.const 2)) "unaligned atomic")
(assert_return (invoke $m "get" (i32.const 64)) (i32.const 1))

;; After growing, the address is inside.
(assert_return (invoke $m "grow" (i32.const 1)) (i32.const 1))
(assert_return (invoke $m "cmpxchg64" (i32.const 0x10000) (i64.const 0) (i64.const 1)) (i64.const 0))
(assert_return (invoke $m "get" (i32.const 0x10000)) (i32.const 1))
(assert_trap (invoke $m "add up to the end" (i32.const 0x1fffc)) "out of bounds memory access")
(assert_return (invoke $m "get" (i32.const 0x1fffc)) (i32.const 5))
