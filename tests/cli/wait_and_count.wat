;; Sleeps for 10 s, and then adds up the numbers below a million. Exits with 1 if the sum is wrong.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\00\00\00\00\00\00\00\00\01\00\00\00") ;; a subscription's kind, clock, and the clock's number
  (data (i32.const 32) "\00\e4\0b\54\02\00\00\00")
  (func (export "_start")
    (local $i i64) (local $sum i64)
    (if (call $poll (i32.const 8) (i32.const 64) (i32.const 1) (i32.const 128)) (then (call $exit (i32.const 2))))
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $i) (i64.const 1000000))))
    (if (i64.ne (local.get $sum) (i64.const 499999500000)) (then (call $exit (i32.const 1))))))
