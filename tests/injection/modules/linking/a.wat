;; Exports an item of every kind.
(module
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") 1 4)
  (table (export "table") 4 100 funcref)
  (global (export "global") (mut i32) (i32.const 1))
  (global (export "object") (ref null i31) (ref.i31 (i32.const 6)))
  (tag (export "tag") (param i32))
  (elem (i32.const 0) func $twice)
  (func $twice (export "twice") (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "throw") (param i32) (throw 0 (local.get 0))))
