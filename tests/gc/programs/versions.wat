  ;; Changes an immutable balanced tree (AVL), of which the last 64 versions are kept. Every change copies the path from
  ;; the root to its place. The argument is the number of changes.
  (type $tree (struct
    (field $key i32) (field $value i64) (field $height i32) (field $size i32)
    (field $left (ref null $tree)) (field $right (ref null $tree))))
  (type $versions (array (mut (ref null $tree))))

  (func $height (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else (struct.get $tree $height (local.get $tree)))))

  (func $size (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else (struct.get $tree $size (local.get $tree)))))

  (func $node (param $key i32) (param $value i64) (param $left (ref null $tree)) (param $right (ref null $tree))
    (result (ref $tree))
    (local $a i32) (local $b i32)
    (local.set $a (call $height (local.get $left)))
    (local.set $b (call $height (local.get $right)))
    (struct.new $tree (local.get $key) (local.get $value)
      (i32.add (i32.const 1) (select (local.get $a) (local.get $b) (i32.gt_u (local.get $a) (local.get $b))))
      (i32.add (i32.const 1) (i32.add (call $size (local.get $left)) (call $size (local.get $right))))
      (local.get $left) (local.get $right)))

  ;; Returns a balanced tree of this key and these subtrees, whose heights differ by two at most.
  (func $balance (param $key i32) (param $value i64) (param $left (ref null $tree)) (param $right (ref null $tree))
    (result (ref $tree))
    (local $inner (ref null $tree))
    (if (i32.gt_s (i32.sub (call $height (local.get $left)) (call $height (local.get $right))) (i32.const 1))
      (then
        (local.set $inner (struct.get $tree $right (local.get $left)))
        (if (i32.ge_u (call $height (struct.get $tree $left (local.get $left))) (call $height (local.get $inner)))
          (then
            (return (call $node
              (struct.get $tree $key (local.get $left)) (struct.get $tree $value (local.get $left))
              (struct.get $tree $left (local.get $left))
              (call $node (local.get $key) (local.get $value) (local.get $inner) (local.get $right))))))
        (return (call $node
          (struct.get $tree $key (local.get $inner)) (struct.get $tree $value (local.get $inner))
          (call $node
            (struct.get $tree $key (local.get $left)) (struct.get $tree $value (local.get $left))
            (struct.get $tree $left (local.get $left)) (struct.get $tree $left (local.get $inner)))
          (call $node (local.get $key) (local.get $value) (struct.get $tree $right (local.get $inner)) (local.get $right))))))
    (if (i32.gt_s (i32.sub (call $height (local.get $right)) (call $height (local.get $left))) (i32.const 1))
      (then
        (local.set $inner (struct.get $tree $left (local.get $right)))
        (if (i32.ge_u (call $height (struct.get $tree $right (local.get $right))) (call $height (local.get $inner)))
          (then
            (return (call $node
              (struct.get $tree $key (local.get $right)) (struct.get $tree $value (local.get $right))
              (call $node (local.get $key) (local.get $value) (local.get $left) (local.get $inner))
              (struct.get $tree $right (local.get $right))))))
        (return (call $node
          (struct.get $tree $key (local.get $inner)) (struct.get $tree $value (local.get $inner))
          (call $node (local.get $key) (local.get $value) (local.get $left) (struct.get $tree $left (local.get $inner)))
          (call $node
            (struct.get $tree $key (local.get $right)) (struct.get $tree $value (local.get $right))
            (struct.get $tree $right (local.get $inner)) (struct.get $tree $right (local.get $right)))))))
    (call $node (local.get $key) (local.get $value) (local.get $left) (local.get $right)))

  (func $insert (param $tree (ref null $tree)) (param $key i32) (param $value i64) (result (ref $tree))
    (local $at i32)
    (if (ref.is_null (local.get $tree))
      (then (return (call $node (local.get $key) (local.get $value) (ref.null $tree) (ref.null $tree)))))
    (local.set $at (struct.get $tree $key (local.get $tree)))
    (if (i32.lt_u (local.get $key) (local.get $at))
      (then
        (return (call $balance (local.get $at) (struct.get $tree $value (local.get $tree))
          (call $insert (struct.get $tree $left (local.get $tree)) (local.get $key) (local.get $value))
          (struct.get $tree $right (local.get $tree))))))
    (if (i32.gt_u (local.get $key) (local.get $at))
      (then
        (return (call $balance (local.get $at) (struct.get $tree $value (local.get $tree))
          (struct.get $tree $left (local.get $tree))
          (call $insert (struct.get $tree $right (local.get $tree)) (local.get $key) (local.get $value))))))
    (call $node (local.get $key) (local.get $value)
      (struct.get $tree $left (local.get $tree)) (struct.get $tree $right (local.get $tree))))

  ;; Returns the tree without its least node, and that node.
  (func $take_least (param $tree (ref $tree)) (result (ref null $tree) (ref $tree))
    (local $left (ref null $tree)) (local $least (ref $tree))
    (if (ref.is_null (struct.get $tree $left (local.get $tree)))
      (then (return (struct.get $tree $right (local.get $tree)) (local.get $tree))))
    (call $take_least (ref.as_non_null (struct.get $tree $left (local.get $tree))))
    (local.set $least)
    (local.set $left)
    (call $balance (struct.get $tree $key (local.get $tree)) (struct.get $tree $value (local.get $tree))
      (local.get $left) (struct.get $tree $right (local.get $tree)))
    (local.get $least))

  (func $remove (param $tree (ref null $tree)) (param $key i32) (result (ref null $tree))
    (local $at i32) (local $right (ref null $tree)) (local $least (ref $tree))
    (if (ref.is_null (local.get $tree)) (then (return (ref.null $tree))))
    (local.set $at (struct.get $tree $key (local.get $tree)))
    (if (i32.lt_u (local.get $key) (local.get $at))
      (then
        (return (call $balance (local.get $at) (struct.get $tree $value (local.get $tree))
          (call $remove (struct.get $tree $left (local.get $tree)) (local.get $key))
          (struct.get $tree $right (local.get $tree))))))
    (if (i32.gt_u (local.get $key) (local.get $at))
      (then
        (return (call $balance (local.get $at) (struct.get $tree $value (local.get $tree))
          (struct.get $tree $left (local.get $tree))
          (call $remove (struct.get $tree $right (local.get $tree)) (local.get $key))))))
    (if (ref.is_null (struct.get $tree $left (local.get $tree)))
      (then (return (struct.get $tree $right (local.get $tree)))))
    (if (ref.is_null (struct.get $tree $right (local.get $tree)))
      (then (return (struct.get $tree $left (local.get $tree)))))
    (call $take_least (ref.as_non_null (struct.get $tree $right (local.get $tree))))
    (local.set $least)
    (local.set $right)
    (call $balance (struct.get $tree $key (local.get $least)) (struct.get $tree $value (local.get $least))
      (struct.get $tree $left (local.get $tree)) (local.get $right)))

  ;; Returns the value of a key, or 1 if there is none.
  (func $find (param $tree (ref null $tree)) (param $key i32) (result i64)
    (local $at i32)
    (loop $next
      (if (ref.is_null (local.get $tree)) (then (return (i64.const 1))))
      (local.set $at (struct.get $tree $key (local.get $tree)))
      (if (i32.eq (local.get $at) (local.get $key)) (then (return (struct.get $tree $value (local.get $tree)))))
      (local.set $tree
        (select (result (ref null $tree))
          (struct.get $tree $left (local.get $tree)) (struct.get $tree $right (local.get $tree))
          (i32.lt_u (local.get $key) (local.get $at))))
      (br $next))
    (unreachable))

  (func $main (param $changes i32)
    (local $versions (ref $versions)) (local $current (ref null $tree)) (local $i i32) (local $keys i32) (local $sum i64)
    (local.set $versions (array.new_default $versions (i32.const 64)))
    (local.set $keys (i32.add (i32.shr_u (local.get $changes) (i32.const 2)) (i32.const 2)))
    (loop $change
      (if (i32.lt_u (call $random_below (i32.const 5)) (i32.const 3))
        (then
          (local.set $current
            (call $insert (local.get $current) (call $random_below (local.get $keys)) (i64.extend_i32_u (local.get $i)))))
        (else (local.set $current (call $remove (local.get $current) (call $random_below (local.get $keys))))))
      (array.set $versions (local.get $versions) (i32.and (local.get $i) (i32.const 63)) (local.get $current))
      ;; Looks up a key in one of the versions.
      (local.set $sum
        (i64.add (i64.mul (local.get $sum) (i64.const 5))
          (call $find (array.get $versions (local.get $versions) (call $random_below (i32.const 64)))
            (call $random_below (local.get $keys)))))
      (br_if $change (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $changes))))
    (call $print (local.get $sum))
    (call $print (i64.extend_i32_u (call $size (local.get $current))))
    (call $print_line)
    (local.set $sum (i64.const 0))
    (local.set $i (i32.const 0))
    (loop $version
      (local.set $sum
        (i64.add (i64.mul (local.get $sum) (i64.const 3))
          (i64.extend_i32_u (call $size (array.get $versions (local.get $versions) (local.get $i))))))
      (br_if $version (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
    (call $print (local.get $sum))
    (call $print_line))
