;; Collections below thousands of frames that hold references.

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

  ;; Each frame holds a parameter, locals of three types, a nullable local that is null in every third frame, numbers
  ;; between them, and an operand that is on the stack during the call. After the call, all are read and written.
  ;; The comments at the ends of lines say what is added to the result.
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
          (i64.add (local.get $number) (i64.extend_i32_u (struct.get $named $value (local.get $named))))))) ;; 3, but nothing in every third frame
    (if (i32.eqz (ref.is_null (local.get $above)))
      ;; The caller's box. The caller adds its value at its end.
      (then (struct.set $box $value (local.get $above) (i32.const 0))))
    (i64.add (local.get $number) (i64.extend_i32_u (struct.get $box $value (local.get $box))))) ;; 0, but 1 at depth 1
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

  ;; The throw at the bottom leaves all frames at once; its payload is from the bottom frame.
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
)

(assert_return (invoke $m "hold" (i32.const 1)) (i64.const 9))
(assert_return (invoke $m "hold" (i32.const 4000)) (i64.const 32046002))
;; The sum of the list at the bottom, and the sums of the frames on the way up: 2 (1 + ... + 1000).
(assert_return (invoke $m "often" (i32.const 1000)) (i64.const 1001000))
(assert_return (invoke $m "dive" (i32.const 3000)) (i32.const 1321))
