;; Grows a table until that is refused. Exits with 3 if it got at least 100000 elements.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $table 0 funcref)
  (func (export "_start")
    (loop $again
      (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1))))
    (call $exit (select (i32.const 3) (i32.const 4) (i32.ge_u (table.size $table) (i32.const 100000))))))
