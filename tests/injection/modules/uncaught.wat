;; An exception is thrown below 200 frames and caught. The module has names, which the backtrace uses.
(module $named
  (tag $tag (export "tag with a name that is longer than a small string") (param i32))
  (type $never (func))
  (table 1 funcref)
  (func $inner (param i32) (if (i32.eqz (local.get 0)) (then (throw $tag (i32.const 1)))) (call $inner (i32.sub (local.get 0) (i32.const 1))))
  (func (export "run") (result i32)
    (block $done
      (try_table (catch_all $done) (call $inner (i32.const 200)))
      (return (i32.const 1)))
    (i32.const 0)))
