;; strict.sh runs it with vectors off: the module is refused and the assertion has nothing to ask.
(module (func (export "f") (result i32) (i32x4.extract_lane 0 (v128.const i32x4 1 2 3 4))))
(assert_return (invoke "f") (i32.const 1))
