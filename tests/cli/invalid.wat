;; Is not valid: an i32 and an i64 are added.
(module
  (memory (export "memory") 1)
  (func (export "_start") (drop (i32.add (i32.const 1) (i64.const 2)))))
