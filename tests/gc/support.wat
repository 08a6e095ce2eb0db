  ;; The common part of all programs: arguments as numbers, printing of numbers, and random numbers.
  ;; The runner puts this before the program's fields. The program has `$main`, which gets the first argument or 0.
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (memory (export "memory") 2)

  ;; Bytes 0-15: fd_write's vector and result. 64-127: the digits of a number, made from the end. 1024: the current
  ;; line. 65536: arguments.
  (global $line_end (mut i32) (i32.const 1024))

  (func $print_byte (param $byte i32)
    (i32.store8 (global.get $line_end) (local.get $byte))
    (global.set $line_end (i32.add (global.get $line_end) (i32.const 1))))

  ;; Appends a number, in unsigned decimal, and a space to the line.
  (func $print (param $value i64)
    (local $at i32)
    (local.set $at (i32.const 128))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $value) (i64.const 10)))))
      (local.set $value (i64.div_u (local.get $value) (i64.const 10)))
      (br_if $digit (i64.ne (local.get $value) (i64.const 0))))
    (memory.copy (global.get $line_end) (local.get $at) (i32.sub (i32.const 128) (local.get $at)))
    (global.set $line_end (i32.add (global.get $line_end) (i32.sub (i32.const 128) (local.get $at))))
    (call $print_byte (i32.const 32)))

  ;; Replaces the last space of the line by a newline, and writes the line.
  (func $print_line
    (i32.store8 (i32.sub (global.get $line_end) (i32.const 1)) (i32.const 10))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.sub (global.get $line_end) (i32.const 1024)))
    (global.set $line_end (i32.const 1024))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable))))

  ;; Returns the value of the argument with this number, which is decimal; 0 if there is none.
  (func $argument (param $index i32) (result i32)
    (local $at i32) (local $value i32)
    (if (call $args_sizes_get (i32.const 0) (i32.const 4)) (then (unreachable)))
    (if (i32.le_u (i32.load (i32.const 0)) (local.get $index)) (then (return (i32.const 0))))
    (if (call $args_get (i32.const 65536) (i32.const 69632)) (then (unreachable)))
    (local.set $at (i32.load (i32.add (i32.const 65536) (i32.shl (local.get $index) (i32.const 2)))))
    (loop $digit
      (if (i32.lt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 10))
        (then
          (local.set $value
            (i32.add (i32.mul (local.get $value) (i32.const 10)) (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $digit))))
    (local.get $value))

  ;; Marsaglia's xorshift with 32 bits of state.
  (global $random_state (mut i32) (i32.const 2463534242))
  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $random_state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $random_state (local.get $x))
    (local.get $x))
  (func $random_below (param $bound i32) (result i32)
    (i32.rem_u (call $random) (local.get $bound)))

  (func (export "_start") (call $main (call $argument (i32.const 1))))
