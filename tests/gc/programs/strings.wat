  ;; Works with strings of 16-bit units: a builder grows, and strings are concatenated, split, reversed, compared and
  ;; joined. The argument is the number of words of the text.
  (type $string (array (mut i16)))
  (type $builder (struct (field $units (mut (ref $string))) (field $length (mut i32))))
  (type $strings (array (mut (ref null $string))))

  (func $new_builder (result (ref $builder))
    (struct.new $builder (array.new_default $string (i32.const 8)) (i32.const 0)))

  (func $reserve (param $builder (ref $builder)) (param $more i32)
    (local $units (ref $string)) (local $grown (ref $string)) (local $needed i32)
    (local.set $units (struct.get $builder $units (local.get $builder)))
    (local.set $needed (i32.add (struct.get $builder $length (local.get $builder)) (local.get $more)))
    (if (i32.le_u (local.get $needed) (array.len (local.get $units))) (then (return)))
    (local.set $grown
      (array.new_default $string
        (select (local.get $needed) (i32.shl (array.len (local.get $units)) (i32.const 1))
          (i32.gt_u (local.get $needed) (i32.shl (array.len (local.get $units)) (i32.const 1))))))
    (array.copy $string $string (local.get $grown) (i32.const 0) (local.get $units) (i32.const 0)
      (struct.get $builder $length (local.get $builder)))
    (struct.set $builder $units (local.get $builder) (local.get $grown)))

  (func $append_unit (param $builder (ref $builder)) (param $unit i32)
    (local $length i32)
    (call $reserve (local.get $builder) (i32.const 1))
    (local.set $length (struct.get $builder $length (local.get $builder)))
    (array.set $string (struct.get $builder $units (local.get $builder)) (local.get $length) (local.get $unit))
    (struct.set $builder $length (local.get $builder) (i32.add (local.get $length) (i32.const 1))))

  (func $append (param $builder (ref $builder)) (param $string (ref $string))
    (local $length i32)
    (call $reserve (local.get $builder) (array.len (local.get $string)))
    (local.set $length (struct.get $builder $length (local.get $builder)))
    (array.copy $string $string
      (struct.get $builder $units (local.get $builder)) (local.get $length)
      (local.get $string) (i32.const 0) (array.len (local.get $string)))
    (struct.set $builder $length (local.get $builder) (i32.add (local.get $length) (array.len (local.get $string)))))

  (func $finish (param $builder (ref $builder)) (result (ref $string))
    (call $substring (struct.get $builder $units (local.get $builder)) (i32.const 0)
      (struct.get $builder $length (local.get $builder))))

  (func $substring (param $string (ref $string)) (param $start i32) (param $length i32) (result (ref $string))
    (local $part (ref $string))
    (local.set $part (array.new_default $string (local.get $length)))
    (array.copy $string $string (local.get $part) (i32.const 0) (local.get $string) (local.get $start) (local.get $length))
    (local.get $part))

  (func $concatenate (param $a (ref $string)) (param $b (ref $string)) (result (ref $string))
    (local $both (ref $string))
    (local.set $both (array.new_default $string (i32.add (array.len (local.get $a)) (array.len (local.get $b)))))
    (array.copy $string $string (local.get $both) (i32.const 0) (local.get $a) (i32.const 0) (array.len (local.get $a)))
    (array.copy $string $string (local.get $both) (array.len (local.get $a)) (local.get $b) (i32.const 0)
      (array.len (local.get $b)))
    (local.get $both))

  (func $reverse (param $string (ref $string)) (result (ref $string))
    (local $reversed (ref $string)) (local $i i32) (local $length i32)
    (local.set $length (array.len (local.get $string)))
    (local.set $reversed (array.new_default $string (local.get $length)))
    (block $end
      (loop $unit
        (br_if $end (i32.eq (local.get $i) (local.get $length)))
        (array.set $string (local.get $reversed) (i32.sub (i32.sub (local.get $length) (local.get $i)) (i32.const 1))
          (array.get_u $string (local.get $string) (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $unit)))
    (local.get $reversed))

  ;; Returns a negative number, zero or a positive number.
  (func $compare (param $a (ref $string)) (param $b (ref $string)) (result i32)
    (local $i i32) (local $common i32) (local $difference i32)
    (local.set $common
      (select (array.len (local.get $a)) (array.len (local.get $b))
        (i32.lt_u (array.len (local.get $a)) (array.len (local.get $b)))))
    (block $end
      (loop $unit
        (br_if $end (i32.eq (local.get $i) (local.get $common)))
        (local.set $difference
          (i32.sub
            (array.get_u $string (local.get $a) (local.get $i)) (array.get_u $string (local.get $b) (local.get $i))))
        (if (local.get $difference) (then (return (local.get $difference))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $unit)))
    (i32.sub (array.len (local.get $a)) (array.len (local.get $b))))

  ;; Returns the `count` parts between spaces.
  (func $split (param $string (ref $string)) (param $count i32) (result (ref $strings))
    (local $parts (ref $strings)) (local $part i32) (local $start i32) (local $i i32)
    (local.set $parts (array.new_default $strings (local.get $count)))
    (loop $unit
      (if (i32.eq (local.get $i) (array.len (local.get $string)))
        (then)
        (else
          (if (i32.ne (array.get_u $string (local.get $string) (local.get $i)) (i32.const 32))
            (then (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $unit)))))
      (array.set $strings (local.get $parts) (local.get $part)
        (call $substring (local.get $string) (local.get $start) (i32.sub (local.get $i) (local.get $start))))
      (local.set $part (i32.add (local.get $part) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $start (local.get $i))
      (br_if $unit (i32.le_u (local.get $i) (array.len (local.get $string)))))
    (local.get $parts))

  (func $hash (param $string (ref $string)) (result i64)
    (local $i i32) (local $hash i64)
    (local.set $hash (i64.const 5381))
    (block $end
      (loop $unit
        (br_if $end (i32.eq (local.get $i) (array.len (local.get $string))))
        (local.set $hash
          (i64.add (i64.mul (local.get $hash) (i64.const 33))
            (i64.extend_i32_u (array.get_u $string (local.get $string) (local.get $i)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $unit)))
    (local.get $hash))

  ;; Some units are 40000 and more, so that an unwanted sign extension changes the output.
  (func $word (result (ref $string))
    (local $word (ref $string)) (local $i i32)
    (local.set $word (array.new_default $string (i32.add (call $random_below (i32.const 10)) (i32.const 1))))
    (loop $unit
      (array.set $string (local.get $word) (local.get $i)
        (i32.add (call $random_below (i32.const 26)) (select (i32.const 40000) (i32.const 97) (call $random_below (i32.const 2)))))
      (br_if $unit (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $word)))))
    (local.get $word))

  (func $main (param $count i32)
    (local $builder (ref $builder)) (local $text (ref $string)) (local $parts (ref $strings)) (local $i i32)
    (local $least (ref $string)) (local $greatest (ref $string)) (local $part (ref $string)) (local $sum i64)
    (local $palindromes i32) (local $joined (ref $string))
    (local.set $builder (call $new_builder))
    (loop $words
      (if (local.get $i) (then (call $append_unit (local.get $builder) (i32.const 32))))
      (call $append (local.get $builder) (call $word))
      (br_if $words (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
    (local.set $text (call $finish (local.get $builder)))
    (call $print (i64.extend_i32_u (array.len (local.get $text))))
    (call $print (call $hash (local.get $text)))
    (call $print_line)
    (local.set $parts (call $split (local.get $text) (local.get $count)))
    (local.set $least (ref.as_non_null (array.get $strings (local.get $parts) (i32.const 0))))
    (local.set $greatest (local.get $least))
    (local.set $i (i32.const 0))
    (loop $each
      (local.set $part (ref.as_non_null (array.get $strings (local.get $parts) (local.get $i))))
      (if (i32.lt_s (call $compare (local.get $part) (local.get $least)) (i32.const 0))
        (then (local.set $least (local.get $part))))
      (if (i32.gt_s (call $compare (local.get $part) (local.get $greatest)) (i32.const 0))
        (then (local.set $greatest (local.get $part))))
      (if (i32.eqz (call $compare (local.get $part) (call $reverse (local.get $part))))
        (then (local.set $palindromes (i32.add (local.get $palindromes) (i32.const 1)))))
      ;; Replaces the word by the word and its reverse.
      (array.set $strings (local.get $parts) (local.get $i)
        (call $concatenate (local.get $part) (call $reverse (local.get $part))))
      (local.set $sum
        (i64.xor (i64.rotl (local.get $sum) (i64.const 5))
          (call $hash (ref.as_non_null (array.get $strings (local.get $parts) (local.get $i))))))
      (br_if $each (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
    (call $print (call $hash (local.get $least)))
    (call $print (call $hash (local.get $greatest)))
    (call $print (i64.extend_i32_u (local.get $palindromes)))
    (call $print (local.get $sum))
    (call $print_line)
    ;; Concatenates the words one by one, so that each result becomes garbage. Only a few words: the time is quadratic.
    (local.set $joined (array.new_default $string (i32.const 0)))
    (local.set $i (i32.const 0))
    (loop $join
      (local.set $joined
        (call $concatenate (local.get $joined) (ref.as_non_null (array.get $strings (local.get $parts) (local.get $i)))))
      (if (i32.gt_u (array.len (local.get $joined)) (i32.const 2000))
        (then (local.set $joined (call $substring (local.get $joined) (i32.const 1000) (i32.const 500)))))
      (br_if $join (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
    (call $print (i64.extend_i32_u (array.len (local.get $joined))))
    (call $print (call $hash (local.get $joined)))
    (call $print_line))
