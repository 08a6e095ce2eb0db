;; Grows its memory by 64 MiB until that is refused; then exits with 3 if the result was -1 and the memory still works.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $times i32)
    (block $refused
      (loop $again
        (br_if $refused (i32.eq (memory.grow (i32.const 1024)) (i32.const -1)))
        (local.set $times (i32.add (local.get $times) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $times) (i32.const 100)))))
    (i32.store (i32.const 8) (i32.const 3))
    (call $exit (select (i32.load (i32.const 8)) (i32.const 4) (i32.lt_u (local.get $times) (i32.const 64))))))
