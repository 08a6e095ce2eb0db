;; ../threads.sh makes programs of this: it replaces MAIN and THREAD by calls. The argument of a thread is in local 1.
(module
  (import "env" "memory" (memory 1 16 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
  (func $busy (loop $forever (br $forever)))
  (func $wait (drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1))))
  (func $read
    (i32.store (i32.const 128) (i32.const 1024))
    (i32.store (i32.const 132) (i32.const 16))
    (drop (call $fd_read (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 136))))
  (func $sleep
    (i32.store (i32.const 272) (i32.const 1))
    (i64.store (i32.const 280) (i64.const 3_600_000_000_000))
    (drop (call $poll_oneoff (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 520))))
  (func $nap (drop (memory.atomic.wait32 (i32.const 68) (i32.const 0) (i64.const 100_000_000))))
  (func $exit (call $proc_exit (i32.const 42)))
  (func $trap unreachable)
  ;; Does one of four things without end, by the argument.
  (func $endless (param $way i32)
    (if (i32.eqz (local.get $way)) (then (call $busy)))
    (if (i32.eq (local.get $way) (i32.const 1)) (then (call $wait)))
    (if (i32.eq (local.get $way) (i32.const 2)) (then (call $read)))
    (if (i32.eq (local.get $way) (i32.const 3)) (then (call $sleep)))
    (call $busy))
  (func $start (param $argument i32)
    (if (i32.le_s (call $spawn (local.get $argument)) (i32.const 0)) (then (call $proc_exit (i32.const 3)))))
  ;; Starts threads with the arguments 0 to 3.
  (func $start_four
    (call $start (i32.const 0)) (call $start (i32.const 1)) (call $start (i32.const 2)) (call $start (i32.const 3)))
  (func (export "wasi_thread_start") (param $number i32) (param $argument i32) THREAD)
  (func (export "_start") MAIN))
