;; Starts threads that wait, until no more can be started; lets all of them end, and starts as many again. The exit status
;; is 0 if at least 8 could be started each time, and at most 1,023.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (export "memory" (memory 0))
  ;; 0: the round in which threads may end; 4: how many threads are done
  (func (export "wasi_thread_start") (param $number i32) (param $round i32)
    (loop $again
      (if (i32.lt_u (i32.atomic.load (i32.const 0)) (local.get $round)) (then
        (drop (memory.atomic.wait32 (i32.const 0) (i32.sub (local.get $round) (i32.const 1)) (i64.const -1)))
        (br $again))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1))))
  (func $flood (param $round i32) (local $threads i32) (local $patience i32)
    (i32.atomic.store (i32.const 4) (i32.const 0))
    ;; Threads of the last round may still be about to end, so the first refusals do not count.
    (local.set $patience (i32.const 200))
    (loop $again
      (if (i32.gt_s (call $spawn (local.get $round)) (i32.const 0))
        (then
          (local.set $threads (i32.add (local.get $threads) (i32.const 1)))
          (br_if $again (i32.le_u (local.get $threads) (i32.const 1023)))
          (call $proc_exit (i32.const 4)))
        (else
          (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1_000_000)))
          (br_if $again (local.tee $patience (i32.sub (local.get $patience) (i32.const 1)))))))
    (if (i32.lt_u (local.get $threads) (i32.const 8)) (then (call $proc_exit (i32.const 5))))
    (i32.atomic.store (i32.const 0) (local.get $round))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
    (loop $again
      (if (i32.ne (i32.atomic.load (i32.const 4)) (local.get $threads)) (then
        (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1_000_000)))
        (br $again)))))
  (func (export "_start")
    (call $flood (i32.const 1))
    (call $flood (i32.const 2))
    (call $flood (i32.const 3))))
