;; Grows its memory page by page until that is refused. Exits with 3 if it got at least 4 MiB and what it has still works.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $last i32)
    (loop $again
      (local.set $last (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)))
      (i32.store (local.get $last) (i32.const 1))
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (call $exit (select (i32.const 3) (i32.const 4)
      (i32.and (i32.load (local.get $last)) (i32.gt_u (memory.size) (i32.const 64)))))))
