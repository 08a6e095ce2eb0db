;; Counts zeros in the low half of a number whose upper half is not zero. QEMU 7.2's ctzw also counted in the upper
;; half.
(module
  (func (export "ctz") (param i64) (result i32) (i32.ctz (i32.wrap_i64 (local.get 0))))
  (func (export "clz") (param i64) (result i32) (i32.clz (i32.wrap_i64 (local.get 0))))
  (func (export "popcnt") (param i64) (result i32) (i32.popcnt (i32.wrap_i64 (local.get 0))))
)
(assert_return (invoke "ctz" (i64.const 0x80000000000)) (i32.const 32))
(assert_return (invoke "ctz" (i64.const 0x80000000010)) (i32.const 4))
(assert_return (invoke "ctz" (i64.const 0x7fffffff80000000)) (i32.const 31))
(assert_return (invoke "clz" (i64.const 0xffffffff00000001)) (i32.const 31))
(assert_return (invoke "clz" (i64.const 0xffffffff00000000)) (i32.const 32))
(assert_return (invoke "popcnt" (i64.const 0xffffffff00000003)) (i32.const 2))
