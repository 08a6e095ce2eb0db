;; Reads beyond the end of its memory, in the inner one of two functions.
(module
  (memory (export "memory") 1)
  (func $inner (param i32) (result i32) (i32.load offset=16 (local.get 0)))
  (func $outer (drop (call $inner (i32.const -8))))
  (func (export "_start") (call $outer)))
