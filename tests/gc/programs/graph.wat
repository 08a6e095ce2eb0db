  ;; Works with a directed graph with cycles. Edges are added and removed, and nodes are replaced by new ones (the old
  ;; ones live while something points to them). Now and then, the reachable nodes are counted with a work list. The
  ;; argument is the number of nodes.
  (rec
    (type $edges (array (mut (ref null $node))))
    (type $node (struct
      (field $id i32) (field $mark (mut i32)) (field $degree (mut i32)) (field $edges (mut (ref null $edges))))))
  (type $list (struct (field $node (ref $node)) (field $next (ref null $list))))

  (global $marks (mut i32) (i32.const 0))

  (func $add_edge (param $from (ref $node)) (param $to (ref $node))
    (local $edges (ref null $edges)) (local $grown (ref $edges)) (local $degree i32)
    (local.set $degree (struct.get $node $degree (local.get $from)))
    (local.set $edges (struct.get $node $edges (local.get $from)))
    (if (ref.is_null (local.get $edges))
      (then
        (struct.set $node $edges (local.get $from)
          (local.tee $edges (array.new_default $edges (i32.const 2))))))
    (if (i32.eq (array.len (local.get $edges)) (local.get $degree))
      (then
        (local.set $grown (array.new_default $edges (i32.mul (local.get $degree) (i32.const 2))))
        (array.copy $edges $edges (local.get $grown) (i32.const 0) (local.get $edges) (i32.const 0) (local.get $degree))
        (struct.set $node $edges (local.get $from) (local.get $grown))
        (local.set $edges (local.get $grown))))
    (array.set $edges (local.get $edges) (local.get $degree) (local.get $to))
    (struct.set $node $degree (local.get $from) (i32.add (local.get $degree) (i32.const 1))))

  ;; The last edge takes the place of the removed one.
  (func $remove_edge (param $from (ref $node)) (param $which i32)
    (local $last i32) (local $edges (ref null $edges))
    (local.set $last (i32.sub (struct.get $node $degree (local.get $from)) (i32.const 1)))
    (local.set $edges (struct.get $node $edges (local.get $from)))
    (array.set $edges (local.get $edges) (local.get $which) (array.get $edges (local.get $edges) (local.get $last)))
    (array.set $edges (local.get $edges) (local.get $last) (ref.null $node))
    (struct.set $node $degree (local.get $from) (local.get $last)))

  ;; Returns the number of reachable nodes, and a sum over their ids and degrees.
  (func $reach (param $root (ref $node)) (result i64 i64)
    (local $list (ref null $list)) (local $node (ref $node)) (local $to (ref $node)) (local $edges (ref null $edges))
    (local $i i32) (local $count i64) (local $sum i64) (local $mark i32)
    (global.set $marks (local.tee $mark (i32.add (global.get $marks) (i32.const 1))))
    (struct.set $node $mark (local.get $root) (local.get $mark))
    (local.set $list (struct.new $list (local.get $root) (ref.null $list)))
    (loop $next
      (local.set $node (struct.get $list $node (local.get $list)))
      (local.set $list (struct.get $list $next (local.get $list)))
      (local.set $count (i64.add (local.get $count) (i64.const 1)))
      (local.set $sum
        (i64.add (local.get $sum)
          (i64.mul (i64.extend_i32_u (struct.get $node $id (local.get $node)))
            (i64.extend_i32_u (i32.add (struct.get $node $degree (local.get $node)) (i32.const 1))))))
      (local.set $edges (struct.get $node $edges (local.get $node)))
      (local.set $i (i32.const 0))
      (block $end
        (loop $edge
          (br_if $end (i32.ge_u (local.get $i) (struct.get $node $degree (local.get $node))))
          (local.set $to (ref.as_non_null (array.get $edges (local.get $edges) (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $edge (i32.eq (struct.get $node $mark (local.get $to)) (local.get $mark)))
          (struct.set $node $mark (local.get $to) (local.get $mark))
          (local.set $list (struct.new $list (local.get $to) (local.get $list)))
          (br $edge)))
      (br_if $next (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $count)
    (local.get $sum))

  (func $new_node (param $id i32) (result (ref $node))
    (struct.new $node (local.get $id) (i32.const 0) (i32.const 0) (ref.null $edges)))

  (func $at (param $nodes (ref $edges)) (param $i i32) (result (ref $node))
    (ref.as_non_null (array.get $edges (local.get $nodes) (local.get $i))))

  (func $main (param $size i32)
    (local $nodes (ref $edges)) (local $i i32) (local $round i32) (local $ids i32) (local $node (ref $node)) (local $what i32)
    (local $other (ref $node))
    (local.set $nodes (array.new_default $edges (local.get $size)))
    (loop $fill
      (array.set $edges (local.get $nodes) (local.get $i) (call $new_node (local.get $i)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (local.set $ids (local.get $size))
    (loop $each_round
      (local.set $i (i32.const 0))
      (loop $change
        (local.set $what (call $random_below (i32.const 8)))
        (local.set $node (call $at (local.get $nodes) (call $random_below (local.get $size))))
        (block $done
          (if (i32.lt_u (local.get $what) (i32.const 5))
            (then
              (call $add_edge (local.get $node) (call $at (local.get $nodes) (call $random_below (local.get $size))))
              (br $done)))
          (if (i32.lt_u (local.get $what) (i32.const 7))
            (then
              (if (struct.get $node $degree (local.get $node))
                (then
                  (call $remove_edge (local.get $node)
                    (call $random_below (struct.get $node $degree (local.get $node))))))
              (br $done)))
          ;; A new node, with one edge to the node that it replaces.
          (local.set $other (call $new_node (local.get $ids)))
          (local.set $ids (i32.add (local.get $ids) (i32.const 1)))
          (call $add_edge (local.get $other) (local.get $node))
          (array.set $edges (local.get $nodes) (call $random_below (local.get $size)) (local.get $other)))
        (br_if $change (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
      (call $reach (call $at (local.get $nodes) (i32.const 0)))
      (call $print_two)
      (br_if $each_round
        (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 12)))))

  (func $print_two (param $a i64) (param $b i64)
    (call $print (local.get $a))
    (call $print (local.get $b))
    (call $print_line))
