;; Stack overflow while allocating, and structures that are as deep as they have nodes: code that follows references
;; must not recurse. The script does not run with collections at every allocation, because its time is then quadratic in
;; the depth.

(module $gc
  (type $junk (array i8))
  (global $junk (mut (ref null $junk)) (ref.null $junk))
  (func $churn (export "churn") (local $i i32)
    (loop $again
      (global.set $junk (array.new_default $junk (i32.const 8000)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))
)
(register "gc" $gc)

(module $m
  (import "gc" "churn" (func $churn))
  (type $list (struct (field $value i32) (field $next (mut (ref null $list)))))
  (type $tree (struct (field $left (mut (ref null $tree))) (field $right (mut (ref null $tree)))))

  (func $sum (param $list (ref null $list)) (result i64)
    (local $sum i64)
    (block $end
      (loop $again
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $list $value (local.get $list)))))
        (local.set $list (struct.get $list $next (local.get $list)))
        (br $again)))
    (local.get $sum))

  ;; A list, a tree with only left branches, one with only right branches, and a ring, of this many nodes.
  (func (export "deep list") (param $length i32) (result i64)
    (local $list (ref null $list)) (local $i i32)
    (loop $again
      (local.set $list (struct.new $list (i32.const 1) (local.get $list)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $length))))
    (call $churn)
    (call $churn)
    (call $sum (local.get $list)))
  (func (export "deep trees") (param $size i32) (result i64)
    (local $left (ref null $tree)) (local $right (ref null $tree)) (local $i i32) (local $count i64)
    (loop $again
      (local.set $left (struct.new $tree (local.get $left) (ref.null $tree)))
      (local.set $right (struct.new $tree (struct.new_default $tree) (local.get $right)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (call $churn)
    (call $churn)
    (block $end
      (loop $again
        (br_if $end (ref.is_null (local.get $left)))
        (br_if $end (ref.is_null (struct.get $tree $left (local.get $right))))
        (local.set $count (i64.add (local.get $count) (i64.const 1)))
        (local.set $left (struct.get $tree $left (local.get $left)))
        (local.set $right (struct.get $tree $right (local.get $right)))
        (br $again)))
    (local.get $count))
  (func (export "ring") (param $size i32) (result i32)
    (local $first (ref $list)) (local $last (ref $list)) (local $i i32)
    (local.set $first (struct.new $list (i32.const 0) (ref.null $list)))
    (local.set $last (local.get $first))
    (loop $again
      (struct.set $list $next (local.get $last) (struct.new $list (local.get $i) (local.get $first)))
      (local.set $last (ref.as_non_null (struct.get $list $next (local.get $last))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (call $churn)
    (local.set $last (local.get $first))
    (local.set $i (i32.const 0))
    (loop $again
      (local.set $last (ref.as_non_null (struct.get $list $next (local.get $last))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.eqz (ref.eq (local.get $last) (local.get $first)))))
    (local.get $i))

  ;; Recursion without end.
  (global $deepest (mut (ref null $list)) (ref.null $list))
  (func $overflow (param $depth i32) (param $list (ref null $list)) (result i32)
    (global.set $deepest (struct.new $list (local.get $depth) (local.get $list)))
    (i32.add
      (call $overflow (i32.add (local.get $depth) (i32.const 1)) (global.get $deepest))
      (struct.get $list $value (local.get $list))))
  (func (export "overflow") (result i32) (call $overflow (i32.const 0) (ref.null $list)))
  ;; Returns whether all objects that the frames made are there: the list counts down from its first value to 0.
  (func (export "what overflowed") (result i32)
    (local $list (ref null $list)) (local $expected i32)
    (call $churn)
    (local.set $list (global.get $deepest))
    (local.set $expected (struct.get $list $value (local.get $list)))
    (if (i32.lt_u (local.get $expected) (i32.const 1000)) (then (return (i32.const -1))))
    (loop $again
      (if (i32.ne (struct.get $list $value (local.get $list)) (local.get $expected)) (then (return (local.get $expected))))
      (local.set $expected (i32.sub (local.get $expected) (i32.const 1)))
      (local.set $list (struct.get $list $next (local.get $list)))
      (br_if $again (i32.eqz (ref.is_null (local.get $list)))))
    (i32.add (local.get $expected) (i32.const 1)))
  ;; Overflow inside of handlers: it is a trap, so no handler runs.
  (func (export "overflow in try") (result i32)
    (block $h
      (try_table (result i32) (catch_all $h) (call $overflow (i32.const 0) (ref.null $list)))
      (return))
    (i32.const -2))
)

(assert_return (invoke $m "deep list" (i32.const 400000)) (i64.const 400000))
(assert_return (invoke $m "deep trees" (i32.const 200000)) (i64.const 200000))
(assert_return (invoke $m "ring" (i32.const 200000)) (i32.const 200001))
(assert_exhaustion (invoke $m "overflow") "call stack exhausted")
(assert_return (invoke $m "what overflowed") (i32.const 0))
(assert_exhaustion (invoke $m "overflow in try") "call stack exhausted")
(assert_return (invoke $m "what overflowed") (i32.const 0))
(assert_return (invoke $m "ring" (i32.const 100)) (i32.const 101))
