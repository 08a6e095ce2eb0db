;; Waiting and notifying between threads that run at the same time.

(module $mem
  (memory (export "shared") 1 1 shared)
  ;; Waits until cell 0 is set. Cell 4 counts the threads that are about to wait, and cell 8 those that were woken.
  (func (export "wake until") (param $cell i32) (param $woken i32) (result i32)
    (loop $again (result i32)
      (drop (memory.atomic.notify (local.get $cell) (i32.const 1)))
      (if (i32.lt_u (i32.atomic.load (i32.const 8)) (local.get $woken)) (then (br $again)))
      (i32.atomic.load (i32.const 8))))
  (func (export "notify all") (param $cell i32) (result i32)
    (memory.atomic.notify (local.get $cell) (i32.const -1)))
  (func (export "get") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "release") (param $cell i32)
    (i32.atomic.store (local.get $cell) (i32.const 1))
    (drop (memory.atomic.notify (local.get $cell) (i32.const -1)))))

(thread $a (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (result i32)
      (local $result i32)
      (local.set $result (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
      (local.get $result)))
  (assert_return (invoke "wait") (i32.const 0)))
(thread $b (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (result i32)
      (local $result i32)
      (local.set $result (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const 60_000_000_000)))
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
      (local.get $result)))
  (assert_return (invoke "wait") (i32.const 0)))
(assert_return (invoke $mem "wake until" (i32.const 0) (i32.const 2)) (i32.const 2))
(wait $a)
(wait $b)
(assert_return (invoke $mem "notify all" (i32.const 0)) (i32.const 0))

;; A waiter compares the value when it enters the queue. So it does not sleep forever, in whatever order the threads
;; come.
(thread $c (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "until released") (result i32)
      (block $done
        (loop $again
          (br_if $done (i32.atomic.load (i32.const 64)))
          (drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))
          (br $again)))
      (i32.const 7)))
  (assert_return (invoke "until released") (i32.const 7)))
(invoke $mem "release" (i32.const 64))
(wait $c)

;; Two threads, a token that goes back and forth.
(thread $ping (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "play") (param $me i32) (param $rounds i32) (result i32)
      (loop $round
        (block $mine
          (loop $wait
            (br_if $mine (i32.eq (i32.and (i32.atomic.load (i32.const 128)) (i32.const 1)) (local.get $me)))
            (drop (memory.atomic.wait32 (i32.const 128) (i32.atomic.load (i32.const 128)) (i64.const 1000000)))
            (br $wait)))
        (drop (i32.atomic.rmw.add (i32.const 128) (i32.const 1)))
        (drop (memory.atomic.notify (i32.const 128) (i32.const 1)))
        (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (i32.const 1)))
  (assert_return (invoke "play" (i32.const 0) (i32.const 200)) (i32.const 1)))
(thread $pong (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "play") (param $me i32) (param $rounds i32) (result i32)
      (loop $round
        (block $mine
          (loop $wait
            (br_if $mine (i32.eq (i32.and (i32.atomic.load (i32.const 128)) (i32.const 1)) (local.get $me)))
            (drop (memory.atomic.wait32 (i32.const 128) (i32.atomic.load (i32.const 128)) (i64.const 1000000)))
            (br $wait)))
        (drop (i32.atomic.rmw.add (i32.const 128) (i32.const 1)))
        (drop (memory.atomic.notify (i32.const 128) (i32.const 1)))
        (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (i32.const 1)))
  (assert_return (invoke "play" (i32.const 1) (i32.const 200)) (i32.const 1)))
(wait $ping)
(wait $pong)
(assert_return (invoke $mem "get" (i32.const 128)) (i32.const 400))
