;; Uses a shared memory: grows it, executes atomics, waits with a timeout, and notifies without a waiter.
(module
  (memory 1 4 shared)
  (func (export "run") (result i32)
    (local $refused i32)
    (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (local.set $refused (i32.const 2))))
    (drop (i32.atomic.rmw.add (i32.const 16) (i32.const 5)))
    (if (i32.ne (memory.atomic.wait32 (i32.const 16) (i32.const 4) (i64.const -1)) (i32.const 1)) (then (return (i32.const 1))))
    (if (i32.ne (memory.atomic.wait32 (i32.const 16) (i32.const 5) (i64.const 1000)) (i32.const 2)) (then (return (i32.const 1))))
    (if (i32.ne (memory.atomic.wait64 (i32.const 24) (i64.const 0) (i64.const 1000)) (i32.const 2)) (then (return (i32.const 1))))
    (if (memory.atomic.notify (i32.const 16) (i32.const 10)) (then (return (i32.const 1))))
    (local.get $refused)))
