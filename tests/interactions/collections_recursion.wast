;; Collections below thousands of frames that hold references, stack overflow while allocating, and structures as deep as memory is large: what
;; follows references must not do so by recursion.

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
  (rec
    (type $box (sub (struct (field $value (mut i32)))))
    (type $named (sub final $box (struct (field $value (mut i32)) (field $name (ref null $name)))))
    (type $name (array (mut i16))))
  (type $list (struct (field $value i32) (field $next (mut (ref null $list)))))
  (type $tree (struct (field $left (mut (ref null $tree))) (field $right (mut (ref null $tree)))))
  (type $descend (func (param i32 (ref null $list)) (result i64)))
  (tag $out (param (ref $box)))

  (func $sum (param $list (ref null $list)) (result i64)
    (local $sum i64)
    (block $end
      (loop $again
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $list $value (local.get $list)))))
        (local.set $list (struct.get $list $next (local.get $list)))
        (br $again)))
    (local.get $sum))

  ;; Each frame holds: a parameter, locals of three types and a nullable one that is null at every third, numbers between them, and an
  ;; operand that is on the stack during the call. All are looked at afterwards, and written to.
  (func $hold (param $depth i32) (param $above (ref null $box)) (result i64)
    (local $box (ref $box)) (local $named (ref $named)) (local $maybe (ref null $box)) (local $number i64) (local $float f64)
    (if (i32.eqz (local.get $depth)) (then (call $churn) (return (i64.const 0))))
    (local.set $box (struct.new $box (local.get $depth)))
    (local.set $named
      (struct.new $named (i32.const 1) (array.new $name (i32.const 2) (i32.and (local.get $depth) (i32.const 15)))))
    (if (i32.rem_u (local.get $depth) (i32.const 3)) (then (local.set $maybe (local.get $named))))
    (local.set $number (i64.extend_i32_u (local.get $depth)))
    (local.set $float (f64.convert_i32_u (local.get $depth)))
    (struct.get $box $value (local.get $box)) ;; 1 depth
    (struct.new $box (local.get $depth)) ;; an operand
    (i64.add
      (call $hold (i32.sub (local.get $depth) (i32.const 1)) (local.get $box))
      (i64.add (local.get $number) (i64.trunc_f64_u (local.get $float)))) ;; 2 depth
    (local.set $number)
    (struct.get $box $value) ;; 1 depth
    (i32.add)
    (i64.extend_i32_u)
    (local.set $number (i64.add (local.get $number)))
    (local.set $number
      (i64.add (local.get $number)
        (i64.extend_i32_u (array.len (struct.get $named $name (local.get $named)))))) ;; depth & 15
    (if (i32.eqz (ref.is_null (local.get $maybe)))
      (then
        (struct.set $box $value (local.get $maybe) (i32.const 3))
        (local.set $number
          (i64.add (local.get $number) (i64.extend_i32_u (struct.get $named $value (local.get $named))))))) ;; 3, or
    (if (i32.eqz (ref.is_null (local.get $above)))
      ;; the callee says so to its caller, which sees its box only here.
      (then (struct.set $box $value (local.get $above) (i32.const 0))))
    (i64.add (local.get $number) (i64.extend_i32_u (struct.get $box $value (local.get $box))))) ;; 0, but 1 in the last frame that has one
  (func (export "hold") (param i32) (result i64) (call $hold (local.get 0) (ref.null $box)))

  ;; A collection at every 100th frame, on the way down and on the way up.
  (func $often (type $descend)
    (local $own (ref $list)) (local $result i64)
    (if (i32.eqz (local.get 0)) (then (return (call $sum (local.get 1)))))
    (local.set $own (struct.new $list (local.get 0) (local.get 1)))
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 100))) (then (call $churn)))
    (local.set $result
      (call_ref $descend (i32.sub (local.get 0) (i32.const 1)) (local.get $own) (ref.func $often)))
    (if (i32.eq (i32.rem_u (local.get 0) (i32.const 100)) (i32.const 50)) (then (call $churn)))
    (i64.add (local.get $result)
      (i64.extend_i32_u (struct.get $list $value (local.get $own)))))
  (elem declare func $often)
  (func (export "often") (param i32) (result i64) (call $often (local.get 0) (ref.null $list)))

  ;; Down, a throw at the bottom, and all frames are left at once; the payload is of the bottom frame.
  (func $dive (param $depth i32) (param $box (ref $box))
    (if (i32.eqz (local.get $depth)) (then (call $churn) (throw $out (struct.new $box (i32.const 321)))))
    (call $dive (i32.sub (local.get $depth) (i32.const 1)) (struct.new $box (local.get $depth)))
    (struct.set $box $value (local.get $box) (i32.const 0)))
  (func (export "dive") (param $depth i32) (result i32)
    (local $mine (ref $box))
    (local.set $mine (struct.new $box (i32.const 1000)))
    (block $h (result (ref $box))
      (try_table (catch $out $h) (call $dive (local.get $depth) (local.get $mine)))
      (unreachable))
    (call $churn)
    (struct.get $box $value)
    (i32.add (struct.get $box $value (local.get $mine))))

  ;; No bottom.
  (global $deepest (mut (ref null $list)) (ref.null $list))
  (func $overflow (param $depth i32) (param $list (ref null $list)) (result i32)
    (global.set $deepest (struct.new $list (local.get $depth) (local.get $list)))
    (i32.add
      (call $overflow (i32.add (local.get $depth) (i32.const 1)) (global.get $deepest))
      (struct.get $list $value (local.get $list))))
  (func (export "overflow") (result i32) (call $overflow (i32.const 0) (ref.null $list)))
  ;; Whether what the frames made is all there: the list counts down from its first value to 0.
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
  ;; Overflow in handlers' reach: it is a trap, or not there at all; no handler runs.
  (func (export "overflow in try") (result i32)
    (block $h
      (try_table (result i32) (catch_all $h) (call $overflow (i32.const 0) (ref.null $list)))
      (return))
    (i32.const -2))

  ;; A list, a tree that goes left only, one that goes right only, and a ring, of this many nodes.
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
)

(assert_return (invoke $m "hold" (i32.const 1)) (i64.const 9))
(assert_return (invoke $m "hold" (i32.const 4000)) (i64.const 32046002))
;; The list's sum at the bottom, and the frames' own on the way up: 2 (1 + ... + 1000).
(assert_return (invoke $m "often" (i32.const 1000)) (i64.const 1001000))
(assert_return (invoke $m "dive" (i32.const 3000)) (i32.const 1321))
(assert_exhaustion (invoke $m "overflow") "call stack exhausted")
(assert_return (invoke $m "what overflowed") (i32.const 0))
(assert_exhaustion (invoke $m "overflow in try") "call stack exhausted")
(assert_return (invoke $m "what overflowed") (i32.const 0))
(assert_return (invoke $m "hold" (i32.const 1)) (i64.const 9))
(assert_return (invoke $m "deep list" (i32.const 400000)) (i64.const 400000))
(assert_return (invoke $m "deep trees" (i32.const 200000)) (i64.const 200000))
(assert_return (invoke $m "ring" (i32.const 200000)) (i32.const 200001))
