  ;; Makes many binary trees that die young, and one that lives as long as the program. The argument is the depth of
  ;; the largest.
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))

  (func $make (param $depth i32) (result (ref $tree))
    (if (i32.eqz (local.get $depth)) (then (return (struct.new_default $tree))))
    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
    (struct.new $tree (call $make (local.get $depth)) (call $make (local.get $depth))))

  (func $count (param $tree (ref $tree)) (result i32)
    (block $leaf
      (return (i32.add
        (i32.add (i32.const 1) (call $count (br_on_null $leaf (struct.get $tree $left (local.get $tree)))))
        (call $count (ref.as_non_null (struct.get $tree $right (local.get $tree))))))
      (unreachable))
    (i32.const 1))

  (func $main (param $depth i32)
    (local $long_lived (ref null $tree)) (local $d i32) (local $rounds i32) (local $round i32) (local $sum i64)
    ;; A tree that is dropped at once.
    (call $print (i64.extend_i32_u (i32.add (local.get $depth) (i32.const 1))))
    (call $print (i64.extend_i32_u (call $count (call $make (i32.add (local.get $depth) (i32.const 1))))))
    (call $print_line)
    (local.set $long_lived (call $make (local.get $depth)))
    (local.set $d (i32.const 4))
    (loop $each_depth
      (local.set $rounds
        (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $depth) (local.get $d)) (i32.const 4))))
      (local.set $round (i32.const 0))
      (local.set $sum (i64.const 0))
      (loop $each_round
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (call $count (call $make (local.get $d))))))
        (br_if $each_round
          (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (local.get $rounds))))
      (call $print (i64.extend_i32_u (local.get $rounds)))
      (call $print (i64.extend_i32_u (local.get $d)))
      (call $print (local.get $sum))
      (call $print_line)
      (br_if $each_depth (i32.le_u (local.tee $d (i32.add (local.get $d) (i32.const 2))) (local.get $depth))))
    (call $print (i64.extend_i32_u (local.get $depth)))
    (call $print (i64.extend_i32_u (call $count (ref.as_non_null (local.get $long_lived)))))
    (call $print_line))
