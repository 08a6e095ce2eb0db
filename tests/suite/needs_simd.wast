;; strict.sh runs this script with vectors off: the module is refused, so the assertion has no instance and fails.
(module (func (export "f") (result i32) (i32x4.extract_lane 0 (v128.const i32x4 1 2 3 4))))
(assert_return (invoke "f") (i32.const 1))
