;; The thread waits for a notification, and the script waits for the thread, so the wait can never succeed.
(module $m (memory (export "memory") 1 1 shared))
(thread $t (shared (module $m))
  (register "m" $m)
  (module
    (memory (import "m" "memory") 1 1 shared)
    (func (export "run") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "run") (i32.const 0)))
(wait $t)
