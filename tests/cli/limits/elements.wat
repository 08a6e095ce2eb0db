;; Grows two tables in turn until that is refused, and exits with the number of their elements.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $a 60 funcref)
  (table $b 30 externref)
  (func (export "_start")
    (loop $again
      (br_if $again (i32.and
        (i32.ne (table.grow $a (ref.null func) (i32.const 1)) (i32.const -1))
        (i32.ne (table.grow $b (ref.null extern) (i32.const 1)) (i32.const -1)))))
    (call $exit (i32.add (table.size $a) (table.size $b)))))
