;; Recurses without end.
(module
  (memory (export "memory") 1)
  (func $forever (param i64) (result i64)
    (i64.add (i64.const 1) (call $forever (i64.add (local.get 0) (i64.const 1)))))
  (func (export "_start") (drop (call $forever (i64.const 0)))))
