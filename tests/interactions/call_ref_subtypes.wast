;; Calls through references of declared function types across modules. Types are equal if their groups are equal ([wasm
;; 3.3.5]). A function of a subtype is called through its supertype, with arguments of narrower and results of wider
;; types. What does not match is refused when it is linked, or traps.

(module $lib
  (type $animal (sub (struct (field $legs i32))))
  (type $dog (sub $animal (struct (field $legs i32) (field $name i32))))
  ;; The subtype is contravariant in the parameter and covariant in the result.
  (type $on_dog (sub (func (param (ref $dog)) (result (ref null $animal)))))
  (type $on_animal (sub $on_dog (func (param (ref $animal)) (result (ref $dog)))))
  (type $final (func (param (ref $dog)) (result (ref null $animal))))
  (func (export "on dog") (type $on_dog) (struct.new $animal (struct.get $dog $name (local.get 0))))
  (func (export "on animal") (type $on_animal)
    (struct.new $dog (struct.get $animal $legs (local.get 0)) (i32.const 1000)))
  (func (export "final") (type $final) (ref.null $animal))
  (func (export "dog") (param i32 i32) (result (ref $dog)) (struct.new $dog (local.get 0) (local.get 1)))
  (table (export "table") 8 funcref)
  (table (export "typed") 4 (ref null $on_dog))
)
(register "lib" $lib)

(module $m
  ;; The same declarations with other names.
  (type $a (sub (struct (field i32))))
  (type $d (sub $a (struct (field i32) (field i32))))
  (type $wide (sub (func (param (ref $d)) (result (ref null $a)))))
  (type $narrow (sub $wide (func (param (ref $a)) (result (ref $d)))))
  (type $final (func (param (ref $d)) (result (ref null $a))))
  (import "lib" "on dog" (func $on_dog (type $wide)))
  ;; The function is imported with its supertype.
  (import "lib" "on animal" (func $on_animal_as_wide (type $wide)))
  (import "lib" "on animal" (func $on_animal (type $narrow)))
  (import "lib" "final" (func $final (type $final)))
  (import "lib" "dog" (func $dog (param i32 i32) (result (ref $d))))
  (import "lib" "table" (table $table 8 funcref))
  (import "lib" "typed" (table $typed 4 (ref null $wide)))
  (elem (table $table) (i32.const 0) func $on_dog $on_animal_as_wide $on_animal $final $own_wide $own_narrow $own_final)
  (elem (table $typed) (i32.const 0) (ref null $wide)
    (ref.func $on_dog) (ref.func $on_animal) (ref.func $own_narrow) (ref.null $wide))
  (func $own_wide (type $wide) (local.get 0))
  (func $own_narrow (type $narrow) (struct.new $d (i32.const 3) (struct.get $a 0 (local.get 0))))
  (func $own_final (type $final) (local.get 0))

  (func $legs (param (ref null $a)) (result i32)
    (block $null
      (return (struct.get $a 0 (br_on_null $null (local.get 0)))))
    (i32.const -1))
  ;; Calls through the supertype: call_indirect accepts subtypes of the type that it names.
  (func (export "indirect wide") (param $i i32) (result i32)
    (call $legs (call_indirect $table (type $wide) (call $dog (i32.const 4) (i32.const 5)) (local.get $i))))
  (func (export "indirect narrow") (param $i i32) (result i32)
    (struct.get $d 1 (call_indirect $table (type $narrow) (struct.new $a (i32.const 6)) (local.get $i))))
  (func (export "indirect final") (param $i i32) (result i32)
    (call $legs (call_indirect $table (type $final) (call $dog (i32.const 4) (i32.const 5)) (local.get $i))))
  (func (export "tail indirect wide") (param $i i32) (result i32)
    (call $legs (call $tail_indirect (local.get $i))))
  (func $tail_indirect (param $i i32) (result (ref null $a))
    (return_call_indirect $table (type $wide) (call $dog (i32.const 4) (i32.const 5)) (local.get $i)))
  (func (export "typed") (param $i i32) (result i32)
    (call $legs (call_ref $wide (call $dog (i32.const 4) (i32.const 5)) (table.get $typed (local.get $i)))))
  (func (export "typed indirect") (param $i i32) (result i32)
    (call $legs (call_indirect $typed (type $wide) (call $dog (i32.const 4) (i32.const 5)) (local.get $i))))
  (func (export "typed indirect narrow") (param $i i32) (result i32)
    (struct.get $d 1 (call_indirect $typed (type $narrow) (struct.new $a (i32.const 6)) (local.get $i))))
  ;; Casts of function references.
  (func (export "is") (param $i i32) (result i32)
    (i32.add
      (i32.add (ref.test (ref $wide) (table.get $table (local.get $i)))
        (i32.shl (ref.test (ref $narrow) (table.get $table (local.get $i))) (i32.const 1)))
      (i32.add (i32.shl (ref.test (ref $final) (table.get $table (local.get $i))) (i32.const 2))
        (i32.shl (ref.test (ref func) (table.get $table (local.get $i))) (i32.const 3)))))
  (func (export "cast and call") (param $i i32) (result i32)
    (block $no (result funcref)
      (return (struct.get $d 1
        (call_ref $narrow (struct.new $a (i32.const 8))
          (br_on_cast_fail $no funcref (ref $narrow) (table.get $table (local.get $i)))))))
    (drop)
    (i32.const -2))
  (func (export "null") (result i32)
    (call $legs (call_ref $wide (call $dog (i32.const 4) (i32.const 5)) (ref.null $wide))))
)
;; "on dog" returns the name as legs, "on animal" the legs.
(assert_return (invoke $m "indirect wide" (i32.const 0)) (i32.const 5))
(assert_return (invoke $m "indirect wide" (i32.const 1)) (i32.const 4))
(assert_return (invoke $m "indirect wide" (i32.const 2)) (i32.const 4))
;; A final type of the same shape is another type.
(assert_trap (invoke $m "indirect wide" (i32.const 3)) "indirect call type mismatch")
(assert_return (invoke $m "indirect wide" (i32.const 4)) (i32.const 4))
(assert_return (invoke $m "indirect wide" (i32.const 5)) (i32.const 3))
(assert_trap (invoke $m "indirect wide" (i32.const 6)) "indirect call type mismatch")
(assert_trap (invoke $m "indirect wide" (i32.const 7)) "uninitialized element")
(assert_trap (invoke $m "indirect wide" (i32.const 8)) "undefined element")
(assert_trap (invoke $m "indirect narrow" (i32.const 0)) "indirect call type mismatch")
;; The call checks the function's own type, not the type of the import.
(assert_return (invoke $m "indirect narrow" (i32.const 1)) (i32.const 1000))
(assert_return (invoke $m "indirect narrow" (i32.const 2)) (i32.const 1000))
(assert_trap (invoke $m "indirect narrow" (i32.const 4)) "indirect call type mismatch")
(assert_return (invoke $m "indirect narrow" (i32.const 5)) (i32.const 6))
(assert_return (invoke $m "indirect final" (i32.const 3)) (i32.const -1))
(assert_trap (invoke $m "indirect final" (i32.const 0)) "indirect call type mismatch")
(assert_return (invoke $m "indirect final" (i32.const 6)) (i32.const 4))
(assert_return (invoke $m "tail indirect wide" (i32.const 2)) (i32.const 4))
(assert_return (invoke $m "tail indirect wide" (i32.const 5)) (i32.const 3))
(assert_trap (invoke $m "tail indirect wide" (i32.const 6)) "indirect call type mismatch")
(assert_return (invoke $m "typed" (i32.const 0)) (i32.const 5))
(assert_return (invoke $m "typed" (i32.const 1)) (i32.const 4))
(assert_return (invoke $m "typed" (i32.const 2)) (i32.const 3))
(assert_trap (invoke $m "typed" (i32.const 3)) "null function reference")
(assert_return (invoke $m "typed indirect" (i32.const 1)) (i32.const 4))
(assert_trap (invoke $m "typed indirect" (i32.const 3)) "uninitialized element")
(assert_trap (invoke $m "typed indirect narrow" (i32.const 0)) "indirect call type mismatch")
(assert_return (invoke $m "typed indirect narrow" (i32.const 1)) (i32.const 1000))
(assert_return (invoke $m "is" (i32.const 0)) (i32.const 9))
(assert_return (invoke $m "is" (i32.const 1)) (i32.const 11))
(assert_return (invoke $m "is" (i32.const 2)) (i32.const 11))
(assert_return (invoke $m "is" (i32.const 3)) (i32.const 12))
(assert_return (invoke $m "is" (i32.const 5)) (i32.const 11))
(assert_return (invoke $m "is" (i32.const 6)) (i32.const 12))
(assert_return (invoke $m "is" (i32.const 7)) (i32.const 0))
(assert_return (invoke $m "cast and call" (i32.const 0)) (i32.const -2))
(assert_return (invoke $m "cast and call" (i32.const 1)) (i32.const 1000))
(assert_return (invoke $m "cast and call" (i32.const 5)) (i32.const 8))
(assert_return (invoke $m "cast and call" (i32.const 7)) (i32.const -2))
(assert_trap (invoke $m "null") "null function reference")

