  ;; Keeps a large live set that changes all the time: records of about 64 bytes, in a table of tables. Each change
  ;; replaces a record by a new one, which gets the old one's data and points to another record. The arguments are the
  ;; MiB of live data, and the number of changes in thousands.
  (type $data (array (mut i32)))
  (type $record (struct
    (field $number i32) (field $other (mut (ref null $record))) (field $data (ref $data)) (field $count (mut i64))))
  (type $part (array (mut (ref null $record))))
  (type $parts (array (mut (ref null $part))))

  (func $new_data (param $number i32) (result (ref $data))
    (local $data (ref $data))
    (local.set $data (array.new $data (local.get $number) (i32.const 5)))
    (array.set $data (local.get $data) (i32.const 0) (i32.mul (local.get $number) (i32.const 7)))
    (local.get $data))

  (func $at (param $parts (ref $parts)) (param $i i32) (result (ref null $record))
    (array.get $part
      (array.get $parts (local.get $parts) (i32.shr_u (local.get $i) (i32.const 10)))
      (i32.and (local.get $i) (i32.const 1023))))

  (func $main (param $megabytes i32)
    (local $parts (ref $parts)) (local $part (ref $part)) (local $i i32) (local $size i32) (local $changes i32)
    (local $old (ref $record)) (local $new (ref $record)) (local $sum i64) (local $data (ref $data)) (local $which i32)
    (local.set $size (i32.mul (local.get $megabytes) (i32.const 16384)))
    (local.set $changes (i32.mul (call $argument (i32.const 2)) (i32.const 1000)))
    (local.set $parts (array.new_default $parts (i32.shr_u (local.get $size) (i32.const 10))))
    (local.set $part (array.new_default $part (i32.const 0)))
    (loop $fill
      (if (i32.eqz (i32.and (local.get $i) (i32.const 1023)))
        (then
          (local.set $part (array.new_default $part (i32.const 1024)))
          (array.set $parts (local.get $parts) (i32.shr_u (local.get $i) (i32.const 10)) (local.get $part))))
      (array.set $part (local.get $part) (i32.and (local.get $i) (i32.const 1023))
        (struct.new $record (local.get $i) (ref.null $record) (call $new_data (local.get $i)) (i64.const 0)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (local.set $i (i32.const 0))
    (loop $change
      (local.set $which (call $random_below (local.get $size)))
      (local.set $old (ref.as_non_null (call $at (local.get $parts) (local.get $which))))
      ;; Every second time, the data are new, too.
      (local.set $data (struct.get $record $data (local.get $old)))
      (if (i32.and (local.get $i) (i32.const 1))
        (then
          (local.set $sum
            (i64.add (i64.mul (local.get $sum) (i64.const 3))
              (i64.extend_i32_u (array.get $data (local.get $data) (i32.const 0)))))
          (local.set $data (call $new_data (i32.add (local.get $i) (local.get $which))))))
      (local.set $new
        (struct.new $record (local.get $which) (ref.null $record) (local.get $data)
          (i64.add (struct.get $record $count (local.get $old)) (i64.const 1))))
      (array.set $part
        (array.get $parts (local.get $parts) (i32.shr_u (local.get $which) (i32.const 10)))
        (i32.and (local.get $which) (i32.const 1023)) (local.get $new))
      ;; The record that it points to loses its own pointer, because chains would keep all records alive.
      (struct.set $record $other (local.get $new) (call $at (local.get $parts) (call $random_below (local.get $size))))
      (struct.set $record $other (struct.get $record $other (local.get $new)) (ref.null $record))
      (br_if $change (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $changes))))
    (call $print (local.get $sum))
    (call $print_line)
    (local.set $sum (i64.const 0))
    (local.set $i (i32.const 0))
    (loop $add
      (local.set $old (ref.as_non_null (call $at (local.get $parts) (local.get $i))))
      (local.set $sum
        (i64.add (i64.mul (local.get $sum) (i64.const 3))
          (i64.add (struct.get $record $count (local.get $old))
            (i64.extend_i32_u (array.get $data (struct.get $record $data (local.get $old)) (i32.const 0))))))
      (if (i32.eqz (ref.is_null (struct.get $record $other (local.get $old))))
        (then
          (local.set $sum
            (i64.add (local.get $sum)
              (i64.extend_i32_u (struct.get $record $number (struct.get $record $other (local.get $old))))))))
      (br_if $add (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (call $print (local.get $sum))
    (call $print_line))
