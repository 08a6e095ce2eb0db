;; Tests the runner of scripts: each directive that begins on a line with the mark "wrong" must fail, and no other one
;; may. strict.sh compares the lines.

(module $m
  (memory (export "memory") 1)
  (table (export "table") 2 funcref)
  (tag $tag)
  (global (export "global") i32 (i32.const 5))
  (func (export "nothing"))
  (func (export "one") (result i32) (i32.const 1))
  (func (export "long") (result i64) (i64.const 1))
  (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2))
  (func (export "float") (param i32) (result f32) (f32.reinterpret_i32 (local.get 0)))
  (func (export "double") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
  (func (export "vector") (result v128) (v128.const i32x4 1 0x7fc00000 3 0x7fc00001))
  (func (export "null") (result funcref) (ref.null func))
  (func (export "self") (result funcref) (ref.func 0))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "unreachable") (unreachable))
  (func (export "divide") (result i32) (i32.div_s (i32.const 1) (i32.const 0)))
  (func (export "overflow") (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1)))
  (func (export "outside") (result i32) (i32.load (i32.const 65533)))
  (func (export "uninitialized") (call_indirect (i32.const 1)))
  (func $deep (export "deep") (call $deep))
  (func (export "throw") (throw $tag)))

;; Values.
(assert_return (invoke "nothing"))
(assert_return (invoke "nothing") (i32.const 0)) ;; wrong: it has no result
(assert_return (invoke "one") (i32.const 1))
(assert_return (invoke "one") (i32.const 2)) ;; wrong
(assert_return (invoke "one")) ;; wrong: it has a result
(assert_return (invoke "one") (i64.const 1)) ;; wrong: the type differs
(assert_return (invoke "one") (f32.const 0x1p-149)) ;; wrong: the type differs, though the bits are equal
(assert_return (invoke "long") (i32.const 1)) ;; wrong
(assert_return (invoke "two") (i32.const 1) (i32.const 2))
(assert_return (invoke "two") (i32.const 2) (i32.const 1)) ;; wrong: the results are in another order
(assert_return (invoke "two") (i32.const 1)) ;; wrong: one too few
(assert_return (invoke "two") (i32.const 1) (i32.const 2) (i32.const 3)) ;; wrong: one too many
(assert_return (get "global") (i32.const 5))
(assert_return (get "global") (i32.const 6)) ;; wrong
(assert_return (invoke "none")) ;; wrong: there is no such function
(assert_return (invoke $none "one") (i32.const 1)) ;; wrong: there is no such instance
(assert_return (get "none") (i32.const 1)) ;; wrong: there is no such global
(assert_return (invoke "unreachable")) ;; wrong: it traps
(assert_return (invoke "throw")) ;; wrong: it throws
(invoke "one")
(invoke "unreachable") ;; wrong: actions must succeed
(get "none") ;; wrong

