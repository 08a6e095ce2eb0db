;; Tail calls with references among their arguments, of which there are more than registers. They allocate and collect.

(module $m
  (type $box (struct (field $value (mut i32))))
  (type $junk (array i8))
  (global $junk (mut (ref null $junk)) (ref.null $junk))
  (func $churn (local $i i32)
    (loop $again
      (global.set $junk (array.new_default $junk (i32.const 8000)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))

  (func $box (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
  (func $value (param anyref) (result i32)
    (block $null
      (block $small (result (ref i31))
        (return (struct.get $box $value (ref.cast (ref $box)
          (br_on_cast $small (ref any) (ref i31) (br_on_null $null (local.get 0)))))))
      (return (i31.get_s)))
    (i32.const 0))

  ;; Sixteen references, every fourth of another type, and numbers of all kinds between them. In each round, the values
  ;; move on by one place (the types stay in their places), and one object is new. In every seventh round, a function
  ;; with few arguments is called in between.
  (type $many (func
    (param $turns i32)
    (param $a anyref) (param f64) (param $b anyref) (param i64) (param $c anyref) (param $d anyref) (param v128)
    (param $e anyref) (param $f anyref) (param i32) (param $g anyref) (param $h anyref) (param $i anyref) (param f32)
    (param $j anyref) (param $k anyref) (param i64) (param $l anyref) (param $m anyref) (param $n anyref) (param $o anyref)
    (param $p anyref) (param $number i64) (result i64)))
  (table $t funcref (elem $turn $few))
  (elem declare func $turn)

  (func $turn (type $many)
    (param $turns i32)
    (param $a anyref) (param f64) (param $b anyref) (param i64) (param $c anyref) (param $d anyref) (param v128)
    (param $e anyref) (param $f anyref) (param i32) (param $g anyref) (param $h anyref) (param $i anyref) (param f32)
    (param $j anyref) (param $k anyref) (param i64) (param $l anyref) (param $m anyref) (param $n anyref) (param $o anyref)
    (param $p anyref) (param $number i64) (result i64)
    (if (i32.eqz (local.get $turns))
      (then
        (call $churn)
        (return_call $digest
          (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $e) (local.get $f) (local.get $g) (local.get $h)
          (local.get $i) (local.get $j) (local.get $k) (local.get $l) (local.get $m) (local.get $n) (local.get $o) (local.get $p)
          (local.get $number))))
    (if (i32.eqz (i32.rem_u (local.get $turns) (i32.const 7)))
      (then
        (return_call_indirect $t (type $few)
          (struct.new $all (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $e) (local.get $f) (local.get $g)
            (local.get $h) (local.get $i) (local.get $j) (local.get $k) (local.get $l) (local.get $m) (local.get $n)
            (local.get $o) (local.get $p) (local.get $number))
          (i32.sub (local.get $turns) (i32.const 1)) (i32.const 1))))
    (return_call_ref $many
      (i32.sub (local.get $turns) (i32.const 1))
      (local.get $p) (f64.const 1) (local.get $a) (i64.const 2) (local.get $b) (local.get $c) (v128.const i32x4 3 4 5 6)
      (local.get $d) (local.get $e) (i32.const 7) (local.get $f)
      ;; A new box with the same value.
      (call $box (call $value (local.get $g)))
      (local.get $h) (f32.const 8) (local.get $i) (local.get $j) (i64.const 9) (local.get $k) (local.get $l) (local.get $m)
      (local.get $n) (local.get $o) (i64.add (local.get $number) (i64.const 1))
      (ref.func $turn)))

  (type $all (struct
    (field anyref) (field anyref) (field anyref) (field anyref) (field anyref) (field anyref) (field anyref) (field anyref)
    (field anyref) (field anyref) (field anyref) (field anyref) (field anyref) (field anyref) (field anyref) (field anyref)
    (field i64)))
  (type $few (func (param (ref $all)) (param i32) (result i64)))
  (func $few (type $few) (param $all (ref $all)) (param $turns i32) (result i64)
    (if (i32.eq (local.get $turns) (i32.const 699)) (then (call $churn)))
    (return_call $turn
      (local.get $turns)
      (struct.get $all 15 (local.get $all)) (f64.const 1) (struct.get $all 0 (local.get $all)) (i64.const 2)
      (struct.get $all 1 (local.get $all)) (struct.get $all 2 (local.get $all)) (v128.const i32x4 3 4 5 6)
      (struct.get $all 3 (local.get $all)) (struct.get $all 4 (local.get $all)) (i32.const 7) (struct.get $all 5 (local.get $all))
      (struct.get $all 6 (local.get $all)) (struct.get $all 7 (local.get $all)) (f32.const 8)
      (struct.get $all 8 (local.get $all)) (struct.get $all 9 (local.get $all)) (i64.const 9)
      (struct.get $all 10 (local.get $all)) (struct.get $all 11 (local.get $all)) (struct.get $all 12 (local.get $all))
      (struct.get $all 13 (local.get $all)) (struct.get $all 14 (local.get $all))
      (i64.add (struct.get $all 16 (local.get $all)) (i64.const 1))))

  ;; Returns the values in their places, as digits in base 17, and the number.
  (func $digest
    (param anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref anyref) (param i64)
    (result i64)
    (local $sum i64)
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 0)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 1)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 2)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 3)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 4)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 5)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 6)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 7)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 8)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 9)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 10)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 11)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 12)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 13)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 14)))))
    (local.set $sum (i64.add (i64.mul (i64.const 17) (local.get $sum)) (i64.extend_i32_u (call $value (local.get 15)))))
    (i64.add (i64.mul (local.get 16) (i64.const 1_000_000_007)) (local.get $sum)))

  (func (export "rotate") (param $turns i32) (result i64)
    (return_call $turn (local.get $turns)
      (call $box (i32.const 1)) (f64.const 1) (call $box (i32.const 2)) (i64.const 2) (call $box (i32.const 3))
      (ref.i31 (i32.const 4)) (v128.const i32x4 3 4 5 6) (call $box (i32.const 5)) (call $box (i32.const 6)) (i32.const 7)
      (call $box (i32.const 7)) (ref.i31 (i32.const 8)) (call $box (i32.const 9)) (f32.const 8) (call $box (i32.const 10))
      (call $box (i32.const 11)) (i64.const 9) (call $box (i32.const 12)) (call $box (i32.const 13)) (ref.null any)
      (call $box (i32.const 15)) (call $box (i32.const 16)) (i64.const 0)))

  ;; A million rounds, which must not let the stack grow. Each has a new object among the arguments on the stack.
  (func $count (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (param $box (ref $box)) (param $turns i32) (result i32)
    (if (i32.eqz (local.get $turns)) (then (return (struct.get $box $value (local.get $box)))))
    (return_call $count (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)
      (i64.const 9)
      (struct.new $box (i32.add (struct.get $box $value (local.get $box)) (i32.const 1)))
      (i32.sub (local.get $turns) (i32.const 1))))
  (func (export "count") (param i32) (result i32)
    (call $count (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)
      (i64.const 9) (struct.new $box (i32.const 0)) (local.get 0)))

  ;; The number of arguments changes with each call; the caller's frame holds references across the calls.
  (func $grow (param $box (ref $box)) (param $turns i32) (result (ref $box))
    (return_call $shrink
      (local.get $box) (i64.const 1) (call $box (i32.const 1)) (i64.const 2) (call $box (i32.const 2)) (i64.const 3)
      (call $box (i32.const 3)) (i64.const 4) (call $box (i32.const 4)) (i64.const 5) (call $box (i32.const 5)) (i64.const 6)
      (call $box (i32.const 6)) (local.get $turns)))
  (func $shrink
    (param $box (ref $box)) (param i64) (param (ref $box)) (param i64) (param (ref $box)) (param i64) (param (ref $box)) (param i64)
    (param (ref $box)) (param i64) (param (ref $box)) (param i64) (param $last (ref $box)) (param $turns i32)
    (result (ref $box))
    (struct.set $box $value (local.get $box)
      (i32.add (struct.get $box $value (local.get $box))
        (i32.add (struct.get $box $value (local.get 2)) (struct.get $box $value (local.get $last)))))
    (if (i32.eqz (local.get $turns)) (then (call $churn) (return (local.get $box))))
    (return_call $grow (local.get $box) (i32.sub (local.get $turns) (i32.const 1))))
  (func (export "grow and shrink") (param $turns i32) (result i32)
    (local $kept (ref $box)) (local $result (ref $box))
    (local.set $kept (struct.new $box (i32.const 100)))
    (local.set $result (call $grow (struct.new $box (i32.const 0)) (local.get $turns)))
    (call $churn)
    (i32.add (struct.get $box $value (local.get $kept)) (struct.get $box $value (local.get $result))))

  ;; A callee in tail position has several results, also references.
  (func $results (param (ref $box)) (result (ref $box) i32 anyref i64 (ref null $box) externref)
    (call $churn)
    (local.get 0) (struct.get $box $value (local.get 0)) (ref.i31 (i32.const 5)) (i64.const 6) (struct.new $box (i32.const 7))
    (extern.convert_any (struct.new $box (i32.const 8))))
  (func $tail_results (param i32) (result (ref $box) i32 anyref i64 (ref null $box) externref)
    (return_call $results (struct.new $box (local.get 0))))
  (func (export "results") (param i32) (result i32)
    (local $a (ref $box)) (local $b i32) (local $c anyref) (local $d i64) (local $e (ref null $box)) (local $f externref)
    (call $tail_results (local.get 0))
    (local.set $f) (local.set $e) (local.set $d) (local.set $c) (local.set $b) (local.set $a)
    (call $churn)
    (i32.add
      (i32.add (i32.add (struct.get $box $value (local.get $a)) (local.get $b))
        (i32.add (call $value (local.get $c)) (i32.wrap_i64 (local.get $d))))
      (i32.add (struct.get $box $value (local.get $e)) (call $value (any.convert_extern (local.get $f))))))
)
(assert_return (invoke $m "rotate" (i32.const 0)) (i64.const 3231407272993498938))
(assert_return (invoke $m "rotate" (i32.const 1)) (i64.const 9095363458502272929))
(assert_return (invoke $m "rotate" (i32.const 7)) (i64.const 12156103711210381579))
(assert_return (invoke $m "rotate" (i32.const 1003)) (i64.const 18438030731393245127))
(assert_return (invoke $m "count" (i32.const 1000000)) (i32.const 1000000))
(assert_return (invoke $m "grow and shrink" (i32.const 0)) (i32.const 107))
(assert_return (invoke $m "grow and shrink" (i32.const 9999)) (i32.const 70100))
(assert_return (invoke $m "results" (i32.const 10)) (i32.const 46))
