  ;; Sorts records of several kinds with a comparator that is called by reference and casts its arguments, as the sort
  ;; functions of object-oriented languages do. It is a stable merge sort. The argument is the number of records.
  (rec
    (type $compare (func (param (ref $comparable)) (param (ref $comparable)) (result i32)))
    (type $comparable (sub (struct (field $compare (ref $compare)) (field $number i32)))))
  (type $integer (sub final $comparable (struct (field $compare (ref $compare)) (field $number i32) (field $value i64))))
  (type $real (sub final $comparable (struct (field $compare (ref $compare)) (field $number i32) (field $value f64))))
  (type $pair (sub final $comparable (struct
    (field $compare (ref $compare)) (field $number i32) (field $first i16) (field $second i8))))
  (type $records (array (mut (ref null $comparable))))

  ;; Records are ordered by kind, and records of a kind by their contents.
  (func $kind (param $record (ref $comparable)) (result i32)
    (if (ref.test (ref $integer) (local.get $record)) (then (return (i32.const 0))))
    (if (ref.test (ref $real) (local.get $record)) (then (return (i32.const 1))))
    (i32.const 2))

  (func $compare_kinds (param $a (ref $comparable)) (param $b (ref $comparable)) (result i32)
    (i32.sub (call $kind (local.get $a)) (call $kind (local.get $b))))

  (func $compare_integers (type $compare) (param $a (ref $comparable)) (param $b (ref $comparable)) (result i32)
    (local $x i64) (local $y i64)
    (block $other (result (ref $comparable))
      (local.set $x (struct.get $integer $value (ref.cast (ref $integer) (local.get $a))))
      (local.set $y
        (struct.get $integer $value (br_on_cast_fail $other (ref $comparable) (ref $integer) (local.get $b))))
      (return (i32.sub (i64.gt_s (local.get $x) (local.get $y)) (i64.lt_s (local.get $x) (local.get $y)))))
    (drop)
    (call $compare_kinds (local.get $a) (local.get $b)))

  (func $compare_reals (type $compare) (param $a (ref $comparable)) (param $b (ref $comparable)) (result i32)
    (local $x f64) (local $y f64)
    (block $other (result (ref $comparable))
      (local.set $x (struct.get $real $value (ref.cast (ref $real) (local.get $a))))
      (local.set $y (struct.get $real $value (br_on_cast_fail $other (ref $comparable) (ref $real) (local.get $b))))
      (return (i32.sub (f64.gt (local.get $x) (local.get $y)) (f64.lt (local.get $x) (local.get $y)))))
    (drop)
    (call $compare_kinds (local.get $a) (local.get $b)))

  ;; Compares the second elements first.
  (func $compare_pairs (type $compare) (param $a (ref $comparable)) (param $b (ref $comparable)) (result i32)
    (local $x (ref null $pair)) (local $y (ref null $pair)) (local $difference i32)
    (block $other (result (ref $comparable))
      (local.set $x (ref.cast (ref $pair) (local.get $a)))
      (local.set $y (br_on_cast_fail $other (ref $comparable) (ref $pair) (local.get $b)))
      (local.set $difference
        (i32.sub (struct.get_s $pair $second (local.get $x)) (struct.get_s $pair $second (local.get $y))))
      (if (local.get $difference) (then (return (local.get $difference))))
      (return (i32.sub (struct.get_u $pair $first (local.get $x)) (struct.get_u $pair $first (local.get $y)))))
    (drop)
    (call $compare_kinds (local.get $a) (local.get $b)))
  (elem declare func $compare_integers $compare_reals $compare_pairs)

  (func $new_record (param $number i32) (result (ref $comparable))
    (local $kind i32)
    (local.set $kind (call $random_below (i32.const 3)))
    (if (i32.eqz (local.get $kind))
      (then
        (return (struct.new $integer (ref.func $compare_integers) (local.get $number)
          (i64.extend_i32_s (i32.shr_s (call $random) (i32.const 12)))))))
    (if (i32.eq (local.get $kind) (i32.const 1))
      (then
        (return (struct.new $real (ref.func $compare_reals) (local.get $number)
          (f64.div (f64.convert_i32_s (call $random)) (f64.const 65536))))))
    (struct.new $pair (ref.func $compare_pairs) (local.get $number) (call $random) (call $random)))

  (func $get (param $records (ref $records)) (param $i i32) (result (ref $comparable))
    (ref.as_non_null (array.get $records (local.get $records) (local.get $i))))

  ;; Merges [start, middle) and [middle, end) of `from` into `to`.
  (func $merge (param $from (ref $records)) (param $to (ref $records)) (param $start i32) (param $middle i32) (param $end i32)
    (local $left i32) (local $right i32) (local $a (ref $comparable)) (local $b (ref $comparable))
    (local.set $left (local.get $start))
    (local.set $right (local.get $middle))
    (loop $each
      (block $next
        (block $take_left
          (br_if $take_left (i32.ge_u (local.get $right) (local.get $end)))
          (if (i32.lt_u (local.get $left) (local.get $middle))
            (then
              (local.set $a (call $get (local.get $from) (local.get $left)))
              (local.set $b (call $get (local.get $from) (local.get $right)))
              (br_if $take_left
                (i32.le_s
                  (call_ref $compare (local.get $a) (local.get $b) (struct.get $comparable $compare (local.get $a)))
                  (i32.const 0)))))
          (array.set $records (local.get $to) (local.get $start) (array.get $records (local.get $from) (local.get $right)))
          (local.set $right (i32.add (local.get $right) (i32.const 1)))
          (br $next))
        (array.set $records (local.get $to) (local.get $start) (array.get $records (local.get $from) (local.get $left)))
        (local.set $left (i32.add (local.get $left) (i32.const 1))))
      (br_if $each (i32.lt_u (local.tee $start (i32.add (local.get $start) (i32.const 1))) (local.get $end)))))

  ;; Sorts [start, end) of `records`, of which `spare` is a copy.
  (func $sort (param $records (ref $records)) (param $spare (ref $records)) (param $start i32) (param $end i32)
    (local $middle i32)
    (if (i32.lt_u (i32.sub (local.get $end) (local.get $start)) (i32.const 2)) (then (return)))
    (local.set $middle (i32.shr_u (i32.add (local.get $start) (local.get $end)) (i32.const 1)))
    (call $sort (local.get $spare) (local.get $records) (local.get $start) (local.get $middle))
    (call $sort (local.get $spare) (local.get $records) (local.get $middle) (local.get $end))
    (call $merge (local.get $spare) (local.get $records) (local.get $start) (local.get $middle) (local.get $end)))

  (func $main (param $count i32)
    (local $records (ref $records)) (local $spare (ref $records)) (local $i i32) (local $round i32) (local $sum i64)
    (loop $each_round
      (local.set $records (array.new_default $records (local.get $count)))
      (local.set $i (i32.const 0))
      (loop $fill
        (array.set $records (local.get $records) (local.get $i) (call $new_record (local.get $i)))
        (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
      (local.set $spare (array.new_default $records (local.get $count)))
      (array.copy $records $records (local.get $spare) (i32.const 0) (local.get $records) (i32.const 0) (local.get $count))
      (call $sort (local.get $records) (local.get $spare) (i32.const 0) (local.get $count))
      ;; Computes a sum that depends on the order, from the numbers that the records had before sorting.
      (local.set $sum (i64.const 0))
      (local.set $i (i32.const 0))
      (loop $add
        (local.set $sum
          (i64.add (i64.mul (local.get $sum) (i64.const 31))
            (i64.extend_i32_u (struct.get $comparable $number (call $get (local.get $records) (local.get $i))))))
        (br_if $add (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
      (call $print (local.get $sum))
      (call $print_line)
      (br_if $each_round (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 3)))))