;; An import must not have a subtype of the function's type, a type of another group, or a final type.
(assert_unlinkable
  (module
    (type $a (sub (struct (field i32))))
    (type $d (sub $a (struct (field i32) (field i32))))
    (type $wide (sub (func (param (ref $d)) (result (ref null $a)))))
    (type $narrow (sub $wide (func (param (ref $a)) (result (ref $d)))))
    (import "lib" "on dog" (func (type $narrow))))
  "incompatible import type")
(assert_unlinkable
  (module
    (rec
      (type $a (sub (struct (field i32))))
      (type $d (sub $a (struct (field i32) (field i32)))))
    (type $wide (sub (func (param (ref $d)) (result (ref null $a)))))
    (import "lib" "on dog" (func (type $wide))))
  "incompatible import type")
(assert_unlinkable
  (module
    (type $a (sub (struct (field i32))))
    (type $d (sub $a (struct (field i32) (field i32))))
    (type $final (func (param (ref $d)) (result (ref null $a))))
    (import "lib" "on dog" (func (type $final))))
  "incompatible import type")
;; Tables are invariant.
(assert_unlinkable
  (module
    (type $a (sub (struct (field i32))))
    (type $d (sub $a (struct (field i32) (field i32))))
    (type $wide (sub (func (param (ref $d)) (result (ref null $a)))))
    (type $narrow (sub $wide (func (param (ref $a)) (result (ref $d)))))
    (import "lib" "typed" (table 4 (ref null $narrow))))
  "incompatible import type")
(assert_unlinkable (module (import "lib" "typed" (table 4 funcref))) "incompatible import type")
