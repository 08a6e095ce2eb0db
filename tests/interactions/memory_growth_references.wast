;; memory.grow between making objects and using them, with addresses in objects and objects made from memory. The memory
;; and the objects may move or not; a program cannot see it.

(module $m
  (memory $m (export "memory") 1 40)
  (memory $other 0 40)
  (type $cell (struct (field $address i32) (field $expected i32) (field $next (ref null $cell))))
  (type $bytes (array (mut i8)))
  (type $junk (array i8))
  (global $junk (mut (ref null $junk)) (ref.null $junk))
  (global $cells (mut (ref null $cell)) (ref.null $cell))
  (func $churn (local $i i32)
    (loop $again
      (global.set $junk (array.new_default $junk (i32.const 8000)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))

  ;; For every page: grows, writes to the ends of the new page, keeps the address in an object, collects now and then,
  ;; and checks all cells so far.
  (func $check (param $cell (ref null $cell)) (result i32)
    (local $wrong i32)
    (block $end
      (loop $again
        (br_if $end (ref.is_null (local.get $cell)))
        (local.set $wrong
          (i32.add (local.get $wrong)
            (i32.ne (i32.load $m (struct.get $cell $address (local.get $cell))) (struct.get $cell $expected (local.get $cell)))))
        (local.set $cell (struct.get $cell $next (local.get $cell)))
        (br $again)))
    (local.get $wrong))
  (func (export "grow") (param $pages i32) (result i32)
    (local $local (ref null $cell)) (local $page i32) (local $wrong i32)
    (loop $again
      (local.set $page (memory.grow $m (i32.const 1)))
      (if (i32.eq (local.get $page) (i32.const -1)) (then (return (i32.const -1))))
      (local.set $local
        (struct.new $cell (i32.mul (local.get $page) (i32.const 0x10000)) (local.get $page) (local.get $local)))
      (global.set $cells
        (struct.new $cell (i32.add (i32.mul (local.get $page) (i32.const 0x10000)) (i32.const 0xfffc))
          (i32.mul (local.get $page) (i32.const 7)) (global.get $cells)))
      (i32.store $m (struct.get $cell $address (local.get $local)) (local.get $page))
      (i32.store $m (struct.get $cell $address (global.get $cells)) (struct.get $cell $expected (global.get $cells)))
      (if (i32.eqz (i32.and (local.get $page) (i32.const 3))) (then (call $churn)))
      (drop (memory.grow $other (i32.const 1)))
      (local.set $wrong
        (i32.add (local.get $wrong) (i32.add (call $check (local.get $local)) (call $check (global.get $cells)))))
      (br_if $again (local.tee $pages (i32.sub (local.get $pages) (i32.const 1)))))
    (local.get $wrong))
  (func (export "size") (result i32 i32) (memory.size $m) (memory.size $other))
  (func (export "check") (result i32) (call $churn) (call $check (global.get $cells)))

  ;; A pointer kept across a call that grows; the load is after it.
  (func $grows (param $cell (ref $cell)) (result i32)
    (drop (memory.grow $m (i32.const 1)))
    (call $churn)
    (struct.get $cell $expected (local.get $cell)))
  (func (export "across a call") (result i32)
    (local $cell (ref $cell)) (local $before i32)
    (local.set $cell (struct.new $cell (i32.const 128) (i32.const 99) (ref.null $cell)))
    (i32.store $m (i32.const 128) (i32.const 5))
    (local.set $before (i32.load $m (struct.get $cell $address (local.get $cell))))
    (i32.add
      (i32.add (local.get $before) (call $grows (local.get $cell)))
      (i32.load $m (struct.get $cell $address (local.get $cell)))))
  ;; Addresses that were out of bounds before are inside now, and what was copied out of the memory stays as it was.
  (func (export "after the end") (result i32)
    (local $end i32) (local $bytes (ref $bytes))
    (local.set $end (i32.mul (memory.size $m) (i32.const 0x10000)))
    (drop (memory.grow $m (i32.const 1)))
    (local.set $bytes (array.new $bytes (i32.load8_u $m (local.get $end)) (i32.const 3)))
    (i32.store8 $m (local.get $end) (i32.const 200))
    (call $churn)
    (i32.add (array.get_u $bytes (local.get $bytes) (i32.const 2)) (i32.load8_u $m (local.get $end))))
  (func (export "fail") (result i32)
    (local $cell (ref $cell)) (local $result i32)
    (local.set $cell (struct.new $cell (i32.const 128) (i32.const 1) (ref.null $cell)))
    (local.set $result (memory.grow $m (i32.const 100)))
    (call $churn)
    (i32.add (i32.mul (local.get $result) (i32.const 10)) (struct.get $cell $expected (local.get $cell))))
  (func (export "outside") (result i32)
    (local $cell (ref $cell))
    (local.set $cell (struct.new $cell (i32.mul (memory.size $m) (i32.const 0x10000)) (i32.const 1) (ref.null $cell)))
    (global.set $cells (local.get $cell))
    (i32.load $m (struct.get $cell $address (local.get $cell))))
)
(assert_return (invoke $m "grow" (i32.const 30)) (i32.const 0))
(assert_return (invoke $m "size") (i32.const 31) (i32.const 30))
(assert_return (invoke $m "check") (i32.const 0))
(assert_return (invoke $m "across a call") (i32.const 109))
(assert_return (invoke $m "after the end") (i32.const 200))
(assert_return (invoke $m "size") (i32.const 33) (i32.const 30))
(assert_return (invoke $m "fail") (i32.const -9))
(assert_return (invoke $m "size") (i32.const 33) (i32.const 30))
(assert_return (invoke $m "grow" (i32.const 7)) (i32.const 0))
(assert_return (invoke $m "grow" (i32.const 1)) (i32.const -1))
(assert_return (invoke $m "check") (i32.const 0))
(assert_trap (invoke $m "outside") "out of bounds memory access")
(assert_trap (invoke $m "outside") "out of bounds memory access")
;; The cell that was made before the trap is still there: its address is outside.
(assert_trap (invoke $m "check") "out of bounds memory access")
