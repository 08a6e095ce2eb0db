;; A table of 80 MB of which one element is used, and enough living and dying objects for full collections. Nothing reads
;; the rest of the table, so it must not take memory.
(module
  (type $node (struct (field (ref null $node)) (field i64)))
  (table $table 10000000 (ref null $node))
  (func $list (param $count i32) (result (ref null $node)) (local $list (ref null $node))
    (loop $more
      (local.set $list (struct.new $node (local.get $list) (i64.extend_i32_u (local.get $count))))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $list))
  (func (export "_start") (local $i i32)
    (table.set $table (i32.const 5000000) (call $list (i32.const 10)))
    (loop $more
      (drop (call $list (i32.const 100000)))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40))))
    (if (i64.ne (struct.get $node 1 (table.get $table (i32.const 5000000))) (i64.const 1)) (then unreachable))))
