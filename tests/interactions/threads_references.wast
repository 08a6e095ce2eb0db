;; Threads that share a memory, each with its own managed objects: one collects while others wait, are notified, and
;; execute atomic instructions. Threads exchange numbers through the memory, but no references.

(module $mem (memory (export "shared") 1 1 shared))
(register "mem" $mem)

;; Every thread and the script itself instantiate this module, each under another name.
(module $m
  (memory (import "mem" "shared") 1 1 shared)
  (type $list (struct (field $value i32) (field $next (ref null $list))))
  (type $junk (array i8))
  (global $junk (mut (ref null $junk)) (ref.null $junk))
  (global $list (mut (ref null $list)) (ref.null $list))
  (func $churn (local $i i32)
    (loop $again
      (global.set $junk (array.new_default $junk (i32.const 8000)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))
  ;; Takes numbers from cell 0 until there are 3000, keeps them in a list, and collects now and then.
  (func (export "take") (result i32)
    (local $number i32)
    (loop $again
      (local.set $number (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (if (i32.ge_u (local.get $number) (i32.const 3000)) (then (return (i32.const 1))))
      (global.set $list (struct.new $list (local.get $number) (global.get $list)))
      (if (i32.eqz (i32.rem_u (local.get $number) (i32.const 300))) (then (call $churn)))
      (br $again))
    (unreachable))
  ;; Adds the sum of the list to cell 4, and its length to cell 8.
  (func (export "add") (result i32)
    (local $list (ref null $list))
    (call $churn)
    (local.set $list (global.get $list))
    (block $end
      (loop $again
        (br_if $end (ref.is_null (local.get $list)))
        (drop (i32.atomic.rmw.add (i32.const 4) (struct.get $list $value (local.get $list))))
        (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
        (local.set $list (struct.get $list $next (local.get $list)))
        (br $again)))
    (i32.const 1))
  (func (export "get") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "churn") (call $churn))
  (func (export "set and notify") (param i32 i32) (result i32)
    (i32.atomic.store (local.get 0) (local.get 1))
    (memory.atomic.notify (local.get 0) (i32.const -1)))
)

(thread $a (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (type $list (struct (field $value i32) (field $next (ref null $list))))
    (type $junk (array i8))
    (global $junk (mut (ref null $junk)) (ref.null $junk))
    (global $list (mut (ref null $list)) (ref.null $list))
    (func $churn (local $i i32)
      (loop $again
        (global.set $junk (array.new_default $junk (i32.const 8000)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))
    (func (export "take") (result i32)
      (local $number i32)
      (loop $again
        (local.set $number (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (if (i32.ge_u (local.get $number) (i32.const 3000)) (then (return (i32.const 1))))
        (global.set $list (struct.new $list (local.get $number) (global.get $list)))
        (if (i32.eqz (i32.rem_u (local.get $number) (i32.const 300))) (then (call $churn)))
        (br $again))
      (unreachable))
    (func (export "add") (result i32)
      (local $list (ref null $list))
      (call $churn)
      (local.set $list (global.get $list))
      (block $end
        (loop $again
          (br_if $end (ref.is_null (local.get $list)))
          (drop (i32.atomic.rmw.add (i32.const 4) (struct.get $list $value (local.get $list))))
          (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
          (local.set $list (struct.get $list $next (local.get $list)))
          (br $again)))
      (i32.const 1)))
  (assert_return (invoke "take") (i32.const 1))
  (assert_return (invoke "add") (i32.const 1)))

;; Waits with objects in its frame; the notifying thread collects meanwhile.
(thread $b (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (type $box (struct (field $value (mut i32))))
    (type $junk (array i8))
    (global $junk (mut (ref null $junk)) (ref.null $junk))
    (func $churn (local $i i32)
      (loop $again
        (global.set $junk (array.new_default $junk (i32.const 8000)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))
    (func (export "wait") (result i32)
      (local $box (ref $box))
      (local.set $box (struct.new $box (i32.const 40)))
      (block $set
        (loop $again
          (br_if $set (i32.atomic.load (i32.const 16)))
          (drop (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const 1_000_000)))
          (call $churn)
          (br $again)))
      (call $churn)
      (struct.set $box $value (local.get $box)
        (i32.add (struct.get $box $value (local.get $box)) (i32.atomic.load (i32.const 16))))
      (struct.get $box $value (local.get $box)))
    ;; Traps while it has objects, in its own store.
    (func (export "trap") (result i32)
      (local $box (ref $box))
      (local.set $box (struct.new $box (i32.const 1)))
      (call $churn)
      (drop (i32.atomic.load (struct.get $box $value (local.get $box))))
      (struct.get $box $value (local.get $box))))
  (assert_trap (invoke "trap") "unaligned atomic")
  (assert_return (invoke "wait") (i32.const 42)))

(assert_return (invoke $m "take") (i32.const 1))
(invoke $m "churn")
(assert_return (invoke $m "add") (i32.const 1))
(wait $a)
;; 0 + ... + 2999, in whatever way the threads shared the numbers.
(assert_return (invoke $m "get" (i32.const 4)) (i32.const 4498500))
(assert_return (invoke $m "get" (i32.const 8)) (i32.const 3000))
(invoke $m "set and notify" (i32.const 16) (i32.const 2))
(invoke $m "churn")
(wait $b)
