;; Throws an exception that nothing catches.
(module
  (memory (export "memory") 1)
  (tag $oops (export "oops") (param i32 i64))
  (func $inner (throw $oops (i32.const -3) (i64.const 7)))
  (func $outer (call $inner))
  (func (export "_start") (call $outer)))
