;; Eight threads count together, atomically; two more hand a token to and fro; then 100 threads run one after the
;; other. The exit status is 0 if all is right.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (export "memory" (memory 0))
  ;; 0: the count; 4: how many threads are done; 8: whose turn it is; 12: how often the token was handed on
  (func $done
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const -1))))
  (func $count (local $left i32)
    (local.set $left (i32.const 100000))
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  ;; Waits for its turn, 0 or 1, and gives it to the other one, 5,000 times.
  (func $play (param $own i32) (local $left i32)
    (local.set $left (i32.const 5000))
    (loop $again
      (loop $wait
        (if (i32.ne (i32.atomic.load (i32.const 8)) (local.get $own)) (then
          (drop (memory.atomic.wait32 (i32.const 8) (i32.sub (i32.const 1) (local.get $own)) (i64.const -1)))
          (br $wait))))
      (i32.store (i32.const 12) (i32.add (i32.load (i32.const 12)) (i32.const 1)))
      (i32.atomic.store (i32.const 8) (i32.sub (i32.const 1) (local.get $own)))
      (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "wasi_thread_start") (param $number i32) (param $argument i32)
    (if (i32.eq (local.get $argument) (i32.const 0)) (then (call $count)))
    (if (i32.eq (local.get $argument) (i32.const 1)) (then (call $play (i32.const 0))))
    (if (i32.eq (local.get $argument) (i32.const 2)) (then (call $play (i32.const 1))))
    (call $done))
  (func $start (param $argument i32) (local $number i32)
    (local.set $number (call $spawn (local.get $argument)))
    (if (i32.or (i32.le_s (local.get $number) (i32.const 0)) (i32.ge_u (local.get $number) (i32.const 0x20000000)))
      (then (call $proc_exit (i32.const 1)))))
  ;; Waits until this many threads are done.
  (func $join (param $threads i32) (local $now i32)
    (loop $again
      (local.set $now (i32.atomic.load (i32.const 4)))
      (if (i32.lt_u (local.get $now) (local.get $threads)) (then
        (drop (memory.atomic.wait32 (i32.const 4) (local.get $now) (i64.const -1)))
        (br $again)))))
  (func (export "_start") (local $i i32)
    (loop $again
      (call $start (i32.const 0))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
    (call $start (i32.const 1))
    (call $start (i32.const 2))
    (call $join (i32.const 10))
    (if (i32.ne (i32.load (i32.const 0)) (i32.const 800000)) (then (call $proc_exit (i32.const 4))))
    (if (i32.ne (i32.load (i32.const 12)) (i32.const 10000)) (then (call $proc_exit (i32.const 5))))
    (local.set $i (i32.const 10))
    (loop $again
      (call $start (i32.const 3))
      (call $join (local.tee $i (i32.add (local.get $i) (i32.const 1))))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 110))))))
