;; Has five types.
(module
  (type (func (param i32 i32 i32 i64)))
  (type (func (param i32 i32 i64 i64)))
  (type (func (param i32 i64 i32 i64)))
  (type (func (param i64 i32 i32 i64)))
  (type $start (func))
  (memory (export "memory") 1)
  (func (export "_start") (type $start)))
