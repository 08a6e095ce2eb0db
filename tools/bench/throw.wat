;; A million throws across ten frames to a handler, so the seconds of CPU time are the microseconds of one throw. The
;; frames save registers.
(module
  (memory (export "memory") 1)
  (tag $thrown (param i32))
  (tag $other)
  (func $frame (param $depth i32) (param $value i32) (result i32)
    (if (i32.eqz (local.get $depth)) (then (throw $thrown (local.get $value))))
    (i32.add (call $frame (i32.sub (local.get $depth) (i32.const 1)) (i32.add (local.get $value) (i32.const 1)))
      (local.get $value)))
  (func $run (param $count i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (block $caught (result i32)
          (try_table (catch $thrown $caught) (drop (call $frame (i32.const 9) (local.get $count))))
          (unreachable))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "_start") (drop (call $run (i32.const 1000000)))))
