;; Makes 200,000 managed objects of which one is reachable at a time: far more than 4 MiB, if they were kept.
(module
  (type $link (struct (field (ref null $link)) (field i64 i64 i64)))
  (memory (export "memory") 1)
  (global $last (mut (ref null $link)) (ref.null $link))
  (func (export "_start")
    (local $i i32)
    (loop $again
      (global.set $last (struct.new $link (ref.null $link) (i64.const 1) (i64.const 2) (i64.const 3)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000))))))
