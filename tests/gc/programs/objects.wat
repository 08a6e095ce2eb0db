  ;; Contains code as compilers of object-oriented languages emit it: classes with vtables, checked down-casts,
  ;; closures, and boxed numbers, of which small ones are i31. An interpreter of expressions builds trees at random,
  ;; evaluates them and differentiates them. The argument is the number of rounds.
  (rec
    (type $Object (sub (struct (field $vtable (ref $Object.vtable)))))
    (type $Object.vtable (sub (struct (field $kind i32) (field $hash (ref $Object.hash)))))
    (type $Object.hash (func (param (ref $Object)) (result i64))))
  (rec
    (type $Node (sub $Object (struct (field $vtable (ref $Node.vtable)))))
    (type $Node.vtable (sub $Object.vtable (struct
      (field $kind i32) (field $hash (ref $Object.hash))
      (field $evaluate (ref $Node.evaluate)) (field $derive (ref $Node.derive)))))
    (type $Node.evaluate (func (param (ref $Object)) (param anyref) (result anyref)))
    (type $Node.derive (func (param (ref $Object)) (result (ref $Node))))
    (type $Constant (sub final $Node (struct (field $vtable (ref $Node.vtable)) (field $value (ref any)))))
    (type $Variable (sub final $Node (struct (field $vtable (ref $Node.vtable)))))
    (type $Binary (sub $Node (struct
      (field $vtable (ref $Node.vtable)) (field $left (ref $Node)) (field $right (ref $Node)))))
    ;; The two differ only in their names, but they are two types, because they are in one group.
    (type $Sum (sub final $Binary (struct
      (field $vtable (ref $Node.vtable)) (field $left (ref $Node)) (field $right (ref $Node)))))
    (type $Product (sub final $Binary (struct
      (field $vtable (ref $Node.vtable)) (field $left (ref $Node)) (field $right (ref $Node))))))
  (type $Boxed (struct (field $value i64)))

  ;; A closure has code; subtypes have the captured values.
  (rec
    (type $function (func (param (ref $Closure)) (param anyref) (result anyref)))
    (type $Closure (sub (struct (field $code (ref $function))))))
  (type $Evaluator (sub final $Closure (struct (field $code (ref $function)) (field $node (ref $Node)))))
  (type $Composed (sub final $Closure (struct
    (field $code (ref $function)) (field $outer (ref $Closure)) (field $inner (ref $Closure)))))

  ;; Returns the number as an i31 if it fits, otherwise boxed.
  (func $box (param $value i64) (result (ref any))
    (if (i64.eq (local.get $value) (i64.shr_s (i64.shl (local.get $value) (i64.const 33)) (i64.const 33)))
      (then (return (ref.i31 (i32.wrap_i64 (local.get $value))))))
    (struct.new $Boxed (local.get $value)))
  (func $unbox (param $value anyref) (result i64)
    (block $small (result (ref i31))
      (return
        (struct.get $Boxed $value (ref.cast (ref $Boxed) (br_on_cast $small anyref (ref i31) (local.get $value))))))
    (i64.extend_i32_s (i31.get_s)))

  (global $Constant.vtable (ref $Node.vtable) (struct.new $Node.vtable
    (i32.const 1) (ref.func $Constant.hash) (ref.func $Constant.evaluate) (ref.func $Constant.derive)))
  (global $Variable.vtable (ref $Node.vtable) (struct.new $Node.vtable
    (i32.const 2) (ref.func $Variable.hash) (ref.func $Variable.evaluate) (ref.func $Variable.derive)))
  (global $Sum.vtable (ref $Node.vtable) (struct.new $Node.vtable
    (i32.const 3) (ref.func $Binary.hash) (ref.func $Sum.evaluate) (ref.func $Sum.derive)))
  (global $Product.vtable (ref $Node.vtable) (struct.new $Node.vtable
    (i32.const 4) (ref.func $Binary.hash) (ref.func $Product.evaluate) (ref.func $Product.derive)))

  (func $constant (param $value i64) (result (ref $Node))
    (struct.new $Constant (global.get $Constant.vtable) (call $box (local.get $value))))
  (func $sum (param $left (ref $Node)) (param $right (ref $Node)) (result (ref $Node))
    (struct.new $Sum (global.get $Sum.vtable) (local.get $left) (local.get $right)))
  (func $product (param $left (ref $Node)) (param $right (ref $Node)) (result (ref $Node))
    (struct.new $Product (global.get $Product.vtable) (local.get $left) (local.get $right)))

  ;; Virtual calls.
  (func $hash (param $object (ref $Object)) (result i64)
    (call_ref $Object.hash (local.get $object)
      (struct.get $Object.vtable $hash (struct.get $Object $vtable (local.get $object)))))
  (func $evaluate (param $node (ref $Node)) (param $x anyref) (result anyref)
    (call_ref $Node.evaluate (local.get $node) (local.get $x)
      (struct.get $Node.vtable $evaluate (struct.get $Node $vtable (local.get $node)))))
  (func $derive (param $node (ref $Node)) (result (ref $Node))
    (call_ref $Node.derive (local.get $node)
      (struct.get $Node.vtable $derive (struct.get $Node $vtable (local.get $node)))))

  (func $Constant.hash (type $Object.hash)
    (i64.add (i64.const 17) (call $unbox (struct.get $Constant $value (ref.cast (ref $Constant) (local.get 0))))))
  (func $Constant.evaluate (type $Node.evaluate)
    (struct.get $Constant $value (ref.cast (ref $Constant) (local.get 0))))
  (func $Constant.derive (type $Node.derive) (call $constant (i64.const 0)))

  (func $Variable.hash (type $Object.hash) (i64.const 23))
  (func $Variable.evaluate (type $Node.evaluate) (local.get 1))
  (func $Variable.derive (type $Node.derive) (call $constant (i64.const 1)))

  (func $Binary.hash (type $Object.hash)
    (local $this (ref $Binary))
    (local.set $this (ref.cast (ref $Binary) (local.get 0)))
    (i64.add
      (i64.mul (call $hash (struct.get $Binary $left (local.get $this))) (i64.const 31))
      (i64.add (call $hash (struct.get $Binary $right (local.get $this)))
        (i64.extend_i32_u (struct.get $Object.vtable $kind (struct.get $Object $vtable (local.get 0)))))))

  (func $Sum.evaluate (type $Node.evaluate)
    (local $this (ref $Sum))
    (local.set $this (ref.cast (ref $Sum) (local.get 0)))
    (call $box
      (i64.add
        (call $unbox (call $evaluate (struct.get $Sum $left (local.get $this)) (local.get 1)))
        (call $unbox (call $evaluate (struct.get $Sum $right (local.get $this)) (local.get 1))))))
  (func $Sum.derive (type $Node.derive)
    (local $this (ref $Sum))
    (local.set $this (ref.cast (ref $Sum) (local.get 0)))
    (call $sum
      (call $derive (struct.get $Sum $left (local.get $this)))
      (call $derive (struct.get $Sum $right (local.get $this)))))

  (func $Product.evaluate (type $Node.evaluate)
    (local $this (ref $Product))
    (local.set $this (ref.cast (ref $Product) (local.get 0)))
    (call $box
      (i64.mul
        (call $unbox (call $evaluate (struct.get $Product $left (local.get $this)) (local.get 1)))
        (call $unbox (call $evaluate (struct.get $Product $right (local.get $this)) (local.get 1))))))
  (func $Product.derive (type $Node.derive)
    (local $this (ref $Product))
    (local.set $this (ref.cast (ref $Product) (local.get 0)))
    (call $sum
      (call $product
        (call $derive (struct.get $Product $left (local.get $this))) (struct.get $Product $right (local.get $this)))
      (call $product
        (struct.get $Product $left (local.get $this)) (call $derive (struct.get $Product $right (local.get $this))))))

  ;; Simplifies sums and products with 0, and products with 1. The code is as a compiler makes it from pattern matching.
  (func $simplify (param $node (ref $Node)) (result (ref $Node))
    (local $left (ref $Node)) (local $right (ref $Node)) (local $binary (ref $Binary))
    (block $leaf (result (ref $Node))
      (local.set $binary (br_on_cast_fail $leaf (ref $Node) (ref $Binary) (local.get $node)))
      (local.set $left (call $simplify (struct.get $Binary $left (local.get $binary))))
      (local.set $right (call $simplify (struct.get $Binary $right (local.get $binary))))
      (block $product (result (ref $Product))
        (br_on_cast $product (ref $Binary) (ref $Product) (local.get $binary))
        (drop)
        (if (call $is_constant (local.get $left) (i64.const 0)) (then (return (local.get $right))))
        (if (call $is_constant (local.get $right) (i64.const 0)) (then (return (local.get $left))))
        (return (call $sum (local.get $left) (local.get $right))))
      (drop)
      (if (call $is_constant (local.get $left) (i64.const 1)) (then (return (local.get $right))))
      (if (call $is_constant (local.get $right) (i64.const 1)) (then (return (local.get $left))))
      (if (call $is_constant (local.get $left) (i64.const 0)) (then (return (local.get $left))))
      (if (call $is_constant (local.get $right) (i64.const 0)) (then (return (local.get $right))))
      (return (call $product (local.get $left) (local.get $right)))))

  (func $is_constant (param $node (ref $Node)) (param $value i64) (result i32)
    (block $other (result (ref $Node))
      (return (i64.eq (local.get $value)
        (call $unbox
          (struct.get $Constant $value (br_on_cast_fail $other (ref $Node) (ref $Constant) (local.get $node)))))))
    (drop)
    (i32.const 0))

  (func $build (param $depth i32) (result (ref $Node))
    (local $what i32) (local $left (ref $Node))
    (local.set $what (call $random_below (i32.const 8)))
    (if (i32.or (i32.eqz (local.get $depth)) (i32.lt_u (local.get $what) (i32.const 2)))
      (then
        (if (i32.and (local.get $what) (i32.const 1))
          (then (return (struct.new $Variable (global.get $Variable.vtable)))))
        (return (call $constant (i64.extend_i32_s (i32.shr_s (call $random) (i32.const 20)))))))
    (local.set $left (call $build (i32.sub (local.get $depth) (i32.const 1))))
    (if (i32.lt_u (local.get $what) (i32.const 5))
      (then (return (call $sum (local.get $left) (call $build (i32.sub (local.get $depth) (i32.const 1)))))))
    (call $product (local.get $left) (call $build (i32.sub (local.get $depth) (i32.const 1)))))

  (func $evaluator.code (type $function)
    (call $evaluate (struct.get $Evaluator $node (ref.cast (ref $Evaluator) (local.get 0))) (local.get 1)))
  (func $composed.code (type $function)
    (local $this (ref $Composed))
    (local.set $this (ref.cast (ref $Composed) (local.get 0)))
    (call $apply (struct.get $Composed $outer (local.get $this))
      (call $apply (struct.get $Composed $inner (local.get $this)) (local.get 1))))
  (elem declare func $evaluator.code $composed.code)
  (func $apply (param $closure (ref $Closure)) (param $x anyref) (result anyref)
    (call_ref $function (local.get $closure) (local.get $x) (struct.get $Closure $code (local.get $closure))))
  (func $evaluator (param $node (ref $Node)) (result (ref $Closure))
    (struct.new $Evaluator (ref.func $evaluator.code) (local.get $node)))

  (func $main (param $rounds i32)
    (local $node (ref $Node)) (local $round i32) (local $x i32) (local $function (ref $Closure)) (local $values i64)
    (local $hashes i64)
    (loop $each
      (local.set $node (call $build (i32.const 6)))
      (local.set $function
        (struct.new $Composed (ref.func $composed.code)
          (call $evaluator (local.get $node))
          (call $evaluator (call $simplify (call $derive (local.get $node))))))
      (local.set $x (i32.const -4))
      (loop $argument
        (local.set $values
          (i64.add (i64.mul (local.get $values) (i64.const 3))
            (call $unbox (call $apply (local.get $function) (call $box (i64.extend_i32_s (local.get $x)))))))
        (br_if $argument (i32.lt_s (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const 4))))
      (local.set $hashes
        (i64.add (i64.mul (local.get $hashes) (i64.const 7)) (call $hash (call $simplify (local.get $node)))))
      (br_if $each (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (local.get $rounds))))
    (call $print (local.get $values))
    (call $print (local.get $hashes))
    (call $print_line))
