  ;; Fills a growing hash map from strings to numbers, with chains. A new key object is made for every operation, as in
  ;; a program that reads its input. The argument is the number of operations.
  (type $string (array (mut i8)))
  (type $entry (struct
    (field $hash i32) (field $key (ref $string)) (field $value (mut i64)) (field $next (mut (ref null $entry)))))
  (type $buckets (array (mut (ref null $entry))))
  (type $map (struct (field $buckets (mut (ref $buckets))) (field $count (mut i32))))

  ;; Returns "key-" and the number in base 26.
  (func $key (param $number i32) (result (ref $string))
    (local $rest i32) (local $length i32) (local $key (ref $string))
    (local.set $rest (local.get $number))
    (local.set $length (i32.const 4))
    (loop $measure
      (local.set $length (i32.add (local.get $length) (i32.const 1)))
      (br_if $measure (local.tee $rest (i32.div_u (local.get $rest) (i32.const 26)))))
    (local.set $key (array.new $string (i32.const 45) (local.get $length)))
    (array.set $string (local.get $key) (i32.const 0) (i32.const 107))
    (array.set $string (local.get $key) (i32.const 1) (i32.const 101))
    (array.set $string (local.get $key) (i32.const 2) (i32.const 121))
    (loop $digit
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (array.set $string (local.get $key) (local.get $length)
        (i32.add (i32.const 97) (i32.rem_u (local.get $number) (i32.const 26))))
      (br_if $digit (local.tee $number (i32.div_u (local.get $number) (i32.const 26)))))
    (local.get $key))

  ;; Returns the FNV-1a hash.
  (func $hash (param $string (ref $string)) (result i32)
    (local $hash i32) (local $i i32)
    (local.set $hash (i32.const 0x811c9dc5))
    (loop $byte
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (array.get_u $string (local.get $string) (local.get $i))) (i32.const 16777619)))
      (br_if $byte
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $string)))))
    (local.get $hash))

  (func $equal (param $a (ref $string)) (param $b (ref $string)) (result i32)
    (local $i i32)
    (if (ref.eq (local.get $a) (local.get $b)) (then (return (i32.const 1))))
    (if (i32.ne (array.len (local.get $a)) (array.len (local.get $b))) (then (return (i32.const 0))))
    (loop $byte
      (if (i32.ne (array.get_u $string (local.get $a) (local.get $i)) (array.get_u $string (local.get $b) (local.get $i)))
        (then (return (i32.const 0))))
      (br_if $byte (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $a)))))
    (i32.const 1))

  (func $new_map (result (ref $map))
    (struct.new $map (array.new_default $buckets (i32.const 8)) (i32.const 0)))

  (func $slot (param $buckets (ref $buckets)) (param $hash i32) (result i32)
    (i32.and (local.get $hash) (i32.sub (array.len (local.get $buckets)) (i32.const 1))))

  (func $find (param $map (ref $map)) (param $key (ref $string)) (result (ref null $entry))
    (local $hash i32) (local $entry (ref null $entry)) (local $buckets (ref $buckets))
    (local.set $hash (call $hash (local.get $key)))
    (local.set $buckets (struct.get $map $buckets (local.get $map)))
    (local.set $entry
      (array.get $buckets (local.get $buckets) (call $slot (local.get $buckets) (local.get $hash))))
    (block $none
      (loop $next
        (br_if $none (ref.is_null (local.get $entry)))
        (if (i32.eq (struct.get $entry $hash (local.get $entry)) (local.get $hash))
          (then
            (if (call $equal (struct.get $entry $key (local.get $entry)) (local.get $key))
              (then (return (local.get $entry))))))
        (local.set $entry (struct.get $entry $next (local.get $entry)))
        (br $next)))
    (ref.null $entry))

  (func $grow (param $map (ref $map))
    (local $old (ref $buckets)) (local $new (ref $buckets)) (local $i i32) (local $entry (ref null $entry))
    (local $next (ref null $entry)) (local $slot i32)
    (local.set $old (struct.get $map $buckets (local.get $map)))
    (local.set $new (array.new_default $buckets (i32.shl (array.len (local.get $old)) (i32.const 1))))
    (loop $bucket
      (local.set $entry (array.get $buckets (local.get $old) (local.get $i)))
      (block $end
        (loop $move
          (br_if $end (ref.is_null (local.get $entry)))
          (local.set $next (struct.get $entry $next (local.get $entry)))
          (local.set $slot (call $slot (local.get $new) (struct.get $entry $hash (local.get $entry))))
          (struct.set $entry $next (local.get $entry) (array.get $buckets (local.get $new) (local.get $slot)))
          (array.set $buckets (local.get $new) (local.get $slot) (local.get $entry))
          (local.set $entry (local.get $next))
          (br $move)))
      (br_if $bucket
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $old)))))
    (struct.set $map $buckets (local.get $map) (local.get $new)))

  ;; Inserts a key that the map does not have.
  (func $insert (param $map (ref $map)) (param $key (ref $string)) (param $value i64)
    (local $buckets (ref $buckets)) (local $hash i32) (local $slot i32)
    (if (i32.ge_u (struct.get $map $count (local.get $map)) (array.len (struct.get $map $buckets (local.get $map))))
      (then (call $grow (local.get $map))))
    (local.set $buckets (struct.get $map $buckets (local.get $map)))
    (local.set $hash (call $hash (local.get $key)))
    (local.set $slot (call $slot (local.get $buckets) (local.get $hash)))
    (array.set $buckets (local.get $buckets) (local.get $slot)
      (struct.new $entry
        (local.get $hash) (local.get $key) (local.get $value)
        (array.get $buckets (local.get $buckets) (local.get $slot))))
    (struct.set $map $count (local.get $map) (i32.add (struct.get $map $count (local.get $map)) (i32.const 1))))

  ;; Returns the value that the key had, or -1.
  (func $remove (param $map (ref $map)) (param $key (ref $string)) (result i64)
    (local $buckets (ref $buckets)) (local $slot i32) (local $entry (ref null $entry)) (local $before (ref null $entry))
    (local.set $buckets (struct.get $map $buckets (local.get $map)))
    (local.set $slot (call $slot (local.get $buckets) (call $hash (local.get $key))))
    (local.set $entry (array.get $buckets (local.get $buckets) (local.get $slot)))
    (loop $next
      (if (ref.is_null (local.get $entry)) (then (return (i64.const -1))))
      (if (i32.eqz (call $equal (struct.get $entry $key (local.get $entry)) (local.get $key)))
        (then
          (local.set $before (local.get $entry))
          (local.set $entry (struct.get $entry $next (local.get $entry)))
          (br $next))))
    (if (ref.is_null (local.get $before))
      (then
        (array.set $buckets (local.get $buckets) (local.get $slot) (struct.get $entry $next (local.get $entry))))
      (else (struct.set $entry $next (local.get $before) (struct.get $entry $next (local.get $entry)))))
    (struct.set $map $count (local.get $map) (i32.sub (struct.get $map $count (local.get $map)) (i32.const 1)))
    (struct.get $entry $value (local.get $entry)))

  ;; Returns the sum over all entries of the value times the length of the key.
  (func $sum (param $map (ref $map)) (result i64)
    (local $buckets (ref $buckets)) (local $i i32) (local $entry (ref null $entry)) (local $sum i64)
    (local.set $buckets (struct.get $map $buckets (local.get $map)))
    (loop $bucket
      (local.set $entry (array.get $buckets (local.get $buckets) (local.get $i)))
      (block $end
        (loop $next
          (br_if $end (ref.is_null (local.get $entry)))
          (local.set $sum
            (i64.add (local.get $sum)
              (i64.mul (struct.get $entry $value (local.get $entry))
                (i64.extend_i32_u (array.len (struct.get $entry $key (local.get $entry)))))))
          (local.set $entry (struct.get $entry $next (local.get $entry)))
          (br $next)))
      (br_if $bucket
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $buckets)))))
    (local.get $sum))

  (func $main (param $operations i32)
    (local $map (ref $map)) (local $keys i32) (local $i i32) (local $key (ref $string)) (local $found (ref null $entry))
    (local $sum i64) (local $removed i64)
    (local.set $map (call $new_map))
    (local.set $keys (i32.add (i32.div_u (local.get $operations) (i32.const 4)) (i32.const 1)))
    (loop $operation
      (local.set $key (call $key (call $random_below (local.get $keys))))
      (if (i32.lt_u (call $random_below (i32.const 4)) (i32.const 3))
        (then
          (local.set $found (call $find (local.get $map) (local.get $key)))
          (if (ref.is_null (local.get $found))
            (then (call $insert (local.get $map) (local.get $key) (i64.extend_i32_u (local.get $i))))
            (else
              (struct.set $entry $value (local.get $found)
                (i64.add (struct.get $entry $value (local.get $found)) (i64.const 7))))))
        (else
          (local.set $removed (call $remove (local.get $map) (local.get $key)))
          (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3)) (local.get $removed)))))
      (br_if $operation
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $operations))))
    (call $print (i64.extend_i32_u (struct.get $map $count (local.get $map))))
    (call $print (local.get $sum))
    (call $print (call $sum (local.get $map)))
    (call $print_line))
