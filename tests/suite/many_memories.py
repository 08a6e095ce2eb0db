#!/usr/bin/env python3
"""Prints a script that makes so many memories that the smallest address space (Sv39) has no room for the guard pages of
all.

The later memories are used without guard pages. All must behave alike, also memories that several instances share, of
which some were compiled for guard pages.
"""

OWNERS = 120

print("""(module definition $owner
  (memory (export "memory") 1)
  (func (export "load") (param i32) (result i32) (i32.load8_u offset=65530 (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
(module definition $user
  (memory (import "owner" "memory") 1)
  (func (export "load") (param i32) (result i32) (i32.load8_u offset=65530 (local.get 0))))""")

for i in range(OWNERS):
    print(f"""
(module instance $o{i} $owner)
(register "owner" $o{i})
(module instance $u{i} $user)
(invoke $o{i} "store" (i32.const 65535) (i32.const {i + 1}))
(assert_return (invoke $u{i} "load" (i32.const 5)) (i32.const {i + 1}))
(assert_trap (invoke $u{i} "load" (i32.const 6)) "out of bounds memory access")
(assert_trap (invoke $o{i} "load" (i32.const -1)) "out of bounds memory access")
(assert_return (invoke $o{i} "grow" (i32.const 1)) (i32.const 1))
(assert_return (invoke $u{i} "load" (i32.const 6)) (i32.const 0))""")

for i in range(OWNERS):
    print(f'(assert_return (invoke $o{i} "load" (i32.const 5)) (i32.const {i + 1}))')
