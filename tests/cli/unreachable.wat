;; Executes `unreachable`.
(module
  (memory (export "memory") 1)
  (func $deepest unreachable)
  (func (export "_start") (call $deepest)))