;; Floats: zeros differ, and so do NaNs.
(assert_return (invoke "float" (i32.const 0x80000000)) (f32.const -0))
(assert_return (invoke "float" (i32.const 0x80000000)) (f32.const 0)) ;; wrong: the sign differs
(assert_return (invoke "float" (i32.const 0x7fc00000)) (f32.const nan:canonical))
(assert_return (invoke "float" (i32.const 0xffc00000)) (f32.const nan:canonical))
(assert_return (invoke "float" (i32.const 0x7fc00001)) (f32.const nan:canonical)) ;; wrong: a payload
(assert_return (invoke "float" (i32.const 0x7fa00000)) (f32.const nan:canonical)) ;; wrong: signalling
(assert_return (invoke "float" (i32.const 0x7f800000)) (f32.const nan:canonical)) ;; wrong: infinity
(assert_return (invoke "float" (i32.const 0x7fc00001)) (f32.const nan:arithmetic))
(assert_return (invoke "float" (i32.const 0x7fa00000)) (f32.const nan:arithmetic)) ;; wrong: signalling
(assert_return (invoke "float" (i32.const 0x3f800000)) (f32.const nan:arithmetic)) ;; wrong: a number
(assert_return (invoke "float" (i32.const 0x7fa00000)) (f32.const nan:0x200000))
(assert_return (invoke "float" (i32.const 0x7fc00000)) (f32.const nan:0x200000)) ;; wrong: another payload
(assert_return (invoke "float" (i32.const 0xffc00000)) (f32.const nan)) ;; wrong: the sign differs
(assert_return (invoke "double" (i64.const 0x7ff8000000000000)) (f64.const nan:canonical))
(assert_return (invoke "double" (i64.const 0xfff8000000000000)) (f64.const nan:canonical))
(assert_return (invoke "double" (i64.const 0x7ff8000000000001)) (f64.const nan:canonical)) ;; wrong
(assert_return (invoke "double" (i64.const 0xfff8000000000001)) (f64.const nan:arithmetic))
(assert_return (invoke "double" (i64.const 0x7ff4000000000000)) (f64.const nan:arithmetic)) ;; wrong
(assert_return (invoke "double" (i64.const 0x7ff8000000000000)) (f32.const nan:canonical)) ;; wrong: the type differs
(assert_return (invoke "double" (i64.const 0)) (f64.const -0)) ;; wrong
(assert_return (invoke "float" (i32.const 0)) (either (f32.const 1) (f32.const 0)))
(assert_return (invoke "float" (i32.const 0)) (either (f32.const 1) (f32.const nan:canonical))) ;; wrong: none of them
(assert_return (invoke "vector") (v128.const i32x4 1 0x7fc00000 3 0x7fc00001))
(assert_return (invoke "vector") (v128.const i32x4 1 0x7fc00000 3 0x7fc00002)) ;; wrong: one lane differs
(assert_return (invoke "vector") (v128.const i32x4 3 0x7fc00001 1 0x7fc00000)) ;; wrong: the lanes are in another order
(assert_return (invoke "vector") (v128.const f32x4 0x1p-149 nan:canonical 0x3p-149 nan:arithmetic))
(assert_return (invoke "vector") (v128.const f32x4 0x1p-149 nan:canonical 0x3p-149 nan:canonical)) ;; wrong: a payload
(assert_return (invoke "vector") (v128.const f32x4 nan:canonical nan:canonical 0x3p-149 nan:arithmetic)) ;; wrong
(assert_return (invoke "vector") (v128.const i64x2 0x7fc0000000000001 0x7fc0000100000003))
(assert_return (invoke "vector") (v128.const i8x16 1 0 0 0 0 0 0xc0 0x7f 3 0 0 0 1 0 0xc0 0x7f))
(assert_return (invoke "vector") (v128.const i8x16 1 0 0 0 0 0 0xc0 0x7f 3 0 0 0 1 0 0xc0 0xff)) ;; wrong

;; References.
(assert_return (invoke "null") (ref.null func))
(assert_return (invoke "null") (ref.func)) ;; wrong: null
(assert_return (invoke "self") (ref.func))
(assert_return (invoke "self") (ref.null)) ;; wrong: not null
(assert_return (invoke "self") (ref.extern 1)) ;; wrong: the type differs
(assert_return (invoke "extern" (ref.extern 7)) (ref.extern 7))
(assert_return (invoke "extern" (ref.extern 7)) (ref.extern 8)) ;; wrong: another value
(assert_return (invoke "extern" (ref.null extern)) (ref.extern 7)) ;; wrong: null
(assert_return (invoke "extern" (ref.extern 7)) (ref.null extern)) ;; wrong
(assert_return (invoke "extern" (ref.extern 7)) (ref.func)) ;; wrong

;; Traps are distinguished by their messages.
(assert_trap (invoke "unreachable") "unreachable")
(assert_trap (invoke "divide") "integer divide by zero")
(assert_trap (invoke "overflow") "integer overflow")
(assert_trap (invoke "outside") "out of bounds memory access")
(assert_trap (invoke "uninitialized") "uninitialized element")
(assert_trap (invoke "uninitialized") "uninitialized element 1")
(assert_trap (invoke "divide") "integer overflow") ;; wrong: another trap
(assert_trap (invoke "overflow") "integer divide by zero") ;; wrong
(assert_trap (invoke "outside") "out of bounds table access") ;; wrong
(assert_trap (invoke "uninitialized") "undefined element") ;; wrong
(assert_trap (invoke "unreachable") "unreachable code") ;; wrong: our message says less
(assert_trap (invoke "one") "unreachable") ;; wrong: it returns
(assert_trap (invoke "throw") "unreachable") ;; wrong: it throws
(assert_trap (invoke "none") "unreachable") ;; wrong: there is no such function
(assert_exhaustion (invoke "deep") "call stack exhausted")
(assert_exhaustion (invoke "unreachable") "call stack exhausted") ;; wrong: another trap
(assert_exhaustion (invoke "nothing") "call stack exhausted") ;; wrong: it returns
(assert_exception (invoke "throw"))
(assert_exception (invoke "unreachable")) ;; wrong: a trap
(assert_exception (invoke "one")) ;; wrong: it returns
(assert_trap (module (func unreachable) (start 0)) "unreachable")
(assert_trap (module (func unreachable) (start 0)) "integer overflow") ;; wrong: another trap
(assert_trap (module (func) (start 0)) "unreachable") ;; wrong: it does not trap

