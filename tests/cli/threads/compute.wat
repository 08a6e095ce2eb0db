;; Four threads do the same amount of computing each. The exit status is 0 if the result is right.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param $number i32) (param $argument i32) (local $left i32) (local $x i32)
    (local.set $left (i32.const 100_000_000))
    (local.set $x (i32.const 1))
    (loop $again
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
      (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (i32.atomic.rmw.xor (i32.const 0) (i32.add (local.get $x) (local.get $argument))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
  (func (export "_start") (local $now i32)
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 0)))
    (loop $again
      (local.set $now (i32.atomic.load (i32.const 4)))
      (if (i32.lt_u (local.get $now) (i32.const 4)) (then
        (drop (memory.atomic.wait32 (i32.const 4) (local.get $now) (i64.const -1)))
        (br $again))))
    ;; Equal results cancel each other.
    (if (i32.load (i32.const 0)) (then (call $proc_exit (i32.const 1))))))
