;; Running out of the heap is a trap in every instruction that allocates. The store works as before afterwards. The
;; specification does not say how large the heap is, but it is less than 4 GiB, because Cairn's references have 32 bits.

(module $m
  (type $block (array (mut i8)))
  (type $blocks (array (mut (ref null $block))))
  (type $words (array (mut i64)))
  (type $vectors (array (mut v128)))
  (type $list (struct (field $block (ref $block)) (field $next (ref null $list))))
  (data $data "12345678")
  (global $list (export "list") (mut (ref null $list)) (ref.null $list))
  (global $count (mut i32) (i32.const 0))
  (global $kept (ref $block) (array.new_fixed $block 4 (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)))

  ;; Blocks of 1 MiB until there is no room.
  (func (export "fill with blocks")
    (global.set $count (i32.const 0))
    (loop $again
      (global.set $list (struct.new $list (array.new $block (i32.const 7) (i32.const 0x10_0000)) (global.get $list)))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (br $again)))
  ;; All blocks are there: as many as were counted, with 7 at the end of each.
  (func (export "check blocks") (result i32)
    (local $list (ref null $list)) (local $sum i32)
    (local.set $list (global.get $list))
    (loop $again
      (local.set $sum
        (i32.add (local.get $sum) (array.get_u $block (struct.get $list $block (local.get $list)) (i32.const 0xf_ffff))))
      (br_if $again
        (i32.eqz (ref.is_null (local.tee $list (struct.get $list $next (local.get $list)))))))
    (i32.sub (local.get $sum) (i32.mul (global.get $count) (i32.const 7))))
  (func (export "some") (result i32) (i32.gt_u (global.get $count) (i32.const 4)))
  (func (export "drop blocks") (global.set $list (ref.null $list)))
  (func (export "kept") (result i32)
    (i32.add (array.get_u $block (global.get $kept) (i32.const 0)) (array.get_u $block (global.get $kept) (i32.const 3))))

  ;; The blocks are in the frames of functions instead of a global, so that the trap leaves frames with references.
  (func $descend (param $block (ref $block)) (result i32)
    (i32.add
      (call $descend (array.new $block (i32.const 1) (i32.const 0x10_0000)))
      (array.get_u $block (local.get $block) (i32.const 5))))
  (func (export "fill from frames") (result i32) (call $descend (array.new $block (i32.const 1) (i32.const 8))))
  (func (export "fill in try") (result i32)
    (block $h
      (try_table (catch_all $h) (drop (call $descend (array.new $block (i32.const 1) (i32.const 8)))))
      (return (i32.const 1)))
    (i32.const 2))

  ;; Sizes that no heap has.
  (func (export "huge default") (param i32) (result i32) (array.len (array.new_default $words (local.get 0))))
  (func (export "huge") (param i32) (result i32) (array.len (array.new $vectors (v128.const i64x2 1 2) (local.get 0))))
  (func (export "huge bytes") (param i32) (result i32) (array.len (array.new $block (i32.const 1) (local.get 0))))
  (func (export "huge references") (param i32) (result i32) (array.len (array.new_default $blocks (local.get 0))))
  (func (export "huge data") (param i32) (result i32)
    (array.len (array.new_data $words $data (i32.const 0) (local.get 0))))
  (func (export "use") (param i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (array.len (array.new_default $words (i32.const 100)))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (local.get $sum))
)
(assert_trap (invoke $m "fill with blocks") "allocation failure")
(assert_return (invoke $m "check blocks") (i32.const 0))
(assert_return (invoke $m "some") (i32.const 1))
(assert_return (invoke $m "kept") (i32.const 5))
;; The heap is still full, but it may have room for small objects.
(assert_trap (invoke $m "fill with blocks") "allocation failure")
(assert_return (invoke $m "kept") (i32.const 5))
(invoke $m "drop blocks")
(assert_return (invoke $m "use" (i32.const 1000)) (i32.const 100000))
(assert_trap (invoke $m "fill with blocks") "allocation failure")
(assert_return (invoke $m "check blocks") (i32.const 0))
(assert_return (invoke $m "some") (i32.const 1))
(invoke $m "drop blocks")
;; Nothing keeps the objects of frames that a trap left.
(assert_trap (invoke $m "fill from frames") "allocation failure")
(assert_trap (invoke $m "fill from frames") "allocation failure")
(assert_trap (invoke $m "fill in try") "allocation failure")
(assert_return (invoke $m "use" (i32.const 1000)) (i32.const 100000))

;; Sizes around 2^32 bytes and 2^31 elements.
(assert_trap (invoke $m "huge default" (i32.const 0x2000_0000)) "allocation failure")
(assert_trap (invoke $m "huge default" (i32.const 0x2000_0001)) "allocation failure")
(assert_trap (invoke $m "huge default" (i32.const 0x7fff_ffff)) "allocation failure")
(assert_trap (invoke $m "huge default" (i32.const 0xffff_ffff)) "allocation failure")
(assert_trap (invoke $m "huge" (i32.const 0x1000_0000)) "allocation failure")
(assert_trap (invoke $m "huge" (i32.const 0x8000_0001)) "allocation failure")
(assert_trap (invoke $m "huge" (i32.const 0xffff_ffff)) "allocation failure")
(assert_trap (invoke $m "huge bytes" (i32.const 0xffff_fff0)) "allocation failure")
(assert_trap (invoke $m "huge bytes" (i32.const 0xffff_ffff)) "allocation failure")
(assert_trap (invoke $m "huge references" (i32.const 0x4000_0000)) "allocation failure")
(assert_trap (invoke $m "huge references" (i32.const 0xffff_ffff)) "allocation failure")
;; Here the segment is too short, which is checked first.
(assert_trap (invoke $m "huge data" (i32.const 2)) "out of bounds memory access")
(assert_trap (invoke $m "huge data" (i32.const 0x2000_0000)) "out of bounds memory access")
(assert_trap (invoke $m "huge data" (i32.const 0xffff_ffff)) "out of bounds memory access")
(assert_return (invoke $m "huge data" (i32.const 1)) (i32.const 1))
(assert_return (invoke $m "use" (i32.const 1000)) (i32.const 100000))

;; Another instance of the same store finds the heap full: its start function traps.
(assert_trap (invoke $m "fill with blocks") "allocation failure")
(assert_trap
  (module
    (type $block (array (mut i8)))
    (func $start (drop (array.new_default $block (i32.const 0x40_0000))))
    (start $start))
  "allocation failure")
(assert_return (invoke $m "check blocks") (i32.const 0))
(invoke $m "drop blocks")
(module $other
  (type $block (array (mut i8)))
  (global $block (ref $block) (array.new_default $block (i32.const 0x40_0000)))
  (func (export "length") (result i32) (array.len (global.get $block))))
(assert_return (invoke $other "length") (i32.const 0x40_0000))