;; Malformed and invalid are different.
(assert_malformed (module quote "(func (result i32) (i32.cons 1))") "unknown operator")
(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")
(assert_malformed (module binary "\00asm\02\00\00\00") "magic header not detected") ;; wrong: another message
(assert_malformed (module quote "(func (result i32) (i32.cons 1))") "unexpected token") ;; wrong
(assert_malformed (module quote "(func)") "unknown operator") ;; wrong: it is a module
(assert_malformed (module quote "(func (result i32))") "type mismatch") ;; wrong: invalid
(assert_malformed (module binary "\00asm\01\00\00\00\01\05\01\60\00\01\7f\03\02\01\00\0a\04\01\02\00\0b") "type mismatch") ;; wrong
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_invalid (module binary "\00asm\01\00\00\00\01\05\01\60\00\01\7f\03\02\01\00\0a\04\01\02\00\0b") "type mismatch")
(assert_invalid (module (func (result i32))) "unknown local") ;; wrong: another message
(assert_invalid (module (func (local.get 0))) "type mismatch") ;; wrong
(assert_invalid (module (func)) "type mismatch") ;; wrong: it is valid
(assert_invalid (module binary "\00asm\02\00\00\00") "unknown binary version") ;; wrong: malformed
(assert_invalid (module quote "(func (i32.cons 1))") "unknown operator") ;; wrong: malformed
(assert_malformed (module binary "\00asm\01\00\00\00\06\06\01\7f\02\41\00\0b") "malformed mutability")
(assert_invalid (module binary "\00asm\01\00\00\00\06\06\01\7f\02\41\00\0b") "malformed mutability") ;; wrong: malformed

;; Linking.
(register "m" $m)
(assert_unlinkable (module (import "m" "none" (func))) "unknown import")
(assert_unlinkable (module (import "m" "one" (func))) "incompatible import type")
(assert_unlinkable (module (import "m" "one" (func))) "unknown import") ;; wrong: another message
(assert_unlinkable (module (import "m" "none" (func))) "incompatible import type") ;; wrong
(assert_unlinkable (module (import "m" "one" (func (result i32)))) "unknown import") ;; wrong: it links
(assert_unlinkable (module (import "m" "one" (func (result i32))) (func unreachable) (start 1)) "unreachable") ;; wrong: a trap
(assert_unlinkable (module (func (result i32))) "type mismatch") ;; wrong: invalid
(assert_unlinkable (module (import "m" "memory" (memory 2))) "incompatible import type")
(module (import "m" "none" (func))) ;; wrong: it does not link
(assert_return (invoke "one") (i32.const 1)) ;; wrong: there is no last instance
(module (func (result i32))) ;; wrong: invalid
(module binary "\00asm\02\00\00\00") ;; wrong: malformed
(register "x" $none) ;; wrong: there is no such instance

;; Definitions and instances.
(module definition $counter
  (global $count (mut i32) (i32.const 0))
  (func (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count)))
(module instance $a $counter)
(module instance $b $counter)
(assert_return (invoke $a "count") (i32.const 1))
(assert_return (invoke $a "count") (i32.const 2))
(assert_return (invoke $b "count") (i32.const 1))
(assert_return (invoke $b "count") (i32.const 3)) ;; wrong: that is the count of the other instance
(module instance $c $none) ;; wrong: there is no such definition
(assert_return (invoke $counter "count") (i32.const 1)) ;; wrong: a definition is no instance

;; Threads: failures in them count.
(module $shared (memory (export "memory") 1 1 shared))
(thread $t (shared (module $shared))
  (register "shared" $shared)
  (module
    (memory (import "shared" "memory") 1 1 shared)
    (func (export "set") (i32.atomic.store (i32.const 0) (i32.const 9)))
    (func (export "one") (result i32) (i32.const 1)))
  (assert_return (invoke "set"))
  (assert_return (invoke "one") (i32.const 2)) ;; wrong: in a thread
  (assert_trap (invoke "one") "unreachable")) ;; wrong: in a thread
(wait $t)
(wait $none) ;; wrong: there is no such thread
(register "shared" $shared)
(module
  (memory (import "shared" "memory") 1 1 shared)
  (func (export "get") (result i32) (i32.atomic.load (i32.const 0))))
(assert_return (invoke "get") (i32.const 9))
(assert_return (invoke "get") (i32.const 0)) ;; wrong: the thread has stored
